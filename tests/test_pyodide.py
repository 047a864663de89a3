import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path
from types import SimpleNamespace

import pytest

from porter.backend import PYODIDE
from porter.pyodide import Bytecode, within


@pytest.mark.parametrize(
    ("command", "option"), [("build", "--exports"), ("build-recipes-no-deps", "--skip-rust-setup")]
)
def test_commands_are_those_of_pyodide_build(command: str, option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", PYODIDE, command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert option in done.stdout


def make_environment(folder: Path, answer: int) -> SimpleNamespace:
    """The environment of a build, with one tool in it."""
    site = folder / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    (site / "tool-1.dist-info").mkdir(parents=True)
    (site / "tool-1.dist-info" / "RECORD").write_text("tool/__init__.py,,\n../../../bin/t.py,,\n")
    (site / "tool").mkdir()
    (site / "tool" / "__init__.py").write_text(f"print({answer})\n")
    return SimpleNamespace(path=str(folder), site=site)


def start(env: SimpleNamespace) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "import tool"],
        env={"PYTHONPATH": str(env.site)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_bytecode_of_a_tool_is_lent_to_the_next_build_where_it_is_the_same(tmp_path: Path) -> None:
    first = make_environment(tmp_path / "first", 7)
    tools = Bytecode(str(tmp_path / "bytecode"))
    leave = tools.kept(lambda *_: "left")
    tools.lent(lambda *_: None)({}, first, set())
    module = first.site / cache_from_source("tool/__init__.py")
    assert start(first) == "7"
    assert module.is_file()
    assert leave(first, None, None, None) == "left"
    for folder, answer in (("same", 7), ("changed", 8)):
        env = make_environment(tmp_path / folder, answer)
        Bytecode(str(tmp_path / "bytecode")).lent(lambda *_: None)({}, env, set())
        lent = env.site / cache_from_source("tool/__init__.py")
        before = lent.read_bytes()
        assert start(env) == str(answer)
        assert (lent.read_bytes() == before) == (answer == 7)


def test_what_is_damaged_is_not_lent(tmp_path: Path) -> None:
    (tmp_path / "bytecode").mkdir()
    name = f"tool-1.{sys.implementation.cache_tag}"
    (tmp_path / "bytecode" / name).write_bytes(b"PK\x03\x04 and no more")
    env = make_environment(tmp_path / "env", 7)
    Bytecode(str(tmp_path / "bytecode")).lent(lambda *_: None)({}, env, set())
    assert start(env) == "7"


def test_wheel_runs_in_this_process_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = within(lambda command, **_: f"started {command[-1]}")
    assert run(["make", "all"]) == "started all"
    done = run([sys.executable, "-m", "wheel", "version"])
    assert done.stdout.startswith("wheel ")
    assert capsys.readouterr().out == ""
    run([sys.executable, "-m", "wheel", "version"], capture_output=False)
    assert capsys.readouterr().out.startswith("wheel ")
    with pytest.raises((SystemExit, OSError)):
        run([sys.executable, "-m", "wheel", "unpack", str(tmp_path / "none-1-py3-none-any.whl")])

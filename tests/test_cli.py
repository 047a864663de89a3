"""The command as a whole: what it says of itself, and how it ends."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Ran, porter_command, porter_env

from porter import __version__
from porter.home import Home
from porter.platform import read_platforms
from porter.toolchain.model import Toolchain

Porter = Callable[..., Ran]


def test_version_and_help(porter: Porter) -> None:
    assert porter("--version").out.strip() == f"porter {__version__}"
    assert "toolchain" in porter("--help").out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("no-such-command",),
        ("build",),
        ("build", "x", "--jobs", "0"),
        ("test", "x.whl", "--timeout", "-5"),
        ("test",),
    ],
)
def test_wrong_usage_is_exit_code_2(porter: Porter, arguments: tuple[str, ...]) -> None:
    ran = porter(*arguments)
    assert ran.code == 2
    assert ran.err.startswith("usage: porter")
    assert "Traceback" not in ran.err


def test_platforms_for_people_and_programs(porter: Porter) -> None:
    rows = porter("platforms", "--json").json["platforms"]
    assert [row["pyodide"] for row in rows] == list(read_platforms())
    table = porter("platforms").out
    for row in rows:
        assert row["tag"] in table
        assert row["emscripten"] in table


def test_toolchains_for_people_and_programs(porter: Porter, toolchain: Toolchain) -> None:
    rows = {row["root"]: row for row in porter("toolchain", "list", "--json").json["toolchains"]}
    row = rows[str(toolchain.root)]
    assert (row["provider"], row["identity"]) == (toolchain.provider, toolchain.identity)
    assert row["emscripten"] in porter("toolchain", "list").out


def test_a_reader_that_went_away(build_home: Home, tmp_path: Path) -> None:
    command = " ".join(porter_command("platforms", "--json"))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | true"],
        env=porter_env(build_home.root, {}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistake_of_ours_is_one_line_and_a_log(
    build_home: Home, toolchain: Toolchain, porter: Porter
) -> None:
    shared = build_home.runtimes.resolve()
    build_home.runtimes.unlink()
    for folder in shared.iterdir():
        (build_home.runtimes / folder.name).mkdir(parents=True)
        (build_home.runtimes / folder.name / "python_stdlib.zip").write_text("damaged")
    (build_home.root / "toolchains").unlink()
    ran = porter("toolchain", "install", "--provider", "path", "--emscripten", toolchain.path[0])
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert "a mistake in Porter itself: zipfile.BadZipFile" in ran.err
    log = Path(ran.err.rsplit("full log: ", 1)[1].strip())
    assert "Traceback" in log.read_text()


def test_an_index_without_its_extra_says_what_brings_it(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        f"from porter.cli import main; sys.exit(main(['index', 'verify', '--data', {str(tmp_path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "sqlalchemy" in done.stderr
    assert "porter-wasm[index]" in done.stderr
    assert "Traceback" not in done.stderr

import os
import subprocess
import sys
from pathlib import Path

import pytest

from porter.errors import ConfigurationError
from porter.home import LOGS_KEPT, Home, hash_file, new_file, new_folder


def test_where_the_cache_is(tmp_path: Path) -> None:
    assert Home.parse({"PORTER_HOME": "/x/y"}).root == Path("/x/y")
    assert Home.parse({"PORTER_HOME": "here"}).root == Path.cwd() / "here"
    assert Home.parse({"PORTER_HOME": ""}).root.name == "porter"
    with pytest.raises(ConfigurationError, match="white space"):
        Home.parse({"PORTER_HOME": "/a b"})


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    with new_file(target) as beside:
        beside.write_text("one")
        assert not target.exists()
    assert target.read_text() == "one"
    assert target.stat().st_mode & 0o777 == 0o644

    def fail() -> None:
        with new_file(target) as beside:
            beside.write_text("two")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "one"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    (tmp_path / ".folder.partial").mkdir()
    (tmp_path / ".folder.partial" / "left-by-a-killed-run").touch()
    with new_folder(target) as beside:
        (beside / "a").touch()
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["a"]

    def fail() -> None:
        with new_folder(target) as beside:
            (beside / "b").touch()
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        fail()
    assert [path.name for path in target.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [target]


def test_two_processes_take_turns(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from porter.home import Home\n"
        "home = Home(root=Path(sys.argv[1])); path = home.root / 'counter'\n"
        "for _ in range(20):\n"
        "    with home.lock('turns'):\n"
        "        n = int(path.read_text()); time.sleep(0.002); path.write_text(str(n + 1))\n"
    )
    (tmp_path / "counter").write_text("0")
    pair = [subprocess.Popen([sys.executable, "-c", script, tmp_path]) for _ in range(2)]
    assert [process.wait(60) for process in pair] == [0, 0]
    assert (tmp_path / "counter").read_text() == "40"


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    for number in range(LOGS_KEPT + 5):
        (home.root / "logs").mkdir(exist_ok=True)
        (home.logs / f"build-x-20200101-0000{number:02}-1.log").touch()
    (home.logs / "build-x-extra-20200101-000000-1.log").touch()
    log = home.new_log("build-x")
    log.touch()
    mine = sorted(home.logs.glob("build-x-2*.log"))
    assert len(mine) == LOGS_KEPT
    assert mine[-1] == log
    assert str(os.getpid()) in log.name
    assert (home.logs / "build-x-extra-20200101-000000-1.log").exists()


def test_hash_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert hash_file(tmp_path / "x").startswith("ba7816bf8f01cfea")

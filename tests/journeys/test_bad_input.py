"""Bad input gets a clear error and its exit code; nothing is lost, nothing is half-written."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projects import make_in_tree, make_sdist, make_tiny
from running import Ran, interrupt, run_porter, start_porter

from porter.home import Home

Porter = Callable[..., Ran]
CLOSED = "http://127.0.0.1:9"


def refused(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, (ran.code, ran.err)
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def logged(ran: Ran) -> str:
    path = ran.err.rsplit("full log: ", 1)[1].splitlines()[0]
    return Path(path).read_text(errors="replace")


def nothing_left(folder: Path, home: Home) -> None:
    assert not list(folder.rglob("*.whl"))
    assert not home.work.is_dir() or list(home.work.iterdir()) == []
    assert not home.artefacts.is_dir() or not list(home.artefacts.rglob("*.whl"))


def test_a_source_that_is_not_there(porter: Porter) -> None:
    refused(porter("build", "nowhere"), 4, "nowhere: no such folder or file", "pkg:pypi/")


def test_an_sdist_of_another_hash(porter: Porter, tmp_path: Path) -> None:
    sdist = make_sdist(make_tiny(tmp_path / "tiny"), tmp_path / "tiny-1.0.tar.gz")
    refused(porter("build", f"{sdist}#sha256={'0' * 64}"), 4, "its sha256 is", "0" * 64)


@pytest.mark.parametrize("member", ["../escaped", "/tmp/escaped-from-porter", "tiny-1.0/../../x"])
def test_an_archive_that_leaves_its_folder(
    porter: Porter, build_home: Home, tmp_path: Path, member: str
) -> None:
    sdist = make_sdist(make_tiny(tmp_path / "tiny"), tmp_path / "tiny-1.0.tar.gz", {member: b"out"})
    before = {path for path in tmp_path.rglob("*") if build_home.root not in path.parents}
    refused(porter("build", sdist), 4, "tiny-1.0.tar.gz", "not safe")
    after = {path for path in tmp_path.rglob("*") if build_home.root not in path.parents}
    assert {path.name for path in after - before} <= {"cwd", "dist"}
    assert not Path("/tmp/escaped-from-porter").exists()
    nothing_left(tmp_path / "cwd", build_home)


def test_a_backend_that_fails(porter: Porter, build_home: Home, tmp_path: Path) -> None:
    body = 'import sys\nprint("noise " * 9)\nraise RuntimeError("the model is missing")'
    ran = porter("build", make_in_tree(tmp_path / "odd", body))
    refused(ran, 3, "odd does not build", "RuntimeError: the model is missing", "full log: ")
    assert "noise noise" in logged(ran)
    assert len(ran.err) < 2000
    nothing_left(tmp_path / "cwd", build_home)


def test_a_header_that_is_not_there(porter: Porter, build_home: Home, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny", source="#include <libpq-fe.h>\n")
    refused(porter("build", project), 3, "'libpq-fe.h' file not found", "full log: ")
    nothing_left(tmp_path / "cwd", build_home)


def test_no_compiler(scratch_home: Home, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("node", "npm", "env", "sh", "bash", "make"):
        found = shutil.which(name)
        if found:
            (tools / name).symlink_to(found)
    project = make_tiny(tmp_path / "tiny")
    ran = run_porter(
        "build", project, home=scratch_home.root, cwd=tmp_path, env={"PATH": str(tools)}
    )
    refused(ran, 2, "no provider has a toolchain", "official:", "debian:", "--provider path")


@pytest.mark.journey
def test_no_network_names_the_registry_by_its_role(
    scratch_home: Home, build_home: Home, porter: Porter, tmp_path: Path
) -> None:
    project = make_tiny(tmp_path / "tiny")
    offline = {"PIP_INDEX_URL": f"{CLOSED}/simple", "UV_DEFAULT_INDEX": f"{CLOSED}/simple"}
    (build_home.root / "uv").unlink()
    refused(porter("build", project, env=offline), 4, "Python package index", "full log: ")
    nothing_left(tmp_path / "cwd", build_home)
    refused(
        porter("build", "pkg:pypi/no-such-project-here@1", env=offline), 4, "Python package index"
    )
    empty = tmp_path / "empty"
    proxies = dict.fromkeys(("http_proxy", "https_proxy"), CLOSED)
    ran = run_porter(
        "toolchain", "install", "--provider", "debian", home=empty, cwd=tmp_path, env=proxies
    )
    refused(ran, 4, "npm registry")
    (empty / "runtimes").symlink_to(build_home.root / "runtimes")
    ran = run_porter(
        "toolchain", "install", "--provider", "debian", home=empty, cwd=tmp_path, env=proxies
    )
    refused(ran, 4, "Debian's archive")


def test_an_output_folder_that_is_read_only(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    # Permissions do not bind root; a kernel's file system does.
    refused(porter("build", project, "--out", "/proc/wheels"), 2, "/proc/wheels", "--out")
    occupied = tmp_path / "file"
    occupied.write_text("mine")
    refused(porter("build", project, "--out", occupied), 2, str(occupied))
    assert occupied.read_text() == "mine"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


@pytest.mark.journey
def test_a_full_disk(porter: Porter, build_home: Home, small_disk: Path, tmp_path: Path) -> None:
    body = "open('big', 'wb').write(bytes(4_000_000))"
    build_home.work.symlink_to(small_disk)
    refused(porter("build", make_in_tree(tmp_path / "odd", body)), 3, "the disk is full")
    assert list(small_disk.iterdir()) == []
    build_home.work.unlink()
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    project = make_tiny(tmp_path / "tiny")
    refused(porter("build", project, "--out", small_disk), 3, "the disk is full")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_ctrl_c_in_the_middle_of_a_build(porter: Porter, build_home: Home, tmp_path: Path) -> None:
    mark = f"porter-test-{os.getpid()}"
    body = f"import subprocess\nsubprocess.run(['sh', '-c', 'sleep 300; : {mark}'])"
    project = make_in_tree(tmp_path / "odd", body)
    folder = tmp_path / "cwd"
    folder.mkdir()
    process = start_porter("build", project, home=build_home.root, cwd=folder)
    for _ in range(600):
        if running(mark):
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    _, err = interrupt(process)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not running(mark), "no process is left behind"
    nothing_left(folder, build_home)


def test_ctrl_c_while_another_builds_the_same_project(build_home: Home, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    with build_home.lock("build-tiny"):
        process = start_porter("build", project, home=build_home.root, cwd=tmp_path)
        time.sleep(1.5)
        _, err = interrupt(process)
    assert process.returncode == 130
    assert "interrupted" in err


def test_a_project_that_has_no_network_of_its_own(porter: Porter, tmp_path: Path) -> None:
    body = "raise OSError('Connection refused')"
    refused(porter("build", make_in_tree(tmp_path / "odd", body)), 3, "odd does not build")


def running(mark: str) -> bool:
    """Whether a process has the mark at the end of its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().rstrip(b"\0").endswith(f": {mark}".encode()):
                return True
    return False


def test_two_builds_of_one_project_at_once(build_home: Home, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    pair = [
        start_porter("build", project, "--json", home=build_home.root, cwd=tmp_path)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], said
    assert sum('"reused": false' in out for out, _ in said) == 1, "one waited for the other"
    assert len(list((tmp_path / "dist").glob("*.whl"))) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "pkg:npm/left-pad@1.0"), ("pkg:pypi/NAME@VERSION",)),
        (("build", "pkg:pypi/regex"), ("pkg:pypi/NAME@VERSION",)),
        (("build", "."), ("neither pyproject.toml nor setup.py",)),
        (("build", ".", "--platform", "0.1"), ("no platform '0.1'", "0.29.5")),
        (("test", "no.whl"), ("no.whl: no such wheel",)),
        (("toolchain", "install", "--provider", "path"), ("--emscripten DIR",)),
        (("toolchain", "remove", "--provider", "path"), ("toolchain list",)),
    ],
)
def test_what_cannot_be_meant(
    porter: Porter, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ran = porter(*arguments)
    assert ran.code in (2, 4)
    refused(ran, ran.code, *words)

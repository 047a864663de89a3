"""The toolchain of Debian's archive: installed once, by whoever comes first, however they end."""

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from running import porter_command, porter_env, run_porter

from porter.home import Home
from porter.platform import Platform
from porter.toolchain.debian import debian_folder
from porter.toolchain.model import Toolchain, installed_toolchains


@pytest.fixture(scope="module")
def debian(toolchain: Toolchain) -> Toolchain:
    if toolchain.provider != "debian":
        pytest.skip(f"this machine's toolchain is {toolchain.provider}'s")
    return toolchain


def system_packages() -> str:
    return subprocess.run(["dpkg-query", "-W"], capture_output=True, text=True, check=True).stdout


def npm_host() -> str:
    """The npm registry's host, which stays reachable."""
    url = subprocess.run(
        ["npm", "config", "get", "registry"], capture_output=True, text=True, check=True
    ).stdout
    return urlsplit(url.strip()).hostname or ""


def start_install(home: Path, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        porter_command("toolchain", "install"),
        cwd=folder,
        # Where Pyodide's release hosts are reachable too, this is still about Debian's archive.
        env=porter_env(home, {"https_proxy": "http://127.0.0.1:9", "no_proxy": npm_host()}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[str]) -> None:
    for _ in range(1200):
        if any(folder.glob(pattern)):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    pytest.fail(f"{pattern} did not appear")


@pytest.mark.journey
def test_killed_then_two_at_once_then_nothing_to_do(
    debian: Toolchain, platform: Platform, scratch_home: Home, tmp_path: Path
) -> None:
    before = system_packages()
    home = scratch_home.root
    first = start_install(home, tmp_path)
    wait_for(home, "toolchains/.*.partial/debian/usr/share/emscripten/emcc.py", first)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert installed_toolchains(scratch_home) == []
    assert list(home.glob("downloads/apt-*/debs/*.deb")), "what was downloaded stays"

    pair = [start_install(home, tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=300) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], said
    # One did the work, from what the killed one had downloaded; the other waited for it.
    assert sum("unpacking" in err for _, err in said) == 1
    assert all("not official: Pyodide's release hosts" in err for _, err in said)
    assert all("debian chosen" in err for _, err in said)
    assert sum("downloading 0 Debian packages" in err for _, err in said) == 1
    (installed,) = installed_toolchains(scratch_home)
    assert installed.root == debian_folder(platform, scratch_home)
    assert installed.components == debian.components
    assert not list(home.glob("downloads/apt-*")), "downloads that nothing needs any more"
    assert not list(home.glob("toolchains/.*"))
    assert system_packages() == before

    again = run_porter("toolchain", "install", home=home, cwd=tmp_path, env={"http_proxy": "x"})
    assert again.code == 0
    assert "unpacking" not in again.err
    removed = run_porter("toolchain", "remove", home=home, cwd=tmp_path)
    assert removed.code == 0
    assert installed_toolchains(scratch_home) == []


def test_only_what_is_needed_is_unpacked(debian: Toolchain) -> None:
    files = [path for path in debian.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 500_000_000
    libraries = [path for path in files if path.suffix == ".a"]
    assert libraries
    assert not [path for path in libraries if "lto" in path.parts or "-mt" in path.name]


def test_programs_run_on_their_own_libraries(debian: Toolchain, env: dict[str, str]) -> None:
    clang = debian.path[1] / "clang"
    loaded = subprocess.run(
        # What ldd does, with the program's own loader instead of the system's.
        [clang],
        env={**env, "LD_TRACE_LOADED_OBJECTS": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    libraries = [line.split("=>")[1].split()[0] for line in loaded.splitlines() if "=>" in line]
    assert len(libraries) > 10
    assert [path for path in libraries if not path.startswith(str(debian.root))] == []


@pytest.mark.parametrize(
    "flags",
    [
        ["-fexceptions"],
        ["-O2", "-fexceptions"],
        ["-O2", "-fwasm-exceptions", "-sSUPPORT_LONGJMP=wasm"],
    ],
)
def test_configure_checks_can_link_and_run(
    debian: Toolchain, env: dict[str, str], tmp_path: Path, flags: list[str]
) -> None:
    source = tmp_path / "check.cpp"
    source.write_text(
        "#include <cmath>\n#include <map>\n#include <string>\n#include <cstdio>\n"
        "int main(int n, char **v) { std::map<std::string, double> m; m[v[0]] = std::sin(n);\n"
        'try { throw n; } catch (int i) { std::printf("%d\\n", i); } return m.size() - 1; }\n'
    )
    path = os.pathsep.join([*map(str, debian.path), env["PATH"]])
    subprocess.run(
        ["em++", *flags, source, "-o", tmp_path / "check.js"],
        env={**env, "PATH": path},
        check=True,
        cwd=tmp_path,
    )
    ran = subprocess.run(
        ["node", tmp_path / "check.js"], env=env, check=True, capture_output=True, text=True
    )
    assert ran.stdout == "1\n"

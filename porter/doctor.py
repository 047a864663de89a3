"""Everything a build needs of this machine: wanted, found, and the command that mends it."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from porter.errors import PorterError
from porter.home import Home
from porter.platform import Platform
from porter.toolchain.apt import KEYRING
from porter.toolchain.builder import Interpreter, find_interpreter, is_own, own_interpreter
from porter.toolchain.probe import probe_compiler
from porter.toolchain.profile import read_python
from porter.toolchain.rust import find_rust
from porter.toolchain.select import find_toolchain

GIGABYTE = 10**9
DISK_WANTED = 1.0
NODE_WANTED = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing a build needs. `mend` is the command that brings it."""

    name: str
    wanted: str
    found: str
    ok: bool
    mend: str = ""


def examine(platform: Platform, *, home: Home, env: Mapping[str, str]) -> list[Requirement]:
    """Look at everything; nothing is changed and no network is used."""
    interpreter = _interpreter(platform, home, env)
    return [
        _python(platform, interpreter),
        _headers(platform, interpreter),
        _node(env),
        *(_program(name, package, env) for name, package in PROGRAMS.items()),
        _keyring(),
        _disk(home),
        _toolchain(platform, home, env),
        _rust(home),
    ]


PROGRAMS = {
    "npm": "npm",
    "make": "make",
    "patch": "patch",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
}


def _interpreter(platform: Platform, home: Home, env: Mapping[str, str]) -> Interpreter | None:
    """What pyodide-build runs on: Porter's own Python, or another that is at hand."""
    return own_interpreter() if is_own(platform) else find_interpreter(platform, home=home, env=env)


def _python(platform: Platform, interpreter: Interpreter | None) -> Requirement:
    found = own_interpreter().version
    if interpreter is not None and not is_own(platform):
        found = f"{interpreter.version}, beside Porter's {found}"
    return Requirement(
        name="Python",
        wanted=platform.python_short,
        found=found,
        ok=interpreter is not None,
        mend=_bring_python(platform),
    )


def _headers(platform: Platform, interpreter: Interpreter | None) -> Requirement:
    there = interpreter is not None and (interpreter.include / "Python.h").is_file()
    return Requirement(
        name="Python headers",
        wanted="Python.h",
        found=str(interpreter.include) if interpreter is not None and there else "missing",
        ok=there,
        mend=f"apt-get install python{platform.python_short}-dev"
        if is_own(platform)
        else _bring_python(platform),
    )


def _bring_python(platform: Platform) -> str:
    short = platform.python_short
    if read_python(short) is not None:
        return f"porter toolchain install --platform {platform.pyodide}"
    return f"install Porter with python{short}"


def _node(env: Mapping[str, str]) -> Requirement:
    found = _version(["node", "--version"], env)
    match = re.match(r"v(\d+)", found)
    return Requirement(
        name="node",
        wanted=f"{NODE_WANTED} or newer",
        found=found or "missing",
        ok=match is not None and int(match.group(1)) >= NODE_WANTED,
        mend="apt-get install nodejs npm",
    )


def _program(name: str, package: str, env: Mapping[str, str]) -> Requirement:
    found = shutil.which(name, path=env["PATH"])
    return Requirement(
        name=name,
        wanted="on PATH",
        found=found or "missing",
        ok=found is not None,
        mend=f"apt-get install {package}",
    )


def _keyring() -> Requirement:
    there = KEYRING.is_file()
    return Requirement(
        name="archive keyring",
        wanted=str(KEYRING),
        found="there" if there else "missing",
        ok=there,
        mend="apt-get install debian-archive-keyring",
    )


def _disk(home: Home) -> Requirement:
    folder = home.root
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / GIGABYTE
    writable = os.access(folder, os.W_OK)
    return Requirement(
        name="cache folder",
        wanted=f"writable, {DISK_WANTED:g} GB free",
        found=f"{home.root}, {free:.1f} GB free" + ("" if writable else ", not writable"),
        ok=writable and free >= DISK_WANTED,
        mend="PORTER_HOME=/another/folder",
    )


def _toolchain(platform: Platform, home: Home, env: Mapping[str, str]) -> Requirement:
    toolchain = find_toolchain(platform, home)
    mend = f"porter toolchain install --platform {platform.pyodide}"
    wanted = f"Emscripten for Pyodide {platform.pyodide}"
    if toolchain is None:
        return Requirement(
            name="toolchain", wanted=wanted, found="not installed", ok=False, mend=mend
        )
    try:
        compiler = probe_compiler(toolchain.path[0], env)
    except PorterError as error:
        mend = f"porter toolchain remove --platform {platform.pyodide} && {mend}"
        return Requirement(
            name="toolchain", wanted=wanted, found=error.message, ok=False, mend=mend
        )
    return Requirement(
        name="toolchain",
        wanted=wanted,
        found=f"{compiler.emscripten}, clang {compiler.clang} ({toolchain.provider})",
        ok=True,
    )


def _rust(home: Home) -> Requirement:
    """Never a fault: only projects in Rust need it, and the first of them brings it."""
    rust = find_rust(home)
    return Requirement(
        name="Rust",
        wanted="for projects in Rust only, which bring it",
        found=f"{rust.version} (debian)" if rust else "not installed",
        ok=True,
    )


def _version(command: list[str], env: Mapping[str, str]) -> str:
    found = shutil.which(command[0], path=env["PATH"])
    if found is None:
        return ""
    done = subprocess.run(
        [found, *command[1:]], env=dict(env), capture_output=True, text=True, check=False
    )
    return done.stdout.strip()

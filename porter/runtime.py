"""The Pyodide runtime: its files, its lock file, its build-time facts, its link surface."""

import ast
import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

from porter.audit.surface import LinkSurface, dump_surface, load_surface, parse_surface
from porter.audit.wasm import parse_module
from porter.bytecode import NAMES, compile_zip
from porter.errors import CommandFailed
from porter.home import Home, hash_file, new_file
from porter.npm import fetch_npm_package
from porter.platform import Platform
from porter.process import find_program, read_tail, run

# Raised when what is kept of a link surface changes.
SURFACE_SCHEME = "2"
SYSCONFIG = "_sysconfigdata__emscripten_wasm32-emscripten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The runtime of one platform, in `folder`: npm's package `pyodide` as it was published."""

    platform: Platform
    folder: Path

    @property
    def stdlib(self) -> Path:
        """The standard library, as sources."""
        return self.folder / "python_stdlib.zip"

    def sysconfig_source(self) -> str:
        """The source of the runtime's sysconfigdata module (it lies in python_stdlib.zip)."""
        with zipfile.ZipFile(self.stdlib) as stdlib:
            return stdlib.read(f"{SYSCONFIG}.py").decode()

    def sysconfig(self) -> dict[str, str | int]:
        """`sysconfig.get_config_vars()` as the runtime was built: names of pyconfig.h and Makefile."""
        return parse_sysconfig(self.sysconfig_source())

    def lock(self) -> dict[str, Any]:
        """The parsed pyodide-lock.json: `info`, and `packages` by normalised name."""
        data: dict[str, Any] = json.loads((self.folder / "pyodide-lock.json").read_bytes())
        return data


def fetch_runtime(platform: Platform, *, home: Home, env: Mapping[str, str]) -> Runtime:
    """The runtime of a platform, fetched from npm the first time."""
    folder = fetch_npm_package(
        platform.runtime, integrity=platform.integrity, home=home, into=home.runtimes, env=env
    )
    return Runtime(platform=platform, folder=folder)


def compile_stdlib(runtime: Runtime, *, home: Home, archive: Path | None = None) -> Path:
    """The runtime's standard library with its bytecode, compiled once; or an archive in place of it.

    The runtime compiles the sources anew at each start, which is most of what a start costs.
    """
    place = "/lib/python{}{}.zip".format(*runtime.platform.python_minor)
    return _compile_ahead(archive or runtime.stdlib, place, "zipped", runtime, home)


def compile_wheel(wheel: Path, runtime: Runtime, *, home: Home) -> Path:
    """A pure wheel with its bytecode, to be unpacked in the runtime."""
    place = "/lib/python{}.{}/site-packages".format(*runtime.platform.python_minor)
    return _compile_ahead(wheel, place, "cached", runtime, home)


def _compile_ahead(archive: Path, place: str, names: str, runtime: Runtime, home: Home) -> Path:
    """The archive as it is where no Python at hand has the runtime's bytecode."""
    own = sys.version_info[:2] == runtime.platform.python_minor
    python = home.interpreter(runtime.platform.python_short)
    if not own and not python.exists():
        return archive
    # Within a minor version the bytecode is the same.
    kind = MAGIC_NUMBER.hex() if own else runtime.platform.python_short
    asked = f"{hash_file(archive)} {place} {kind}"
    digest = hashlib.sha256(asked.encode()).hexdigest()[:32]
    kept = home.bytecode / digest / archive.name
    with home.lock(f"bytecode-{digest}"):
        if kept.is_file():
            return kept
        try:
            with new_file(kept) as file:
                if own:
                    file.write_bytes(compile_zip(archive.read_bytes(), place, NAMES[names]))
                else:
                    _compile_with(python.resolve(), archive, file, place, names)
        except (OSError, subprocess.CalledProcessError):
            # Without it all runs as well, only later.
            if own:
                raise
            return archive
    return kept


def _compile_with(python: Path, archive: Path, target: Path, place: str, names: str) -> None:
    """Compile with another Python; raises OSError or CalledProcessError where it does not run."""
    with as_file(files("porter").joinpath("bytecode.py")) as program:
        command: list[str | Path] = [python, "-I", program, archive, target, place, names]
        subprocess.run(command, env={}, capture_output=True, check=True)


def read_surface(runtime: Runtime, *, home: Home, env: Mapping[str, str]) -> LinkSurface:
    """Every name the runtime supplies to side modules, with its type.

    The runtime is started once under Node and asked; the answer is kept by the runtime's hash.
    Raises MissingRequirement without Node, CommandFailed where the runtime does not start.
    """
    probe = files("porter").joinpath("surface.mjs")
    asked = f"{SURFACE_SCHEME} {runtime.platform.integrity} {probe.read_text('utf-8')}"
    digest = hashlib.sha256(asked.encode()).hexdigest()[:32]
    kept = home.surfaces / f"{runtime.platform.pyodide}-{digest}.json"
    if kept.is_file():
        return load_surface(kept.read_bytes())
    log = home.new_log(f"surface-{runtime.platform.pyodide}")
    with as_file(probe) as script:
        run([find_program("node", env), script, runtime.folder], log=log, env=env, timeout=120)
    told = next((line for line in reversed(read_tail(log, 1 << 24)) if line.startswith("[")), "")
    if not told:
        raise CommandFailed("the runtime did not tell its link surface", log=log)
    main = parse_module((runtime.folder / "pyodide.asm.wasm").read_bytes())
    surface = parse_surface(json.loads(told), main)
    with new_file(kept) as file:
        file.write_bytes(dump_surface(surface))
    log.unlink()
    return surface


def parse_sysconfig(source: str) -> dict[str, str | int]:
    """`build_time_vars` of a sysconfigdata module, read without running it.

    Values that the module computes from where it lies (folders) are left out.
    """
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="build_time_vars")], value=ast.Dict() as table):
                return {
                    key.value: value.value
                    for key, value in zip(table.keys, table.values, strict=True)
                    if isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and isinstance(value, ast.Constant)
                    and isinstance(value.value, str | int)
                }
    raise ValueError("no build_time_vars in this sysconfigdata")

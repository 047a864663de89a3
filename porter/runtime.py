"""The Pyodide runtime: its files, its lock file, its build-time facts."""

import ast
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.home import Home
from porter.npm import fetch_npm_package
from porter.platform import Platform

SYSCONFIG = "_sysconfigdata__emscripten_wasm32-emscripten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The runtime of one platform, in `folder`: npm's package `pyodide` as it was published."""

    platform: Platform
    folder: Path

    def sysconfig_source(self) -> str:
        """The source of the runtime's sysconfigdata module (it lies in python_stdlib.zip)."""
        with zipfile.ZipFile(self.folder / "python_stdlib.zip") as stdlib:
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

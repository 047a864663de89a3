"""The browser kernel's own wheels: fetched, compiled ahead, and put into a lock file."""

import json
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from kernel_bridge.joined import join_archives
from kernel_bridge.trimmed import trim_wheel
from porter.commands.options import Machine
from porter.home import hash_file
from porter.npm import fetch_npm_package
from porter.pinned import fetch_pinned, read_pinned
from porter.platform import Platform
from porter.runtime import Runtime, compile_stdlib, compile_wheel, fetch_runtime

# Below `porter/`: the address of a file by its hash, as the lock file has it.
FILES = "files"
# Wheels that are fetched at once.
AT_ONCE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What kernel.toml says: package URLs, npm's integrity, names of wheels and of projects.

    `zipped` are projects that lie in the standard library's archive. `trimmed` has, by project, the
    beginnings of members' names that are left out of its wheel.
    """

    package: str
    integrity: str
    wheels: tuple[str, ...]
    pinned: tuple[str, ...]
    start: tuple[str, ...]
    zipped: frozenset[str]
    trimmed: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelWheel:
    """One wheel as it is served, with what a lock file says of it."""

    name: str
    version: str
    path: Path
    sha256: str
    imports: tuple[str, ...]
    depends: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelFiles:
    """All files of the browser kernel: its wheels, and the standard library."""

    wheels: tuple[KernelWheel, ...]
    stdlib: Path

    def find(self, sha256: str, name: str) -> Path | None:
        """The file that is served under this hash and name."""
        for wheel in self.wheels:
            if wheel.sha256 == sha256 and wheel.path.name == name:
                return wheel.path
        return None


def read_parts() -> Parts:
    """What a browser kernel is made of."""
    data = tomllib.loads(files("kernel_bridge").joinpath("kernel.toml").read_text("utf-8"))
    return Parts(
        package=data["package"],
        integrity=data["integrity"],
        wheels=tuple(data["wheels"]),
        pinned=tuple(data["pinned"].values()),
        start=tuple(data["start"]),
        zipped=frozenset(data["zipped"]),
        trimmed={name: tuple(prefixes) for name, prefixes in data["trimmed"].items()},
    )


def fetch_kernel_files(platform: Platform, machine: Machine) -> KernelFiles:
    """The browser kernel of a platform; from the registries the first time, then from the cache.

    Raises Unreachable, or HashMismatch where a registry sends other bytes than are pinned.
    """
    parts = read_parts()
    home, env = machine.home, machine.env
    package = fetch_npm_package(
        parts.package, integrity=parts.integrity, home=home, into=home.runtimes, env=env
    )
    pinned = [read_pinned("micropip"), *parts.pinned]
    wheels = [package / "pypi" / name for name in parts.wheels]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wheels += pool.map(partial(fetch_pinned, home=home, env=env), pinned)
    wheels = [_trimmed(wheel, parts, machine) for wheel in wheels]
    runtime = fetch_runtime(platform, home=home, env=env)
    zipped = [wheel for wheel in wheels if _project(wheel) in parts.zipped]
    archive = join_archives(runtime.stdlib, zipped, home)
    return KernelFiles(
        wheels=read_wheels(wheels, runtime, machine, zipped=parts.zipped),
        stdlib=compile_stdlib(runtime, home=home, archive=archive),
    )


def read_wheels(
    wheels: Iterable[Path],
    runtime: Runtime,
    machine: Machine,
    *,
    zipped: frozenset[str] = frozenset(),
) -> tuple[KernelWheel, ...]:
    """Wheels with their bytecode beside the sources; of their requirements those among them.

    Of those that are `zipped` the metadata alone are left, and no other requires them: they are there.
    """
    found = list(wheels)
    names = {_project(wheel) for wheel in found} - zipped
    markers = runtime.platform.markers()
    told = []
    for wheel in found:
        name = _project(wheel)
        with zipfile.ZipFile(wheel) as archive:
            imports = import_names(archive.namelist())
            if name in zipped:
                modules = [f"{one}{end}" for one in imports for end in ("/", ".py")]
                served = trim_wheel(wheel, modules, machine.home)
            else:
                served = compile_wheel(wheel, runtime, home=machine.home)
            told.append(
                KernelWheel(
                    name=name,
                    version=str(parse_wheel_filename(wheel.name)[1]),
                    path=served,
                    sha256=hash_file(served),
                    imports=imports,
                    depends=tuple(
                        one for one in _required(_metadata(archive), markers) if one in names
                    ),
                )
            )
    return tuple(told)


def import_names(members: Iterable[str]) -> tuple[str, ...]:
    """What can be imported of a pure wheel with these members: packages and modules at its top."""
    found = set()
    for member in members:
        top, _, rest = member.partition("/")
        if rest and member.endswith(".py") and top.isidentifier():
            found.add(top)
        if not rest and top.endswith(".py"):
            found.add(top.removesuffix(".py"))
    return tuple(sorted(found))


def merge_lock(lock: Mapping[str, Any], kernel: KernelFiles) -> bytes:
    """An index's lock file with the kernel's wheels in it; their addresses are relative to its own.

    Of a project that both have, the kernel's wheel is taken: it is loaded before any other.
    """
    packages = dict(lock["packages"])
    for wheel in kernel.wheels:
        packages[wheel.name] = {
            "name": wheel.name,
            "version": wheel.version,
            "file_name": f"{FILES}/{wheel.sha256}/{wheel.path.name}",
            "install_dir": "site",
            "sha256": wheel.sha256,
            "package_type": "package",
            "imports": list(wheel.imports),
            "depends": list(wheel.depends),
            "unvendored_tests": False,
        }
    return json.dumps({**lock, "packages": packages}, separators=(",", ":")).encode()


def _project(wheel: Path) -> str:
    return canonicalize_name(parse_wheel_filename(wheel.name)[0])


def _trimmed(wheel: Path, parts: Parts, machine: Machine) -> Path:
    prefixes = parts.trimmed.get(_project(wheel))
    return wheel if prefixes is None else trim_wheel(wheel, prefixes, machine.home)


def _metadata(archive: zipfile.ZipFile) -> Message:
    name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return BytesParser().parsebytes(archive.read(name), headersonly=True)


def _required(metadata: Message, markers: Mapping[str, str]) -> list[str]:
    environment = {**markers, "extra": ""}
    found = (Requirement(str(text)) for text in metadata.get_all("Requires-Dist", []))
    return [
        canonicalize_name(one.name)
        for one in found
        if one.marker is None or one.marker.evaluate(environment)
    ]

"""Wheels of the index as a browser's kernel loads them soonest: with bytecode, and nothing to inflate.

Compiling modules is most of what a first import takes in the browser, and inflating files most of what
loading a wheel takes. So a wheel is compiled once, by a Python of the runtime's own version, its members are
stored as they are, and the whole is compressed for its way.
"""

import asyncio
import gzip
import hashlib
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from kernel_bridge.trimmed import DATE
from porter.home import Home, hash_file, new_file
from porter.platform import Platform

# Raised when what is made of a wheel changes.
SCHEME = "1"
# Seconds, and bytes of a wheel's members: what takes more is served as it is.
PATIENCE = 300.0
LARGEST = 1 << 30
# The mark of a wheel of which nothing can be made.
NOTHING = "nothing"
# Of tests nothing is imported.
TESTS = "/tests/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A compiled wheel: its sha256, and the file that has it compressed by gzip."""

    sha256: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The compiled wheels of a platform that are kept, by the sha256 of what they were made of."""

    home: Home
    platform: Platform

    @property
    def python(self) -> Path | None:
        """A Python that makes the platform's bytecode; None where there is none."""
        if sys.version_info[:2] == self.platform.python_minor:
            return Path(sys.executable)
        found = self.home.interpreter(self.platform.python_short)
        return found.resolve() if found.exists() else None

    def find(self, source: str) -> Compiled | None:
        """What was made of a wheel, if anything was."""
        kept = next(self._folder(source).glob("*.gz"), None)
        return None if kept is None else Compiled(sha256=kept.stem, path=kept)

    def is_settled(self, source: str) -> bool:
        """Whether there is nothing to do about a wheel: it was compiled, or cannot be."""
        return self.find(source) is not None or (self._folder(source) / NOTHING).exists()

    async def add(self, wheel: Path) -> None:
        """Compile a wheel, or keep that it cannot be; raises OSError where nothing can be kept."""
        source = await asyncio.to_thread(hash_file, wheel)
        if self.python is None or self.is_settled(source):
            return
        folder = self._folder(source)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.home.bytecode, prefix=".wheel-") as scratch:
            compiled = Path(scratch) / wheel.name
            try:
                _check(wheel)
                await _compile(self.python, self.platform, wheel, compiled)
                stored = Path(scratch) / "stored"
                await asyncio.to_thread(store, compiled, stored)
            except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
                # Of what no zip reader takes, or Python cannot compile in time.
                (folder / NOTHING).touch()
                return
            digest = await asyncio.to_thread(hash_file, stored)
            await asyncio.to_thread(_compress, stored, folder / f"{digest}.gz")

    def _folder(self, source: str) -> Path:
        asked = f"{SCHEME} {source} {self.platform.python_short}"
        return self.home.bytecode / f"wheel-{hashlib.sha256(asked.encode()).hexdigest()[:32]}"


def store(wheel: Path, target: Path) -> None:
    """The wheel with its members as they are, without the bytecode of tests."""
    with (
        zipfile.ZipFile(wheel) as deflated,
        zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as stored,
    ):
        for member in deflated.infolist():
            if not (member.filename.endswith(".pyc") and TESTS in member.filename):
                stored.writestr(zipfile.ZipInfo(member.filename, DATE), deflated.read(member))


def place_wheels(
    lock: Mapping[str, Any], find: Callable[[str], Compiled | None], coming: Callable[[str], bool]
) -> dict[str, Any]:
    """A lock file with compiled wheels in place of those that they were made of.

    `find` has them by the sha256 of those. A wheel that is to be compiled once a kernel asks for it, as
    `coming` says, is asked of this server too. Addresses are relative to the lock file's own.
    """
    packages = {}
    for name, package in lock["packages"].items():
        source, wheel = str(package.get("sha256", "")), str(package.get("file_name", ""))
        wheel = wheel.rpartition("/")[2]
        if not wheel.endswith(".whl") or not source:
            packages[name] = package
        elif compiled := find(source):
            placed = {"file_name": f"files/{compiled.sha256}/{wheel}", "sha256": compiled.sha256}
            packages[name] = {**package, **placed}
        elif coming(source):
            packages[name] = {**package, "file_name": f"wheels/{source}/{wheel}"}
        else:
            packages[name] = package
    return {**lock, "packages": packages}


def _check(wheel: Path) -> None:
    """Raises ValueError where the members are too large together."""
    with zipfile.ZipFile(wheel) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST:
            raise ValueError(f"{wheel.name} is larger than {LARGEST} bytes")


async def _compile(python: Path, platform: Platform, wheel: Path, target: Path) -> None:
    """Compile in a process of its own, which a module can crash; raises ValueError where it fails."""
    place = "/lib/python{}.{}/site-packages".format(*platform.python_minor)
    with as_file(files("porter").joinpath("bytecode.py")) as program:
        process = await asyncio.create_subprocess_exec(
            *map(str, (python, "-I", program, wheel, target, place, "cached")),
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            code = await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError as error:
            raise ValueError(f"{wheel.name} is not compiled in {PATIENCE} seconds") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if code != 0:
        raise ValueError(f"{wheel.name} cannot be compiled: {code}")


def _compress(stored: Path, target: Path) -> None:
    with (
        new_file(target) as beside,
        stored.open("rb") as plain,
        gzip.GzipFile(beside, "wb", compresslevel=6, mtime=0) as packed,
    ):
        shutil.copyfileobj(plain, packed, 1 << 20)

"""How hard a project looks to port: what languages its sources are in, and whether they need threads.

Only the names of an sdist's members are looked at, and its build files; nothing of it is run.
"""

import gzip
import json
import re
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, cast

from packaging.utils import canonicalize_name

from compat_report.reported import Candidate
from porter.errors import PorterError
from porter.home import Home, new_file
from porter.pipconfig import read_pip_config
from porter.pypi import IndexFile, fetch_file, parse_version, project_files

# Candidates that are looked into: a report shows no more of them.
FIRST = 10
AT_ONCE = 4
# Bytes of an sdist, of what is unpacked of it, and of one build file.
MOST_BYTES = 64 << 20
MOST_UNPACKED = 1 << 30
MOST_TEXT = 1 << 18
MOST_MEMBERS = 100_000
# What a project's newest sdist said holds for a day, in seconds.
FRESH = 86_400.0
SCHEME = 1

SUFFIXES = {
    ".py": "python",
    ".c": "c",
    ".cc": "c++",
    ".cpp": "c++",
    ".cxx": "c++",
    ".pyx": "cython",
    ".rs": "rust",
    ".f": "fortran",
    ".for": "fortran",
    ".f77": "fortran",
    ".f90": "fortran",
    ".f95": "fortran",
    ".cu": "cuda",
}
# The hardest first: each is told by the first of them that a project has.
WORDS = {
    "cuda": "CUDA: needs a GPU",
    "fortran": "Fortran",
    "rust": "Rust",
    "c++": "C++",
    "cython": "Cython",
    "c": "C",
}
PURE = "pure: build a wheel"
UNKNOWN = "unknown"
BUILD_FILES = frozenset(
    ("pyproject.toml", "setup.py", "setup.cfg", "CMakeLists.txt", "meson.build", "Cargo.toml")
)
THREADS = re.compile(
    rb"openmp|\bpthreads?\b|find_package\(\s*Threads|dependency\(\s*'threads'|\brayon\b|\btokio\b",
    re.IGNORECASE,
)
# Sources there are no part of what is built.
APART = frozenset(("test", "tests", "testing", "doc", "docs", "example", "examples", "benchmarks"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What an sdist's members tell; `hardness` in a word or two, "unknown" where there is none."""

    languages: tuple[str, ...] = ()
    threads: bool = False
    hardness: str = UNKNOWN


def look_into(
    candidates: Sequence[Candidate], *, home: Home, env: Mapping[str, str], offline: bool = False
) -> tuple[Candidate, ...]:
    """The candidates, the first of them with how hard they look; never raises PorterError.

    `offline`: only what was looked into before is known.
    """
    first = candidates[:FIRST]
    config = read_pip_config(env)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hardness") as pool:
        looks = pool.map(
            lambda one: find_looks(one.project, config, home=home, env=env, offline=offline),
            first,
        )
        looked = [
            replace(one, languages=found.languages, hardness=found.hardness)
            for one, found in zip(first, looks, strict=True)
        ]
    return (*looked, *candidates[FIRST:])


def find_looks(
    project: str,
    config: Mapping[str, str],
    *,
    home: Home,
    env: Mapping[str, str],
    offline: bool,
) -> Looks:
    """How a project of the index looks that pip's settings name; unknown where it has no sdist."""
    name = canonicalize_name(project)
    asked = sha256(f"{config.get('index-url', '')}\0{name}".encode()).hexdigest()[:32]
    memo = home.catalog / "hardness" / f"{asked}.json"
    kept = _read_kept(memo)
    if offline or (kept is not None and time.time() - kept[0] < FRESH):
        return kept[1] if kept is not None else Looks()
    try:
        found = _newest_sdist(name, config)
        looks = Looks()
        if found is not None:
            looks = look(fetch_file(found, home=home, env=env, most=MOST_BYTES))
    except (PorterError, OSError):
        return kept[1] if kept is not None else Looks()
    with suppress(OSError), new_file(memo) as file:
        document = {"scheme": SCHEME, "asked": time.time(), **asdict(looks)}
        file.write_text(json.dumps(document), "utf-8")
    return looks


def look(sdist: Path) -> Looks:
    """How the sources in an archive look; unknown for one that cannot be read, or is too large."""
    languages: set[str] = set()
    threads = False
    try:
        for name, text in _members(sdist):
            path = PurePosixPath(name)
            if APART.isdisjoint(part.lower() for part in path.parts[:-1]):
                languages |= {SUFFIXES[end] for end in (path.suffix,) if end in SUFFIXES}
                threads = threads or THREADS.search(text) is not None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, OSError, RuntimeError):
        return Looks()
    if not languages:
        return Looks()
    return Looks(
        languages=tuple(sorted(languages)),
        threads=threads,
        hardness=say_hardness(languages, threads=threads),
    )


def say_hardness(languages: Iterable[str], *, threads: bool) -> str:
    """`pure: build a wheel`, `C++`, `Rust, threads`."""
    known = frozenset(languages)
    word = next((word for language, word in WORDS.items() if language in known), None)
    if word is None:
        return PURE
    return f"{word}, threads" if threads else word


def _newest_sdist(name: str, config: Mapping[str, str]) -> IndexFile | None:
    """Of the newest version that has one, a final version before others."""
    versions = []
    for package in project_files(name, config):
        version = parse_version(package.version)
        digest = (package.digests or {}).get("sha256")
        if package.package_type == "sdist" and version and digest and not package.is_yanked:
            file = IndexFile(filename=package.filename, url=package.url, sha256=digest)
            versions.append((not version.is_prerelease, version, file))
    return max(versions, key=lambda one: one[:2])[2] if versions else None


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The names in an sdist, build files' with their text; raises ValueError past all measure."""
    if archive.suffix == ".zip":
        yield from _zip_members(archive)
        return
    with archive.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        bounded = cast("IO[bytes]", _Bounded(stream))
        with tarfile.open(fileobj=bounded, mode="r|") as tar:
            for count, member in enumerate(tar):
                if count == MOST_MEMBERS:
                    raise ValueError("too many members")
                if not member.isreg():
                    continue
                text = b""
                if PurePosixPath(member.name).name in BUILD_FILES:
                    file = tar.extractfile(member)
                    text = file.read(MOST_TEXT) if file is not None else b""
                yield member.name, text


def _zip_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as inside:
        for member in inside.infolist()[:MOST_MEMBERS]:
            text = b""
            if PurePosixPath(member.filename).name in BUILD_FILES:
                with inside.open(member) as file:
                    text = file.read(MOST_TEXT)
            if not member.is_dir():
                yield member.filename, text


class _Bounded:
    """What is read of a stream, up to a measure."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MOST_UNPACKED

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("too large")
        return data


def _read_kept(memo: Path) -> tuple[float, Looks] | None:
    try:
        data = json.loads(memo.read_bytes())
        if data["scheme"] != SCHEME:
            return None
        looks = Looks(
            languages=tuple(data["languages"]), threads=data["threads"], hardness=data["hardness"]
        )
        return float(data["asked"]), looks
    except (OSError, ValueError, KeyError, TypeError):
        return None

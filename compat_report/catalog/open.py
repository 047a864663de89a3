"""Open the catalogue of one platform and one kernel."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from packaging.specifiers import SpecifierSet

from compat_report.catalog.contents import Wheels
from compat_report.catalog.fetch import Fetcher
from compat_report.catalog.index_lock import NAME, platform_place, read_index_lock
from compat_report.catalog.indexes import Indexes, Shelf
from compat_report.catalog.kernel import Kernel, read_kernel
from compat_report.catalog.lock import Lock, parse_lock
from compat_report.catalog.lookup import Lookup
from compat_report.catalog.mapping import Names, read_mapping, read_names
from compat_report.catalog.model import Origin, Provided, Resolution, State
from compat_report.catalog.page import IndexedWheel
from compat_report.catalog.simple import Once, SimpleIndex
from compat_report.catalog.stdlib import read_stdlib
from compat_report.catalog.supply import Supply
from compat_report.errors import SourceAway
from compat_report.reported import ResolvedFile
from compat_report.resolving.choose import choose_wheel
from compat_report.resolving.environment import tag_ranks
from compat_report.resolving.resolve import resolve
from porter.errors import CommandFailed, HashMismatch, MissingRequirement, Unreachable
from porter.home import Home
from porter.platform import Platform
from porter.pypi import index_settings
from porter.runtime import Runtime, fetch_runtime

type Fetch = Callable[[str, str], Fetcher]
"""Makes what asks one index, by its address and by what messages call it."""

DATA = ("names.toml", "stdlib.toml", "kernels.toml", "survey.py")
# Raised when the same questions get other answers from the same sources.
SCHEME = "1"
# Answers that are remembered in the process, the newest.
NAMES = 1 << 17
SETS = 1 << 12


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """What a catalogue was opened with: all it takes to open it again in another process."""

    platform: Platform
    kernel: str | None
    index: str | None
    public: bool
    mapping: Path | None
    home: Home
    env: Mapping[str, str]
    offline: bool
    folder: Path
    fetch: Fetch | None = None


def open_catalog(
    platform: Platform,
    *,
    kernel: str | None = None,
    index: str | None = None,
    public: bool = True,
    mapping: Path | None = None,
    home: Home,
    env: Mapping[str, str],
    offline: bool = False,
    folder: Path | None = None,
    fetch: Fetch | None = None,
) -> "OpenCatalog":
    """The catalogue of a platform.

    `kernel` is `NAME` or `NAME VERSION`, None the bare runtime; `index` the address of a private
    index, with or without `/t/TOKEN` and `/r/PLATFORM/simple/`; `public` says whether pip's own
    index is asked for what that does not have; `mapping` is the company's mapping file; `offline`:
    what was not asked before is unknown; `folder` keeps what indexes told, the cache unless it is
    given: one for each whom they tell something else; `fetch` asks them in another way than over
    HTTP.

    Raises UsageError for an unknown kernel, BadPolicy for a mapping file, MissingRequirement
    without Node or npm, SourceAway where the runtime itself cannot be had.
    """
    asked = Asked(
        platform=platform,
        kernel=kernel,
        index=index or None,
        public=public,
        mapping=mapping,
        home=home,
        env=dict(env),
        offline=offline,
        folder=home.catalog if folder is None else folder,
        fetch=fetch,
    )
    return OpenCatalog(asked)


class OpenCatalog:
    """An open catalogue (compat_report.catalog.model.Catalog says what it answers).

    It may be asked from several threads. Pickled, it is opened again where it arrives: what was
    fetched is on disk.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.platform = asked.platform
        self.kernel: Kernel = read_kernel(asked.kernel, asked.platform)
        self._mapping = read_mapping(asked.mapping) if asked.mapping is not None else Names()
        runtime = _fetch_runtime(asked)
        self._indexes = Indexes(self._open_shelves())
        self.lock: Lock = self._read_lock(parse_lock((runtime.folder / NAME).read_bytes()))
        self._started = self._supply({}, lock_first=True)
        start = resolve(self.kernel.starts, self._started, asked.platform)
        installed = {file.name: file.version for file in start.files}
        self._ready = self._supply(installed, lock_first=asked.index is None)
        self._lookup = Lookup(
            platform=asked.platform,
            kernel=self.kernel,
            loaded=frozenset(installed),
            stdlib=read_stdlib(runtime, home=asked.home, env=asked.env),
            lock=self.lock,
            mapping=self._mapping,
            names=read_names(),
            indexes=self._indexes,
        )
        # What could not be told now may be told later.
        self._looked_up: Once[Provided] = Once(NAMES, lambda one: one.state is not State.UNKNOWN)
        self._resolved: Once[Resolution] = Once(SETS, _is_told)
        self.identity = self._identify()

    def look_up(self, name: str) -> Provided:
        """What is known of a dotted import; the longest prefix that is known decides."""
        return self._looked_up.get(name, lambda: self._lookup.look_up(name))

    def resolve(self, requirements: Sequence[str]) -> Resolution:
        """What micropip would install for PEP 508 requirements, as one set, once the kernel runs."""
        texts = list(dict.fromkeys(text.strip() for text in requirements))
        return self._resolved.get(
            json.dumps(texts), lambda: resolve(texts, self._ready, self.platform)
        )

    def find_wheel(self, file: ResolvedFile) -> IndexedWheel | None:
        """Where a file that `resolve` named can be fetched from; raises SourceAway.

        The release's own files are where its runtime is; the same version's wheel of an index
        does as well.
        """
        locked = self.lock.packages.get(file.name)
        if locked is not None and locked.filename == file.filename:
            if locked.url:
                return IndexedWheel(
                    filename=locked.filename,
                    url=locked.url,
                    version=locked.version,
                    sha256=locked.sha256,
                )
            # A part of the standard library has the name of somebody else's project.
            if locked.kind != "package":
                return None
        placed = self._indexes.find(file.name)
        if placed is None:
            return None
        same = (wheel for wheel in placed.page.wheels if wheel.filename == file.filename)
        exact = SpecifierSet(f"=={file.version}")
        return next(same, None) or choose_wheel(placed.page, exact, tag_ranks(self.platform))

    def import_names(self, project: str) -> frozenset[str]:
        """The names that a project of the lock file is imported by; else the one like its own."""
        locked = self.lock.packages.get(project)
        names = locked.imports if locked is not None else ()
        return frozenset(names) or frozenset((project.replace("-", "_"),))

    def close(self) -> None:
        """End its threads; they start again when it is asked again."""
        self._indexes.close()

    def __reduce__(self) -> tuple[type["OpenCatalog"], tuple[Asked]]:
        return OpenCatalog, (self._asked,)

    def _supply(self, installed: Mapping[str, str], *, lock_first: bool) -> Supply:
        return Supply(
            kernel=self.kernel,
            lock=self.lock,
            indexes=self._indexes,
            lock_first=lock_first,
            installed=installed,
        )

    @cached_property
    def _settings(self) -> tuple[str | None, str | None]:
        """pip's index and certificates: a process of its own, which an index inside this one needs not."""
        return index_settings(self._asked.env)

    def _open_shelves(self) -> list[Shelf]:
        asked = self._asked
        shelves = []
        if asked.index is not None:
            simple, _ = platform_place(asked.index, asked.platform)
            shelves.append(self._shelf(Origin.INDEX, simple, "the private index"))
        if asked.public:
            from pypi_simple import PYPI_SIMPLE_ENDPOINT

            url = self._settings[0] or PYPI_SIMPLE_ENDPOINT
            shelves.append(self._shelf(Origin.PYPI, url, "the public index"))
        return shelves

    def _shelf(self, origin: Origin, url: str, role: str) -> Shelf:
        folder, offline = self._asked.folder, self._asked.offline
        fetcher = self._fetcher(url, role)
        return Shelf(
            origin=origin,
            pages=SimpleIndex(fetcher, folder=folder / "pages", offline=offline),
            wheels=Wheels(fetcher, folder=folder / "wheels", offline=offline),
        )

    def _fetcher(self, url: str, role: str) -> Fetcher:
        if self._asked.fetch is not None:
            return self._asked.fetch(url, role)
        return Fetcher(url, role=role, env=self._asked.env, verify=self._settings[1])

    def _read_lock(self, release: Lock) -> Lock:
        asked = self._asked
        place = platform_place(asked.index, asked.platform)[1] if asked.index is not None else ""
        if not place:
            return release
        return read_index_lock(
            self._fetcher(place, "the private index"),
            release=release,
            folder=asked.folder / "locks",
            offline=asked.offline,
        )

    def _identify(self) -> str:
        """All that answers follow from, but for what the indexes take in meanwhile."""
        asked = self._asked
        told = [
            SCHEME,
            asked.platform.integrity,
            str(self.kernel),
            _host_of(asked.index or ""),
            asked.public,
            sorted((name, str(one)) for name, one in self.lock.packages.items()),
            sorted(self._mapping.imports.items()),
            sorted(self._mapping.namespaces | self._mapping.own),
            [_resource(name) for name in DATA],
        ]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
        return f"pyodide {asked.platform.pyodide}, {self.kernel}, {digest}"


def _is_told(found: Resolution) -> bool:
    return all(problem.code != "source-away" for problem in found.problems)


def _fetch_runtime(asked: Asked) -> Runtime:
    try:
        return fetch_runtime(asked.platform, home=asked.home, env=asked.env)
    except MissingRequirement:
        raise
    except (Unreachable, HashMismatch, CommandFailed) as error:
        raise SourceAway(error.message, advice=error.advice, log=error.log) from error


def _host_of(index: str) -> str:
    """Where an index is, without tokens and passwords."""
    return urlsplit(index).netloc.rpartition("@")[2]


def _resource(name: str) -> str:
    return files("compat_report.catalog").joinpath(name).read_text("utf-8")

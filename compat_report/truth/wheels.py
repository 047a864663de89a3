"""Where the wheels can be had that a notebook needs: the runtime, the private index, the public one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from compat_report.catalog.page import IndexedWheel
from compat_report.errors import SourceAway
from compat_report.reported import ResolvedFile
from porter.errors import PorterError
from porter.home import Home
from porter.pypi import IndexFile, fetch_file
from porter.runtime import Runtime


class Places(Protocol):
    """Who knows where files are: a catalogue."""

    def find_wheel(self, file: ResolvedFile) -> IndexedWheel | None:
        """The wheel, or one of its version that does as well; raises SourceAway."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheels:
    """What is at hand, by file name, and by project what is not, each with why.

    `locked` has the packages of the release's lock file whose own files these are, by name.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    locked: Mapping[str, str] = field(default_factory=dict)
    away: Mapping[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> tuple[str, ...]:
        """The file names of those that micropip installs."""
        of_release = set(self.locked.values())
        return tuple(name for name in self.files if name not in of_release)


def fetch_wheels(
    wanted: Iterable[ResolvedFile],
    places: Places,
    runtime: Runtime,
    *,
    home: Home,
    env: Mapping[str, str],
    offline: bool = False,
) -> Wheels:
    """Fetch what was resolved, each file once; what cannot be had is told, never raised.

    `offline`: what was not fetched before cannot be had.
    """
    files: dict[str, Path] = {}
    locked: dict[str, str] = {}
    away: dict[str, str] = {}
    for file in wanted:
        near = runtime.folder / file.filename
        if file.origin == "lock" and near.is_file():
            files[file.filename] = near
            locked[file.name] = file.filename
            continue
        if file.origin == "kernel":
            continue
        try:
            wheel = places.find_wheel(file)
            if wheel is None:
                away[file.name] = "no index has it, and the runtime's own wheels are elsewhere"
            elif not wheel.sha256:
                away[file.name] = "the index does not tell its sha256"
            else:
                asked = IndexFile(filename=wheel.filename, url=wheel.url, sha256=wheel.sha256)
                if offline and not (home.downloads / wheel.sha256 / wheel.filename).is_file():
                    away[file.name] = "it was not fetched before, and no index is asked"
                else:
                    files[wheel.filename] = fetch_file(asked, home=home, env=env)
        except (PorterError, SourceAway, OSError) as error:
            away[file.name] = error.message if isinstance(error, PorterError) else str(error)
    return Wheels(files=files, locked=locked, away=away)

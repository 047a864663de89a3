"""What a wheel holds and requires: asked of its index once, and kept by its hash for good."""

import contextlib
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from compat_report.catalog.fetch import Answer, Fetcher
from compat_report.catalog.page import IndexedWheel
from compat_report.catalog.remote import RemoteFile
from compat_report.catalog.simple import Once
from porter.home import new_file

SCHEME = 1
MOST_METADATA = 4 << 20
DEEPEST = 4
MOST_MODULES = 4000
MOST_KEPT = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`requires` and `extras` are the metadata's lines of that name, without these.

    `modules` are the dotted names of what can be imported, `unpacked` bytes: None where only the
    metadata was read.
    """

    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    modules: tuple[str, ...] | None = None
    unpacked: int | None = None

    def holds(self, name: str) -> bool:
        """Whether importing `name` finds something in it."""
        below = f"{name}."
        return any(one == name or one.startswith(below) for one in self.modules or ())


class Wheels:
    """Reads wheels of one index; `folder` keeps what was read between processes."""

    def __init__(self, fetcher: Fetcher, *, folder: Path, offline: bool = False) -> None:
        self._fetcher = fetcher
        self._folder = folder
        self._offline = offline
        self._known: Once[Contents] = Once(MOST_KEPT)

    def requirements(self, wheel: IndexedWheel) -> Contents:
        """What it requires: from the metadata beside it (PEP 658), else from within.

        Raises SourceAway where it cannot be read.
        """
        if not wheel.metadata:
            return self.contents(wheel)
        return self._known.get(
            f"metadata {_key(wheel)}", lambda: self._remember(wheel, "metadata", whole=False)
        )

    def contents(self, wheel: IndexedWheel) -> Contents:
        """Its requirements and what it holds; raises SourceAway where it cannot be read."""
        return self._known.get(
            f"members {_key(wheel)}", lambda: self._remember(wheel, "members", whole=True)
        )

    def _remember(self, wheel: IndexedWheel, what: str, *, whole: bool) -> Contents:
        key = _key(wheel)
        kept = self._folder / key[:2] / f"{key[2:34]}.{what}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return _parse_document(json.loads(kept.read_bytes()))
        if self._offline:
            raise self._fetcher.away(f"was never asked for {wheel.filename}, and we are offline")
        found = self._read_members(wheel) if whole else self._read_metadata(wheel)
        document = {"scheme": SCHEME, "filename": wheel.filename, **asdict(found)}
        with contextlib.suppress(OSError), new_file(kept) as file:
            file.write_text(json.dumps(document), "utf-8")
        return found

    def _read_metadata(self, wheel: IndexedWheel) -> Contents:
        answer = self._fetcher.get(f"{wheel.url}.metadata", most=MOST_METADATA)
        digest = hashlib.sha256(answer.body).hexdigest()
        if answer.status != 200 or wheel.metadata not in ("unhashed", digest):
            raise self._fetcher.away(
                f"promises metadata of {wheel.filename}, and has other or none"
            )
        return parse_metadata(answer.body)

    def _read_members(self, wheel: IndexedWheel) -> Contents:
        def ask(part: str, most: int) -> Answer:
            return self._fetcher.get(wheel.url, part=part, most=most)

        try:
            with RemoteFile(ask) as remote, zipfile.ZipFile(remote) as archive:
                members = archive.infolist()
                name = next(one for one in members if _is_metadata(one.filename))
                with archive.open(name) as file:
                    found = parse_metadata(file.read(MOST_METADATA))
        except (OSError, ValueError, StopIteration, NotImplementedError, EOFError) as error:
            raise self._unreadable(wheel) from error
        except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
            raise self._unreadable(wheel) from error
        return Contents(
            requires=found.requires,
            extras=found.extras,
            modules=(*module_names(one.filename for one in members), *(found.modules or ())),
            unpacked=sum(one.file_size for one in members),
        )

    def _unreadable(self, wheel: IndexedWheel) -> Exception:
        return self._fetcher.away(f"does not let us read {wheel.filename}")


def parse_metadata(body: bytes) -> Contents:
    """The requirements in a METADATA file, as micropip finds them: in any line of it.

    A `Requires-Dist:` line of the description counts for it too. `modules` are what it says it is
    imported by (PEP 794), where it does.
    """
    lines = body.decode("utf-8", "replace").splitlines()
    told = (*_values(lines, "Import-Name:"), *_values(lines, "Import-Namespace:"))
    names = tuple(name.partition(";")[0].strip() for name in told)
    return Contents(
        requires=_values(lines, "Requires-Dist:"),
        extras=_values(lines, "Provides-Extra:"),
        modules=names or None,
    )


def _values(lines: Iterable[str], header: str) -> tuple[str, ...]:
    return tuple(line.removeprefix(header).strip() for line in lines if line.startswith(header))


def module_names(members: Iterable[str]) -> tuple[str, ...]:
    """Dotted names of what a wheel's members can be imported as, not deeper than four names."""
    found: dict[str, None] = {}
    for member in members:
        parts = list(PurePosixPath(member).parts)
        # What lies in NAME.data/purelib is installed beside the rest (the wheel specification).
        if len(parts) > 2 and parts[0].endswith(".data") and parts[1] in ("purelib", "platlib"):
            parts = parts[2:]
        if not parts or not parts[-1].endswith((".py", ".so")):
            continue
        stem = parts[-1].partition(".")[0]
        dotted = parts[:-1] if stem == "__init__" else [*parts[:-1], stem]
        if dotted and len(dotted) <= DEEPEST and all(part.isidentifier() for part in dotted):
            found[".".join(dotted)] = None
            if len(found) >= MOST_MODULES:
                break
    return tuple(found)


def _is_metadata(member: str) -> bool:
    return member.count("/") == 1 and member.endswith(".dist-info/METADATA")


def _key(wheel: IndexedWheel) -> str:
    return wheel.sha256 or hashlib.sha256(wheel.url.encode()).hexdigest()


def _parse_document(data: dict[str, Any]) -> Contents:
    if data["scheme"] != SCHEME:
        raise ValueError("of another time")
    modules = data["modules"]
    return Contents(
        requires=tuple(data["requires"]),
        extras=tuple(data["extras"]),
        modules=tuple(modules) if modules is not None else None,
        unpacked=data["unpacked"],
    )

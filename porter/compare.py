"""Two wheels of one build, byte by byte: where they differ."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from porter.errors import ConfigurationError
from porter.home import hash_file

# Told last, and only where nothing else differs: they follow from the others.
FOLLOWS = ("RECORD", "sboms/porter.cdx.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A member that is not the same; `what` says how, for people."""

    member: str
    what: str

    def __str__(self) -> str:
        return f"{self.member}: {self.what}"


def compare_wheels(old: Path, new: Path) -> tuple[Difference, ...]:
    """What of `new` is not as in `old`, empty where they are the same bytes.

    RECORD and the bill of materials are told of only where nothing else differs. Raises
    ConfigurationError where one cannot be read.
    """
    if hash_file(old) == hash_file(new):
        return ()
    try:
        with zipfile.ZipFile(old) as before, zipfile.ZipFile(new) as after:
            found = [*_differences(before, after)]
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ConfigurationError(f"{old} or {new} is no wheel that can be read") from error
    causes = [each for each in found if not each.member.endswith(FOLLOWS)]
    if found:
        return tuple(causes or found)
    return (
        Difference(
            member="the archive",
            what="the same members, packed in another order, with other times, or otherwise",
        ),
    )


def _differences(before: zipfile.ZipFile, after: zipfile.ZipFile) -> Iterator[Difference]:
    olds, news = set(before.namelist()), set(after.namelist())
    for member in sorted(olds | news):
        if member not in news:
            yield Difference(member=member, what="is gone")
        elif member not in olds:
            yield Difference(member=member, what="is new")
        elif (old := before.read(member)) != (new := after.read(member)):
            yield Difference(member=member, what=_how(old, new))


def _how(old: bytes, new: bytes) -> str:
    pairs = zip(old, new, strict=False)
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
    size = f"{len(old)} bytes" if len(old) == len(new) else f"{len(old)} → {len(new)} bytes"
    return f"{size}, the first that differs is byte {at}"

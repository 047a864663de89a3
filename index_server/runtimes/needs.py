"""What a wheel file says that it needs, and what it is imported by."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from packaging.metadata import parse_email

from porter.audit.names import import_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Its Requires-Dist lines, and its import names."""

    requires: tuple[str, ...]
    imports: tuple[str, ...]


def read_needs(wheel: Path) -> Needs:
    """What a wheel says; raises ValueError where it has no METADATA, or is no wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = archive.namelist()
            infos = (n for n in members if n.endswith(".dist-info/METADATA") and n.count("/") == 1)
            raw, _ = parse_email(archive.read(next(infos)))
    except (StopIteration, zipfile.BadZipFile) as error:
        raise ValueError(f"{wheel.name} has no METADATA") from error
    return Needs(
        requires=tuple(" ".join(text.split()) for text in raw.get("requires_dist", [])),
        imports=import_names(members),
    )

"""Core metadata, as its specification has it, and as micropip reads it."""

from collections.abc import Iterator

from packaging.metadata import InvalidMetadata, Metadata, parse_email
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from porter.audit.model import Finding
from porter.audit.rules import find

TOLERATED = ("introduced in metadata version", "unrecognized field")
# What micropip looks for at the start of every line, the description's among them.
READ_BY_LINE = {"Requires-Dist:": "requires_dist", "Provides-Extra:": "provides_extra"}
SHOWN = 80


def check_core_metadata(data: bytes, name: str, version: Version) -> Iterator[Finding]:
    """Findings of a METADATA or PKG-INFO file, whose project and version the filename says."""
    try:
        Metadata.from_email(data, validate=True)
    except ExceptionGroup as group:
        for error in group.exceptions:
            # Backends write fields that no version has, or before the one that names them;
            # installers take them.
            if any(words in str(error) for words in TOLERATED):
                continue
            what = f"{error.field}: {error}" if isinstance(error, InvalidMetadata) else str(error)
            yield find("metadata-invalid", why=what)
    raw, _ = parse_email(data)
    told = (canonicalize_name(raw.get("name", "")), raw.get("version", ""))
    for found, wanted in zip(told, (name, str(version)), strict=True):
        if found and found != wanted and _version(found) != version:
            yield find("metadata-differs", subject=found, found=found, wanted=wanted)


def check_as_micropip_reads(data: bytes) -> Iterator[Finding]:
    """Findings where micropip would take other dependencies from METADATA than pip does."""
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError:
        yield find("metadata-invalid", why="it is not UTF-8")
        return
    raw, _ = parse_email(data)
    for prefix, field in READ_BY_LINE.items():
        stated: object = raw.get(field, [])
        meant = [" ".join(text.split()) for text in stated] if isinstance(stated, list) else []
        for line in lines:
            if line.startswith(prefix):
                text = " ".join(line.removeprefix(prefix).split())
                if text not in meant:
                    yield find("metadata-misread", subject=line[:SHOWN].strip())
                    return
                meant.remove(text)
        if meant:
            yield find("metadata-misread", subject=f"{prefix} {meant[0]}"[:SHOWN])


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None

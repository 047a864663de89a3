"""What a store says of an artefact, and where it has it. Pure.

`entries/KEY.json` tells what the inputs of that key (`porter.artefact.artefact_key`) built;
`files/SHA256/NAME` has the bytes, once for all keys that built the same.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from porter.artefact import Artefact, artefact_key
from porter.errors import StoreDamaged

ENTRIES, FILES = "entries", "files"
# Far more than any entry has.
LIMIT = 16 * 1024 * 1024
HASH = re.compile(r"[0-9a-f]{64}")
# Of a wheel (PEP 427), or of a library's archive; nothing that leads elsewhere.
FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,250}(?:\.whl|\.library\.tar)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a build made: fields as of `Artefact`, `size` in bytes."""

    key: str
    filename: str
    sha256: str
    size: int
    seconds: float
    audit: str
    inputs: Mapping[str, str]

    @property
    def path(self) -> str:
        """Where the entry itself is."""
        return entry_path(self.key)

    @property
    def file(self) -> str:
        """Where the bytes are."""
        return f"{FILES}/{self.sha256}/{self.filename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object of a store, with its size in bytes and when it was last written."""

    path: str
    size: int
    modified: datetime


def entry_path(key: str) -> str:
    """Where the entry of a key is."""
    return f"{ENTRIES}/{key}.json"


def entry_key(path: str) -> str:
    """The key of an entry's path, empty where it is no such path."""
    key = path.removeprefix(f"{ENTRIES}/").removesuffix(".json")
    return key if HASH.fullmatch(key) and path == entry_path(key) else ""


def artefact_entry(key: str, artefact: Artefact) -> Entry:
    """The entry of an artefact of this machine."""
    return Entry(
        key=key,
        filename=artefact.wheel.name,
        sha256=artefact.sha256,
        size=artefact.wheel.stat().st_size,
        seconds=round(artefact.seconds, 2),
        audit=artefact.audit,
        inputs=dict(artefact.inputs),
    )


def serialize_entry(entry: Entry) -> bytes:
    """The same entry gives the same bytes."""
    return json.dumps(asdict(entry), indent=1, sort_keys=True).encode()


def parse_entry(data: bytes, key: str) -> Entry:
    """The entry of a key; raises StoreDamaged where it is none, or tells of other inputs."""
    try:
        entry = Entry(**json.loads(data))
        texts = (entry.key, entry.filename, entry.sha256, entry.audit)
        sound = (
            all(isinstance(text, str) for text in texts)
            and HASH.fullmatch(entry.sha256) is not None
            and FILENAME.fullmatch(entry.filename) is not None
            and type(entry.size) is int
            and entry.size >= 0
            and type(entry.seconds) in (int, float)
            and 0 <= entry.seconds < 1e9
            and isinstance(entry.inputs, dict)
            and all(isinstance(value, str) for value in entry.inputs.values())
        )
        if not sound:
            raise StoreDamaged(f"{entry_path(key)} is no entry of a store")
        told = artefact_key(entry.inputs)
    except (ValueError, TypeError, RecursionError) as error:
        raise StoreDamaged(f"{entry_path(key)} is no entry of a store") from error
    if not entry.key == key == told:
        raise StoreDamaged(f"{entry_path(key)} tells of other inputs than its name says")
    return entry

"""Whether bytes are what an entry of a store says, and what they say of themselves."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from porter.disclosed import read_disclosed
from porter.errors import ConfigurationError, StoreDamaged
from porter.store.model import Entry


def write_checked(entry: Entry, chunks: Iterable[bytes], target: Path) -> None:
    """Write an entry's bytes to `target`; raises StoreDamaged where they are others.

    A wheel carries the key it was built under: an entry that names another's wheel is found out.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with target.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > entry.size:
                    break
                digest.update(chunk)
                file.write(chunk)
    except FileNotFoundError as error:
        raise StoreDamaged(f"{entry.path}: its file {entry.filename} is not there") from error
    if size != entry.size or digest.hexdigest() != entry.sha256:
        raise StoreDamaged(f"{entry.path}: the bytes of {entry.filename} are not those it promises")
    if target.suffix != ".whl":
        # A library's archive tells its project by its name alone (`porter.backend`).
        if not entry.filename.startswith(f"{entry.inputs.get('name')}-"):
            raise StoreDamaged(f"{entry.path}: {entry.filename} is another's")
        return
    try:
        key = read_disclosed(target).key
    except ConfigurationError as error:
        raise StoreDamaged(f"{entry.path}: {error.message}") from error
    if key != entry.key:
        raise StoreDamaged(f"{entry.path}: {entry.filename} was built of other inputs")

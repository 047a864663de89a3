"""Every stored file against what the database says of it: what is damaged, missing, or nobody's."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from index_server.errors import NotHere
from index_server.holdings import Holdings
from index_server.model import File
from index_server.records.database import read_pending
from index_server.records.engine import reading
from index_server.records.rows import read_file
from index_server.records.schema import files
from index_server.records.storage import BESIDE, Store
from porter.progress import Reporter

METADATA, PROVENANCE = BESIDE
# Reading waits for the disk or the network, hashing for a processor.
AT_ONCE = 4


class State(StrEnum):
    """What is wrong with a key."""

    DAMAGED = "damaged"
    MISSING = "missing"
    STRAY = "stray"

    @property
    def harms(self) -> bool:
        """Whether a client is answered wrongly for it; what is nobody's only takes room."""
        return self is not State.STRAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A key of the store and what is wrong with it."""

    key: str
    state: State
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What was looked at: so many files of the index, so many bytes of theirs."""

    files: int
    size: int
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether every client gets what it was promised."""
        return not any(problem.state.harms for problem in self.problems)


def take_inventory(index: Holdings, report: Reporter) -> Inventory:
    """Read every file of the index; a server may run meanwhile.

    Raises DatabaseAway, StorageAway.
    """
    # The keys first: what comes while the rest is read has a row, or a claim, by then.
    report.phase("verify", "list the store")
    keys = set(index.store.keys())
    held = read_files(index)
    claimed = [row["key"] for row in read_pending(index.engine)]
    problems: list[Problem] = []
    size = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        report.phase("verify", f"read {len(held)} files")
        checks = pool.map(lambda file: list(check_file(index.store, file)), held)
        for number, (file, found) in enumerate(zip(held, checks, strict=True), 1):
            size += file.size
            problems += found
            report.advance("verify", number / len(held))
    # What was deleted while it was looked for is neither missing nor damaged.
    if problems:
        still = {file.key for file in read_files(index)}
        problems = [problem for problem in problems if _owner(problem.key) in still]
    owned = {file.key for file in held} | {file.key for file in read_files(index)} | set(claimed)
    problems += [
        Problem(key=key, state=State.STRAY, message="no file of the index has these bytes")
        for key in sorted(keys)
        if _owner(key) not in owned and index.store.size(key) is not None
    ]
    report.done("verify", f"{len(held)} files, {len(problems)} problems")
    return Inventory(files=len(held), size=size, problems=tuple(problems))


def read_files(index: Holdings) -> list[File]:
    """Every file that is not deleted, those of staging and quarantine too."""
    query = select(files).where(files.c.deleted_at.is_(None)).order_by(files.c.filename)
    with reading(index.engine) as connection:
        return [read_file(row) for row in connection.execute(query).mappings()]


def check_file(store: Store, file: File) -> Iterator[Problem]:
    """What is wrong with a file's bytes and with what lies beside it; raises StorageAway."""
    yield from _check(store, file.key, file.sha256, file.size)
    if file.metadata_sha256:
        yield from _check(store, f"{file.key}{METADATA}", file.metadata_sha256)
    if file.attested:
        key = f"{file.key}{PROVENANCE}"
        if store.size(key) is None:
            yield Problem(key=key, state=State.MISSING, message="its attestations are not there")


def _check(store: Store, key: str, sha256: str, size: int | None = None) -> Iterator[Problem]:
    found, length = hashlib.sha256(), 0
    try:
        for chunk in store.read_chunks(key):
            found.update(chunk)
            length += len(chunk)
    except NotHere:
        yield Problem(key=key, state=State.MISSING, message="its bytes are not there")
        return
    if size is not None and length != size:
        message = f"it has {length} bytes, and should have {size}"
        yield Problem(key=key, state=State.DAMAGED, message=message)
    elif found.hexdigest() != sha256:
        message = f"its sha256 is {found.hexdigest()}, and should be {sha256}"
        yield Problem(key=key, state=State.DAMAGED, message=message)


def _owner(key: str) -> str:
    """The key of the file that something lies beside."""
    for suffix in BESIDE:
        key = key.removesuffix(suffix)
    return key

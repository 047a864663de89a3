"""Uploads on disk: what was opened, its chunks, and its job's state. All of it outlives the server.

`SPOOL/OWNER/ID/upload.json` is written once, `job.json` at each change, and `chunks/NUMBER.SHA256`
is there when all of it is. OWNER is a hash, so that no user's name is a path.
"""

import base64
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kernel_bridge.errors import NotThere
from kernel_bridge.jobs.errors import Conflict, NoSpace
from kernel_bridge.jobs.model import (
    Chunk,
    Form,
    Job,
    Mode,
    Opening,
    Status,
    parse_job,
    serialize_job,
)
from kernel_bridge.jobs.plan import HIDDEN
from kernel_bridge.jobs.presence import is_present
from kernel_bridge.jobs.settings import JobSettings
from porter.home import new_file

MOST_UPLOADS = 256


class Spool:
    """The uploads of one user. What is written is whole: each file is renamed into its place."""

    def __init__(self, settings: JobSettings, owner: str) -> None:
        self._settings = settings
        self.folder = settings.spool / hashlib.sha256(owner.encode()).hexdigest()[:32]

    def open(self, opening: Opening, *, now: float) -> Job:
        """The upload of this key, as it was or new; raises Conflict, NoSpace.

        One that is done, failed or stopped comes back as it is, and may be completed again.
        """
        identity = hashlib.sha256(opening.key.encode()).hexdigest()[:32]
        if (self.folder / identity / "upload.json").exists():
            if self.read_opening(identity) != opening:
                raise Conflict(
                    f"the key {opening.key} was used for another upload",
                    advice="give each upload a key of its own",
                )
            return self.read_job(identity)
        if sum(1 for _ in self.identities()) >= MOST_UPLOADS:
            raise NoSpace(
                f"there are {MOST_UPLOADS} uploads already",
                advice="delete some with DELETE porter/uploads/ID, or let them expire",
            )
        self._check_space(opening.bytes or 0)
        job = Job(id=identity, status=Status.OPEN, created=now)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / identity / "chunks").mkdir(parents=True, exist_ok=True)
        self.write_job(job)
        told = {**asdict(opening), "schema": base64.b64encode(opening.schema).decode()}
        _write(self.folder / identity / "upload.json", told)
        return job

    def identities(self) -> Iterator[str]:
        """Every upload's id."""
        for path in sorted(self.folder.glob("*/upload.json")):
            yield path.parent.name

    def read_opening(self, identity: str) -> Opening:
        """What was opened; raises NotThere."""
        told = self._read(identity, "upload.json")
        told["schema"] = base64.b64decode(told["schema"])
        told["partition"] = tuple(told["partition"])
        told["form"], told["mode"] = Form(told["form"]), Mode(told["mode"])
        return Opening(**told)

    def read_job(self, identity: str) -> Job:
        """Where its job is; raises NotThere."""
        return parse_job(self._read(identity, "job.json"))

    def write_job(self, job: Job) -> None:
        """Keep the state."""
        _write(self.folder / job.id / "job.json", serialize_job(job))

    def chunks(self, identity: str) -> tuple[Chunk, ...]:
        """The chunks that are there, by number; raises NotThere."""
        self._read(identity, "upload.json")
        found = []
        for path in self._chunk_folder(identity).iterdir():
            number, _, digest = path.name.partition(".")
            if number.isdigit() and len(digest) == 64:
                found.append(Chunk(number=int(number), sha256=digest, bytes=path.stat().st_size))
        return tuple(sorted(found, key=lambda chunk: chunk.number))

    def chunk_path(self, identity: str, chunk: Chunk) -> Path:
        """Where a chunk's bytes are."""
        return self._chunk_folder(identity) / f"{chunk.number}.{chunk.sha256}"

    def new_chunk(self, identity: str, *, size: int) -> Path:
        """A file beside the chunks for one that comes; raises NotThere, Conflict, NoSpace."""
        job = self.read_job(identity)
        if job.status in (Status.RUNNING, Status.DONE):
            raise Conflict(f"the upload's job is {job.status}", advice="open another upload")
        limit = self._settings.upload_limit
        if sum(chunk.bytes for chunk in self.chunks(identity)) + size > limit:
            raise NoSpace(f"an upload has at most {limit} bytes", advice="send less, or in parts")
        self._check_space(size)
        return self._chunk_folder(identity) / f".{os.urandom(8).hex()}"

    def keep_chunk(self, identity: str, beside: Path, chunk: Chunk) -> None:
        """Put a file of `new_chunk` in its place; it may be there already.

        Raises Conflict where other bytes have that number, and then nothing is changed.
        """
        for other in self.chunks(identity):
            if other.number == chunk.number and other.sha256 != chunk.sha256:
                raise Conflict(
                    f"chunk {chunk.number} is there with other bytes",
                    advice="open an upload with another key for another frame",
                )
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(self.chunk_path(identity, chunk))

    def forget_chunks(self, identity: str) -> None:
        """Free the room that they take; the states stay."""
        for path in self._chunk_folder(identity).iterdir():
            path.unlink(missing_ok=True)

    def reopen(self, identity: str) -> Job:
        """Begin an upload anew: its dataset is there no more."""
        job = self.read_job(identity)
        job = Job(id=identity, status=Status.OPEN, created=job.created)
        self.write_job(job)
        return job

    def delete(self, identity: str) -> None:
        """Remove an upload and its job's state."""
        # Without this file it is no upload, whatever of the rest is left.
        (self.folder / identity / "upload.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder / identity, ignore_errors=True)

    def _chunk_folder(self, identity: str) -> Path:
        return self.folder / identity / "chunks"

    def _check_space(self, more: int) -> None:
        settings = self._settings
        held = sum(path.stat().st_size for path in self.folder.glob("*/chunks/*"))
        if held + more > settings.spool_limit:
            raise NoSpace(
                f"your uploads hold {held} bytes, and at most {settings.spool_limit} are taken",
                advice="delete some with DELETE porter/uploads/ID, or let them expire",
            )
        settings.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(settings.spool).free - more < settings.free_limit:
            raise NoSpace(
                "the disk of the server's uploads is full",
                advice="ask those who run the server to make room",
            )

    def _read(self, identity: str, name: str) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads((self.folder / identity / name).read_bytes())
        except (OSError, ValueError) as error:
            raise NotThere(
                "there is no such upload, or no longer",
                advice="open it with POST porter/uploads",
            ) from error
        return told


def recover(settings: JobSettings) -> int:
    """After a start: jobs of servers that are gone are told as interrupted. How many these were."""
    found = 0
    for path in settings.spool.glob("*/*/job.json"):
        try:
            job = parse_job(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # half an upload, which expires
        if job.status is Status.RUNNING and not is_present(settings.spool, path.parent):
            _write(path, serialize_job(replace(job, status=Status.INTERRUPTED, phase="")))
            found += 1
    return found


def expire(settings: JobSettings, *, running: frozenset[str], now: float | None = None) -> int:
    """Remove uploads that nobody touched for as long as they are kept. How many these were."""
    before = (time.time() if now is None else now) - settings.keep
    found = 0
    for folder in settings.spool.glob("*/*"):
        if folder.name in running or not folder.is_dir():
            continue
        times = [path.stat().st_mtime for path in (folder, folder / "chunks", folder / "job.json")
                 if path.exists()]  # fmt: skip
        if max(times, default=0.0) < before:
            (folder / "upload.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            found += 1
    for root in settings.targets.values():
        for left in (root / HIDDEN).glob("*-*"):
            if left.stat().st_mtime < before and left.name[:32] not in running:
                shutil.rmtree(left, ignore_errors=True)
    return found


def _write(path: Path, told: object) -> None:
    with new_file(path) as beside:
        beside.write_text(json.dumps(told), "utf-8")

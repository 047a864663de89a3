"""The values of uploads and jobs. All are frozen; their documents are told in the docs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """What becomes of a dataset that is there already."""

    FAIL = "fail"
    REPLACE = "replace"
    APPEND = "append"


class Form(StrEnum):
    """What each chunk is."""

    ARROW = "arrow"
    """A stream of Arrow IPC of its own, with its schema and its end."""
    PARQUET = "parquet"
    """A file of its own."""
    PIECES = "pieces"
    """Whole messages of one stream of Arrow IPC, which all chunks together are in their order."""


class Status(StrEnum):
    """Where a job is."""

    OPEN = "open"
    """Chunks are still to come."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """The server ended while it ran; its chunks are there, and it can be started again."""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens of itself."""
        return self not in (Status.OPEN, Status.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an upload is to become: dataset `name` in the target of the name `target`.

    `schema` is a stream of Arrow IPC without batches, b"" where the first chunk tells it.
    `chunks`, `rows` and `bytes` are None where they are not known before the end.
    """

    key: str
    target: str
    name: str
    form: Form = Form.ARROW
    mode: Mode = Mode.FAIL
    partition: tuple[str, ...] = ()
    compression: str = "zstd"
    schema: bytes = b""
    chunks: int | None = None
    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One chunk in the spool: `sha256` in hexadecimal digits."""

    number: int
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A dataset as the job left it: `rows`, `bytes` and `files` are those of this upload alone."""

    location: str
    rows: int
    bytes: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job ended without a result."""

    error: str
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job's state; times are seconds since 1970, `bytes` those of the chunks read so far."""

    id: str
    status: Status
    phase: str = ""
    rows: int = 0
    bytes: int = 0
    bytes_total: int = 0
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    result: Result | None = None
    failure: Failure | None = None

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        if self.status is Status.DONE:
            return 1.0
        # What remains after the last chunk is read is to make the dataset seen.
        return round(0.99 * self.bytes / self.bytes_total, 4) if self.bytes_total else 0.0


def serialize_job(job: Job) -> dict[str, Any]:
    """The job's document, as `porter/jobs/ID` answers it and the spool keeps it."""
    told = asdict(replace(job, result=None, failure=None))
    told["result"] = asdict(job.result) if job.result else None
    del told["failure"]
    told["error"] = asdict(job.failure) if job.failure else None
    told["progress"] = job.progress
    return told


def parse_job(told: Mapping[str, Any]) -> Job:
    """The job of its own document; raises KeyError, TypeError, ValueError where it is none."""
    fields = dict(told)
    del fields["progress"]
    result, failure = fields.pop("result"), fields.pop("error")
    return Job(
        **{**fields, "status": Status(fields["status"])},
        result=Result(**result) if result else None,
        failure=Failure(**failure) if failure else None,
    )

"""What a job's tasks are told: plain values, the same on every worker."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kernel_bridge.jobs.errors import Stopped
from kernel_bridge.jobs.model import Form, Mode

# Beside the datasets of a target: what is not to be seen yet, and locks.
HIDDEN = ".porter"
MANIFEST = "_porter.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One chunk's file, its hash and its size."""

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A job: what goes where.

    `staging` is below the target's hidden folder, and there as long as the job is wanted;
    `root` is the target's folder, `name` the dataset's below it. `schema` is a stream of Arrow IPC.
    """

    id: str
    root: Path
    name: str
    staging: Path
    form: Form
    mode: Mode
    partition: tuple[str, ...]
    compression: str
    schema: bytes

    @property
    def dataset(self) -> Path:
        """The folder of the dataset."""
        return self.root / self.name

    @property
    def prefix(self) -> str:
        """How the names of its files begin: no other job's do, whoever's it is."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:16]

    def check_wanted(self) -> None:
        """Raises Stopped where the job was cancelled."""
        if not self.staging.is_dir() or (self.staging / "stop").exists():
            raise Stopped("the job was cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a dataset, its path below the dataset's folder."""

    path: str
    rows: int
    bytes: int

"""Settings of uploads and jobs, `c.PorterJobs`, parsed once into values."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel_bridge.errors import BadSettings

PLACE = "c.PorterJobs"
MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30
TARGET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """Where frames go, and how much of what they may take; sizes are bytes.

    `targets` are folders by the name that a cell gives. `spool` holds chunks and states; where
    `cluster` names a Dask scheduler, its workers see spool and targets under the same paths.
    `workers` processes, each of at most `worker_memory`, are started here where it names none.
    `chunk_limit` is one chunk's, `upload_limit` one upload's, `spool_limit` all of one user's;
    `free_limit` is left free on the spool's disk. Uploads that nobody touches for `keep` seconds
    are removed; without a job, the workers end after `idle` seconds.
    """

    targets: Mapping[str, Path] = field(default_factory=dict)
    spool: Path = Path()
    cluster: str | None = None
    workers: int = 2
    worker_memory: int = GIBIBYTE
    chunk_limit: int = 32 * MEBIBYTE
    upload_limit: int = 16 * GIBIBYTE
    spool_limit: int = 32 * GIBIBYTE
    free_limit: int = GIBIBYTE
    keep: int = 48 * 3600
    idle: int = 600


NUMBERS = tuple(name for name, default in JobSettings.__annotations__.items() if default is int)


def parse_job_settings(given: Mapping[str, object], *, data_folder: Path) -> JobSettings:
    """The settings of the traits of `PorterJobs`; raises BadSettings with the field.

    `data_folder` is where the spool is unless they say otherwise.
    """
    numbers = {name: _number(name, given[name]) for name in NUMBERS if name in given}
    return JobSettings(
        targets=_targets(given.get("targets", {})),
        spool=_folder("spool", given.get("spool") or str(data_folder / "porter-uploads")),
        cluster=_cluster(given.get("cluster")),
        **numbers,
    )


def _targets(value: object) -> dict[str, Path]:
    if not isinstance(value, Mapping):
        raise _bad("targets", value, "names with their folders")
    found = {}
    for name, folder in value.items():
        if not isinstance(name, str) or not TARGET.fullmatch(name):
            raise _bad("targets", name, "names of letters, digits, - and _")
        found[name] = _folder(f"targets[{name!r}]", folder)
    return found


def _folder(name: str, value: object) -> Path:
    if not isinstance(value, str | os.PathLike) or not Path(value).is_absolute():
        raise _bad(name, value, "a folder by its whole path")
    return Path(value)


def _cluster(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not re.fullmatch(r"(tcp|tls)://[^\s/]+:\d{1,5}", value):
        raise _bad("cluster", value, "a scheduler's address such as tcp://127.0.0.1:8786")
    return value


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _bad(name, value, "a number of at least 1")
    return value


def _bad(name: str, value: object, wanted: str) -> BadSettings:
    return BadSettings(f"{PLACE}.{name} is {value!r}", advice=f"it is {wanted}")

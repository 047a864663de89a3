"""The last task of a job: what was staged becomes the dataset, in one rename. Runs on a worker.

The new dataset is put together beside the old one; what stays of that is linked, not copied. Then
the two change places (renameat2 with RENAME_EXCHANGE, Linux 3.15), so that a reader sees the one
or the other.
"""

import contextlib
import ctypes
import errno
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kernel_bridge.jobs.errors import JobFailed
from kernel_bridge.jobs.model import Mode, Result
from kernel_bridge.jobs.parts import read_schema
from kernel_bridge.jobs.plan import HIDDEN, MANIFEST, Part, Plan

AT_FDCWD = -100
RENAME_EXCHANGE = 2
PATIENCE = 600.0


def publish(plan: Plan, parts: Sequence[Part]) -> Result:
    """Make the dataset seen; raises JobFailed, Stopped. Again is the same result."""
    try:
        with _alone(plan):
            done = find_published(plan.dataset, plan.id)
            if done is not None:
                return done
            plan.check_wanted()
            _publish(plan, parts)
            result = find_published(plan.dataset, plan.id)
    except OSError as error:
        raise JobFailed(
            f"{plan.dataset} cannot be written: {error}",
            advice="ask those who run the server about the target",
        ) from error
    assert result is not None  # noqa: S101 — its manifest was just written
    return result


def find_published(dataset: Path, identity: str) -> Result | None:
    """What an upload brought into a dataset, None where it is not in there."""
    for one in _read_manifest(dataset).get("uploads", ()):
        if one.get("id") == identity:
            files = one["files"]
            return Result(
                location=str(dataset),
                rows=sum(file["rows"] for file in files),
                bytes=sum(file["bytes"] for file in files),
                files=len(files),
            )
    return None


def check_target(plan: Plan) -> None:
    """Raises JobFailed where the dataset that is there cannot be added to, or is in the way."""
    _check_place(plan)
    if not plan.dataset.exists():
        return
    manifest = _read_manifest(plan.dataset)
    if not manifest:
        raise JobFailed(
            f"{plan.dataset} was not written by an upload, and is left as it is",
            advice="give the dataset another name",
        )
    if plan.mode is Mode.FAIL and find_published(plan.dataset, plan.id) is None:
        raise JobFailed(
            f"{plan.name} is there already", advice='say mode = "replace" or mode = "append"'
        )
    if plan.mode is Mode.APPEND:
        told = {"schema": _told_schema(plan), "partition": list(plan.partition)}
        for key, value in told.items():
            if manifest[key] != value:
                raise JobFailed(
                    f"{plan.name} has another {key}: {_short(manifest[key])}, not {_short(value)}",
                    advice='bring the frame into that form, or say mode = "replace"',
                )


def _publish(plan: Plan, parts: Sequence[Part]) -> None:
    check_target(plan)
    data = plan.staging / "data"
    data.mkdir(exist_ok=True)
    uploads: list[dict[str, Any]] = []
    if plan.mode is Mode.APPEND:
        uploads += _link_files(plan.dataset, data)
    uploads.append({"id": plan.id, "time": time.time(), "files": [asdict(part) for part in parts]})
    manifest = {
        "version": 1,
        "schema": _told_schema(plan),
        "partition": list(plan.partition),
        "uploads": uploads,
    }
    with (data / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump(manifest, file)
        file.flush()
        os.fsync(file.fileno())
    plan.dataset.parent.mkdir(parents=True, exist_ok=True)
    if plan.dataset.exists():
        exchange(data, plan.dataset)
    else:
        data.rename(plan.dataset)
    _sync(plan.dataset.parent)


def _check_place(plan: Plan) -> None:
    """Nothing leads out of the target, and no dataset lies in another."""
    root = plan.root.resolve()
    above = plan.dataset.parent
    if not above.resolve().is_relative_to(root) or plan.dataset.is_symlink():
        raise JobFailed(
            f"{plan.name} leads out of the target", advice="give the dataset another name"
        )
    while above != plan.root:
        if (above / MANIFEST).exists():
            raise JobFailed(
                f"{plan.name} would lie in the dataset {above.relative_to(plan.root)}",
                advice="give the dataset another name",
            )
        above = above.parent


def exchange(new: Path, old: Path) -> None:
    """Have two folders change places, at once where the system can."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        paths = os.fsencode(new), os.fsencode(old)
        if rename(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(code, os.strerror(code), str(old))
    # A file system that cannot: for a moment there is no dataset, and never half of one.
    aside = new.with_name("old")
    old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        aside.rename(old)
        raise
    aside.rename(new)


@contextlib.contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    locks = plan.root / HIDDEN / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    try:
        # One lock for all below a folder: one of two names may be the beginning of the other.
        with FileLock(locks / f"{plan.name.partition('/')[0]}.lock", timeout=PATIENCE):
            yield
    except Timeout as error:
        raise JobFailed(
            f"{plan.name} is being written by another job", advice="run the cell again later"
        ) from error


def _link_files(dataset: Path, folder: Path) -> list[dict[str, Any]]:
    """Have the dataset's files in another folder too; the uploads they came with."""
    uploads: list[dict[str, Any]] = list(_read_manifest(dataset).get("uploads", ()))
    for upload in uploads:
        for file in upload["files"]:
            target = folder / file["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            try:
                os.link(dataset / file["path"], target)
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV):
                    raise
                shutil.copyfile(dataset / file["path"], target)
    return uploads


def _read_manifest(dataset: Path) -> dict[str, Any]:
    try:
        told = json.loads((dataset / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _told_schema(plan: Plan) -> list[list[str]]:
    return [[field.name, str(field.type)] for field in read_schema(plan.schema)]


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

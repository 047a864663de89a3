"""Values to rows of the database, and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from sys import intern
from typing import Any

from packaging.utils import canonicalize_version, parse_sdist_filename, parse_wheel_filename

from index_server.model import AuditSummary, File, ProjectDetail, Stage, Status

STAGES = {stage.value: stage for stage in Stage}
DETAILS = ("summary", "imports", "requires", "extras")


def file_row(file: File) -> dict[str, object]:
    """A row of `files`."""
    details = {name: getattr(file, name) for name in DETAILS}
    details["audits"] = [asdict(audit) for audit in file.audits]
    return {
        "project": file.project,
        "version": file.version,
        "filename": file.filename,
        "identity": file_identity(file.filename),
        "size": file.size,
        "sha256": file.sha256,
        "uploaded_at": file.uploaded_at,
        "uploaded_by": file.uploaded_by,
        "requires_python": file.requires_python,
        "metadata_sha256": file.metadata_sha256,
        "yanked": file.yanked,
        "stage": file.stage.value,
        "quarantine": file.quarantine,
        "attested": file.attested,
        "details": json.dumps(details, separators=(",", ":")),
    }


def file_identity(filename: str) -> str:
    """What two spellings of one file name have in common (PEP 440, 503, 425).

    Raises InvalidWheelFilename or InvalidSdistFilename.
    """
    if filename.endswith(".whl"):
        name, version, build, tags = parse_wheel_filename(filename)
        shown = ".".join(sorted(map(str, tags)))
        return f"{name} {canonicalize_version(version)} {''.join(map(str, build))} {shown}"
    name, version = parse_sdist_filename(filename)
    return f"{name} {canonicalize_version(version)} sdist"


def read_file(row: Mapping[Any, Any], known: dict[str, dict[str, Any]] | None = None) -> File:
    """The file of a row of `files`.

    Whoever reads many gives the same `known` for all: what one says of itself is often what another
    said, and is then read once, and one value in memory.
    """
    known = {} if known is None else known
    details = known.get(row["details"])
    if details is None:
        details = known[row["details"]] = _read_details(row["details"])
    return File(
        project=intern(row["project"]),
        version=intern(row["version"]),
        filename=row["filename"],
        size=row["size"],
        sha256=row["sha256"],
        uploaded_at=as_utc(row["uploaded_at"]),
        uploaded_by=intern(row["uploaded_by"]),
        requires_python=intern(row["requires_python"]),
        metadata_sha256=row["metadata_sha256"],
        yanked=row["yanked"],
        stage=STAGES[row["stage"]],
        quarantine=row["quarantine"],
        attested=bool(row["attested"]),
        **details,
    )


def _read_details(text: str) -> dict[str, Any]:
    told = json.loads(text)
    audits = [
        AuditSummary(**{**audit, "findings": tuple(audit["findings"])}) for audit in told["audits"]
    ]
    return {
        "summary": told["summary"],
        "imports": tuple(told["imports"]),
        "requires": tuple(told["requires"]),
        "extras": tuple(told["extras"]),
        "audits": tuple(audits),
    }


def read_project(row: Mapping[Any, Any], files: Sequence[File]) -> ProjectDetail:
    """The project of a row of `projects`, with its files."""
    return ProjectDetail(
        name=row["name"],
        shown=row["shown"],
        serial=row["serial"],
        files=tuple(files),
        status=Status(row["status"]),
        status_reason=row["status_reason"],
    )


def as_utc(moment: datetime) -> datetime:
    """A moment as the database gives it: SQLite forgets the zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

"""What an index holds: projects and their files. Frozen; each field beside what defines it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

# Upstream may leave it out (PEP 700): to say any other would be a guess.
UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)


class Stage(StrEnum):
    """Where a file is seen: in the staging views alone, or everywhere."""

    STAGING = "staging"
    PRODUCTION = "production"


class Status(StrEnum):
    """A project's status (PEP 792).

    Archived and deprecated projects are served as ever; a quarantined one lists no files.
    """

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSummary:
    """What `porter audit` says of a wheel on one platform (its short name, such as `0.29`).

    `findings` are lines `SEVERITY: CODE: MESSAGE`; `blocked`: one of them means that the wheel
    does not work there.
    """

    platform: str
    clean: bool
    blocked: bool
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class File:
    """One distribution file, a wheel or an sdist.

    `project` is normalised (PEP 503), `size` in bytes (PEP 700), 0 where upstream does not
    tell, `uploaded_at` in UTC (PEP 700), UNKNOWN_TIME where it does not,
    `requires_python` a version specifier or empty (PEP 345), `metadata_sha256` of the METADATA
    file that is served beside it (PEP 658, 714), empty where there is none; `yanked` the reason
    (PEP 592), None where it is not yanked; `quarantine` why it is kept from everybody, empty
    where it is not; `imports` the names it is imported by, `requires` its Requires-Dist lines;
    `attested`: attestations are stored with it (PEP 740).
    """

    project: str
    version: str
    filename: str
    size: int
    sha256: str
    uploaded_at: datetime
    uploaded_by: str = ""
    requires_python: str = ""
    metadata_sha256: str = ""
    yanked: str | None = None
    stage: Stage = Stage.PRODUCTION
    quarantine: str = ""
    summary: str = ""
    imports: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    audits: tuple[AuditSummary, ...] = ()
    attested: bool = False

    @property
    def is_wheel(self) -> bool:
        """By its name, which was checked when it came."""
        return self.filename.endswith(".whl")

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """A wheel's tags, none of an sdist."""
        try:
            return frozenset(parse_wheel_filename(self.filename)[3])
        except InvalidWheelFilename:
            return frozenset()

    @cached_property
    def build(self) -> tuple[int, str]:
        """A wheel's build number, (-1, "") where it has none: the highest is the newest build."""
        try:
            number = parse_wheel_filename(self.filename)[2]
        except InvalidWheelFilename:
            number = ()
        return number or (-1, "")

    @cached_property
    def parsed_version(self) -> Version:
        """The version, comparable."""
        return Version(self.version)

    @property
    def key(self) -> str:
        """Where its bytes are in the store, and below `/files/`: named by content."""
        return file_key(self.sha256, self.filename)


def file_key(sha256: str, filename: str) -> str:
    """`AB/CDEF…/NAME`: the key of a file in the store, and its path below `/files/`."""
    return f"{sha256[:2]}/{sha256[2:]}/{filename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDetail:
    """A project with all its files, those of staging and quarantine among them.

    `shown` is its name as its owner spells it; `serial` the index's when it last changed.
    """

    name: str
    shown: str
    serial: int
    files: tuple[File, ...] = ()
    status: Status = Status.ACTIVE
    status_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectList:
    """The names of an index (PEP 503: normalised), sorted."""

    names: tuple[str, ...]
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole index at one serial: what every response is made of."""

    serial: int = 0
    projects: Mapping[str, ProjectDetail] = field(default_factory=dict)

"""What the management API takes and gives."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from index_server.model import Stage, Status
from index_server.people.access import Permission
from index_server.people.tokens import NAME, PATTERN, PATTERNS

DAY = 86_400


def whole(value: object) -> object:
    """A number as JSON Schema counts it: `7.0` is an integer, `"7"` and `true` are none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Outside of the bounds of what it goes with: else the document would not tell of these.
WHOLE = BeforeValidator(whole)
type Moment = Annotated[datetime, Field(description="In UTC, as ISO 8601.")]
type Pattern = Annotated[
    str, Field(pattern=PATTERN, description="A project's name; `*` stands for any text.")
]
type Reason = Annotated[
    str,
    Field(
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="One line for people, kept in the log.",
    ),
]
type TokenName = Annotated[str, Field(pattern=NAME, description="What the log calls it by.")]


class Document(BaseModel):
    """What all have in common: a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Audit(Document):
    """What the link audit says of a wheel on one Pyodide release."""

    platform: str
    clean: bool
    blocked: bool
    findings: tuple[str, ...]


class FileDocument(Document):
    """One file; the fields are those of its upload and its metadata."""

    filename: str
    project: str
    version: str
    url: str
    size: int
    sha256: str
    uploaded_at: Moment
    uploaded_by: str
    requires_python: str
    metadata_sha256: str
    yanked: str | None = Field(description="The reason (PEP 592), null where it is not yanked.")
    stage: Stage
    quarantine: str = Field(description="Why nobody gets it, empty where everybody does.")
    summary: str
    imports: tuple[str, ...]
    requires: tuple[str, ...]
    extras: tuple[str, ...]
    attested: bool
    audits: tuple[Audit, ...]


class ProjectSummary(Document):
    """One project of a list."""

    name: str
    shown: str = Field(description="The name as its owner spells it.")
    status: Status
    status_reason: str
    serial: int
    files: int
    versions: tuple[str, ...]


class ProjectPage(Document):
    """Some projects, by name."""

    serial: int
    projects: tuple[ProjectSummary, ...]
    next: str | None = Field(description="`after` of the next page, null on the last.")


class ProjectDocument(Document):
    """A project with its files, the oldest version first."""

    name: str
    shown: str
    status: Status
    status_reason: str
    serial: int
    files: tuple[FileDocument, ...]


class StatusChange(Document):
    """A project's new status (PEP 792)."""

    status: Status
    reason: Reason = ""


class Because(Document):
    """Why something is done."""

    reason: Reason = ""


class EventDocument(Document):
    """One line of the audit log."""

    id: int
    at: Moment
    actor: str
    action: str
    project: str
    subject: str
    detail: str


class EventPage(Document):
    """Some lines of the log, the newest first."""

    events: tuple[EventDocument, ...]
    next: int | None = Field(description="`before` of the next page, null on the last.")


class NewToken(Document):
    """A token to be made."""

    name: TokenName
    permissions: Annotated[tuple[Permission, ...], Field(min_length=1, max_length=len(Permission))]
    projects: Annotated[tuple[Pattern, ...], Field(max_length=PATTERNS)] = ()
    days: Annotated[
        Annotated[StrictInt, Field(ge=1, le=3650), WHOLE] | None,
        Field(description="Null: it does not expire."),
    ] = 365


class TokenDocument(Document):
    """A token, without the token."""

    id: str
    name: str
    permissions: tuple[Permission, ...]
    projects: tuple[str, ...]
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class MadeToken(TokenDocument):
    """A token that was just made: the one time that its text is told."""

    token: str


class TokenList(Document):
    """Every token there ever was, the oldest first."""

    tokens: tuple[TokenDocument, ...]


class NewPathToken(Document):
    """A path token to be made."""

    projects: Annotated[tuple[Pattern, ...], Field(max_length=PATTERNS)] = ()
    seconds: Annotated[StrictInt, Field(ge=1, le=DAY), WHOLE] = 3600


class PathTokenDocument(Document):
    """A path token: `url` is the index's address with it in."""

    token: str
    url: str
    projects: tuple[str, ...]
    expires_at: Moment


class Caller(Document):
    """Who asks."""

    name: str
    permissions: tuple[Permission, ...]
    projects: tuple[str, ...]

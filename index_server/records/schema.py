"""The database's tables; index_server/records/migrations makes them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row a setting that the index makes for itself: its serial, the key it signs with.
state = Table(
    "state",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

# A row is never removed: that a name ever was private is what keeps upstream out of it.
projects = Table(
    "projects",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("shown", String(255), nullable=False),
    Column("serial", BigInteger, nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("status_reason", Text, nullable=False, default=""),
)

# A row is never removed: a deleted file's is its tombstone, so that its name is not used again.
files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project", String(255), ForeignKey("projects.name"), nullable=False, index=True),
    Column("version", String(255), nullable=False),
    Column("filename", String(512), nullable=False, unique=True),
    # Two spellings of one file: the name as its parts normalise.
    Column("identity", String(512), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    Column("uploaded_by", String(255), nullable=False),
    Column("requires_python", Text, nullable=False),
    Column("metadata_sha256", String(64), nullable=False),
    Column("yanked", Text),
    Column("stage", String(16), nullable=False),
    Column("quarantine", Text, nullable=False),
    Column("attested", Boolean, nullable=False),
    # What the file says of itself, as JSON: summary, imports, requires, extras, audits.
    Column("details", Text, nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)

# Uploads whose bytes may be in the store and whose row is not: what a killed server leaves.
pending = Table(
    "pending",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(640), nullable=False, index=True),
    Column("owner", String(128), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("projects", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("created_by", String(255), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("action", String(32), nullable=False),
    Column("project", String(255), nullable=False),
    Column("subject", String(512), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_events_project_at", "project", "at"),
)

# Named sets of requirements, by the hash of what they say.
environments = Table(
    "environments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("requirements", Text, nullable=False),
    Column("lock", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", String(255), nullable=False),
)

"""Named sets of requirements, resolved once and kept: each at an address by its content."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from index_server.errors import NotHere, Unresolvable
from index_server.holdings import Holdings
from index_server.records.database import write_event
from index_server.records.engine import reading, writing
from index_server.records.rows import as_utc
from index_server.records.schema import environments
from index_server.runtimes.borrowing import borrow_once
from index_server.runtimes.fetching import Runtimes
from index_server.runtimes.lockfile import Packages
from index_server.runtimes.locks import Locks
from porter.platform import Platform

# In seconds: whoever makes an environment by hand waits for the runtime rather than ask again.
PATIENCE = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A set of requirements and the lock file that it gave.

    `id` is the sha256 of what it says; `info` and `packages` are the lock file's, with paths below
    the index's address for file names.
    """

    id: str
    platform: str
    requirements: tuple[str, ...]
    info: Mapping[str, str]
    packages: Packages
    created_at: datetime
    created_by: str

    @property
    def path(self) -> str:
        """Where its lock file is, below the index's address."""
        return f"/r/{self.platform}/environments/{self.id}/pyodide-lock.json"

    def summary(self, base: str) -> dict[str, object]:
        """What is told of it in a list."""
        return {
            "id": self.id,
            "platform": self.platform,
            "requirements": list(self.requirements),
            "packages": {name: package["version"] for name, package in self.packages.items()},
            "created_at": self.created_at.isoformat(),
            "created_by": self.created_by,
            "lock_file": f"{base}{self.path}",
        }


def create_environment(
    index: Holdings,
    platform: Platform,
    requirements: Sequence[str],
    actor: str,
) -> str:
    """Resolve requirements (PEP 508) and keep the answer; its id.

    The same requirements, resolved to the same files, are the same environment. Called where no
    event loop runs. Raises Unresolvable, RuntimeAway, UpstreamFailed.
    """
    asked = normalise(requirements)
    if not asked:
        raise Unresolvable("an environment has at least one requirement")
    locks = Locks(index, Runtimes(index, patience=PATIENCE, compress=False))
    borrowed = asyncio.run(borrow_once(index, locks, platform, asked))
    resolved = locks.resolve(platform, asked, borrowed=borrowed)
    lock = _canonical({"info": dict(resolved.info), "packages": resolved.packages})
    text = _canonical({"lock": lock, "platform": platform.name, "requirements": asked})
    name = hashlib.sha256(text.encode()).hexdigest()
    row = {
        "id": name,
        "platform": platform.name,
        "requirements": _canonical(asked),
        "lock": lock,
        "created_at": datetime.now(UTC),
        "created_by": actor,
    }
    try:
        with writing(index.engine) as connection:
            connection.execute(insert(environments).values(**row))
            write_event(connection, actor, "environment", "", name[:12], ", ".join(asked))
    except IntegrityError:
        # Somebody has made it before.
        return name
    return name


def read_environment(index: Holdings, name: str, platform: Platform | None = None) -> Environment:
    """An environment by its id, of one platform where it is given; raises NotHere."""
    query = select(environments).where(environments.c.id == name)
    with reading(index.engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None or (platform is not None and row["platform"] != platform.name):
        raise NotHere(f"there is no environment {name}")
    return _parse(row)


def list_environments(index: Holdings, platform: Platform | None = None) -> list[Environment]:
    """Every environment, of one platform where it is given, the newest first."""
    query = select(environments).order_by(environments.c.created_at.desc(), environments.c.id)
    if platform is not None:
        query = query.where(environments.c.platform == platform.name)
    with reading(index.engine) as connection:
        return [_parse(row) for row in connection.execute(query).mappings()]


def normalise(requirements: Sequence[str]) -> tuple[str, ...]:
    """Requirements in one spelling and order; raises Unresolvable for what is none."""
    found = set()
    for text in requirements:
        try:
            parsed = Requirement(text)
        except InvalidRequirement as error:
            reason = str(error).partition("\n")[0]
            raise Unresolvable(f"{text!r} is no requirement: {reason}") from error
        parsed.name = canonicalize_name(parsed.name)
        found.add(str(parsed))
    return tuple(sorted(found))


def _parse(row: Mapping[Any, Any]) -> Environment:
    lock = json.loads(row["lock"])
    return Environment(
        id=row["id"],
        platform=row["platform"],
        requirements=tuple(json.loads(row["requirements"])),
        info=lock["info"],
        packages=lock["packages"],
        created_at=as_utc(row["created_at"]),
        created_by=row["created_by"],
    )


def _canonical(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))

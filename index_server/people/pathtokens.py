"""Path tokens: what a browser reads a closed index with, in the path of each address.

micropip and loadPackage send no headers, and a query does not survive in the addresses that they
make from others. So the token is in the path, for a short while, and never more than read.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from index_server.errors import BadRequest, NotAllowed
from index_server.people.access import Permission, Principal
from index_server.people.grants import LONGEST_PATH, Grant, Holder, Kind, sign_grant
from index_server.people.tokens import normalize_patterns

SHORTEST = timedelta(seconds=1)


def make_path_token(
    key: str,
    *,
    holder: Holder,
    maker: Principal,
    projects: Collection[str],
    lifetime: timedelta,
) -> tuple[str, Grant]:
    """The text of a path token, and what it grants: at most what its maker may read.

    Raises NotAllowed where that is less than is asked for, BadRequest for a life too long.
    """
    if not maker.permissions & {Permission.READ, Permission.ADMIN}:
        raise NotAllowed(f"{maker.name} may not read, and so not let others read")
    if not SHORTEST <= lifetime <= LONGEST_PATH:
        raise BadRequest(
            f"a path token lives for at most {LONGEST_PATH.total_seconds():.0f} seconds",
            advice="make a new one when it has ended",
        )
    wanted = normalize_patterns(projects) or maker.projects
    for pattern in wanted:
        # A pattern that matches, read as a name, matches all that it stands for itself.
        if maker.projects and not any(fnmatchcase(pattern, own) for own in maker.projects):
            raise NotAllowed(f"{maker.name} may not read {pattern}")
    # Whole seconds: that is what is signed.
    end = (datetime.now(UTC) + lifetime).replace(microsecond=0)
    grant = Grant(holder=holder, expires_at=end, projects=wanted)
    return sign_grant(key, Kind.PATH, grant), grant

"""Who asks, and what they may do."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from index_server.errors import NotAllowed, NotAuthenticated

PRINCIPAL = "porter.principal"


class Permission(StrEnum):
    """What a token, or a person who is logged in, may do; to administer includes the others."""

    READ = "read"
    UPLOAD = "upload"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. `projects` are patterns of the names it may change, none for all of them."""

    name: str
    permissions: frozenset[Permission]
    projects: tuple[str, ...] = ()

    def may(self, permission: Permission, project: str = "") -> bool:
        """Whether it may do this, to this project."""
        if not self.permissions & {permission, Permission.ADMIN}:
            return False
        return not self.projects or any(fnmatchcase(project, p) for p in self.projects)


ANYBODY = Principal(name="anybody", permissions=frozenset())


def principal_of(scope: MutableMapping[str, Any]) -> Principal:
    """Who asks, as the server's outermost part found out; `ANYBODY` without credentials."""
    found: Principal = scope.get(PRINCIPAL, ANYBODY)
    return found


def require(
    scope: MutableMapping[str, Any], permission: Permission, project: str = ""
) -> Principal:
    """Who asks; raises NotAuthenticated without credentials, NotAllowed where they do not do."""
    found = principal_of(scope)
    if found.may(permission, project):
        return found
    if found is ANYBODY:
        raise NotAuthenticated("this needs a token", advice="user __token__, password the token")
    what = f"{permission} {project}".strip()
    raise NotAllowed(f"the token {found.name} may not {what}")

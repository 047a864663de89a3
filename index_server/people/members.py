"""Who may do what of those that an OpenID Connect provider knows; pure."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from index_server.people.access import Permission, Principal
from index_server.settings import Login

EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}")


def find_person(login: Login, email: str) -> Principal | None:
    """The principal of a verified address, None where the settings name it nowhere."""
    address = email.lower()
    if not EMAIL.fullmatch(address):
        return None
    for patterns, permission in (
        (login.admins, Permission.ADMIN),
        (login.readers, Permission.READ),
    ):
        if _any_matches(patterns, address):
            return Principal(name=address, permissions=frozenset((permission,)))
    return None


def _any_matches(patterns: Iterable[str], address: str) -> bool:
    return any(fnmatchcase(address, pattern.lower()) for pattern in patterns)

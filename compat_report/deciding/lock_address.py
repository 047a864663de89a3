"""The private index's lock file for exactly the wheels of a decision: its address, if it is there."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

from packaging.requirements import InvalidRequirement, Requirement

from compat_report.catalog.fetch import Fetcher
from compat_report.catalog.index_lock import platform_place
from compat_report.errors import SourceAway
from compat_report.reported import ResolvedFile
from porter.platform import Platform

type LockOf = Callable[[Sequence[ResolvedFile]], str | None]
"""The address of a lock file for these wheels and no others; None where there is none."""

# What an index's lock file can have: wheels of its own, and those of the release that it keeps.
SERVED = frozenset({"index", "lock"})
TOKEN = re.compile(r"^(.*)/t/[^/]+")
MOST_BYTES = 4 << 20


def no_lock(_: Sequence[ResolvedFile]) -> str | None:
    """Without an index."""
    return None


def asked_lock(fetcher: Fetcher) -> LockOf:
    """Asks an index, whose lock file of everything `fetcher` is for, whether it can make one.

    It cannot where a wheel is the release's and the index does not keep it.
    """

    def lock_of(files: Sequence[ResolvedFile]) -> str | None:
        query = lock_query(files)
        if not query:
            return None
        try:
            answer = fetcher.get(f"{fetcher.url}?{query}", most=MOST_BYTES)
        except SourceAway:
            return None
        return f"{without_secrets(fetcher.url)}?{query}" if answer.status == 200 else None

    return lock_of


def lock_place(index: str, platform: Platform) -> str:
    """The address of an index's lock file of everything, "" for an index that has none."""
    return platform_place(index, platform)[1]


def lock_query(files: Sequence[ResolvedFile]) -> str:
    """`requirements=…` of these wheels; "" for none, and where one comes from elsewhere; pure."""
    if any(file.origin not in SERVED or not _is_requirement(str(file)) for file in files):
        return ""
    asked = ",".join(sorted(map(str, files)))
    return urlencode({"requirements": asked}, safe=",=") if asked else ""


def without_secrets(url: str) -> str:
    """An address without the password, the path token and the query that it may have; pure."""
    parts = urlsplit(url)
    path = TOKEN.sub(r"\1", parts.path)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))


def _is_requirement(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True

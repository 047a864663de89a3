"""The lock file of a private index: the release's packages and the index's own."""

import contextlib
import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from compat_report.catalog.fetch import Fetcher
from compat_report.catalog.lock import Lock, add_own, parse_lock
from compat_report.errors import SourceAway
from porter.home import new_file
from porter.platform import Platform

NAME = "pyodide-lock.json"
# A lock file of all that a large index has.
MOST_BYTES = 64 << 20


def platform_place(index: str, platform: Platform) -> tuple[str, str]:
    """The addresses of an index's Simple API and of its lock file, for one platform.

    `index` is the address of an index of Porter, with or without `/r/PLATFORM` and `/simple`
    (`https://wheels.example.org/t/TOKEN`), or that of any Simple API, which ends in `simple` and
    has no lock file ("").
    """
    parts = urlsplit(index)
    path = parts.path.rstrip("/")
    ours = re.sub(r"(/r/[a-z0-9.]+)?(/simple)?$", "", path)
    if path.endswith("simple") and "/r/" not in path:
        return urlunsplit((parts.scheme, parts.netloc, path, "", "")), ""
    place = urlunsplit((parts.scheme, parts.netloc, f"{ours}/r/{platform.name}", "", ""))
    return f"{place}/simple", f"{place}/{NAME}"


def read_index_lock(fetcher: Fetcher, *, release: Lock, folder: Path, offline: bool) -> Lock:
    """The release's packages and the index's own, as it lists them, or did when it last told.

    An index that cannot be asked makes its projects unknown where they are looked for; that is
    told there.
    """
    place = fetcher.hide_token(fetcher.url)
    kept = folder / f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.json"
    if not offline:
        with contextlib.suppress(SourceAway):
            answer = fetcher.get(fetcher.url, accept="application/json", most=MOST_BYTES)
            if answer.status == 200:
                with contextlib.suppress(ValueError):
                    lock = add_own(release, parse_lock(answer.body))
                    with contextlib.suppress(OSError), new_file(kept) as file:
                        file.write_text(fetcher.hide_token(answer.body.decode()), "utf-8")
                    return lock
    with contextlib.suppress(OSError, ValueError):
        text = fetcher.show_token(kept.read_text("utf-8"))
        return add_own(release, parse_lock(text.encode()))
    return release

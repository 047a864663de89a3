"""A Simple API: what an index has of a project, remembered in the process and on disk."""

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from packaging.utils import InvalidName, canonicalize_name

from compat_report.catalog.fetch import Fetcher
from compat_report.catalog.page import JSON, Page, page_as_document, parse_document, parse_page
from porter.home import new_file

# What pypi-simple asks with: JSON, and HTML of old indexes.
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
# As long as the public index itself lets its pages be kept, in seconds.
FRESH = 600.0
SCHEME = 1
# In memory at once; some have thousands of files.
PAGES = 1024


class Once[Value]:
    """Answers by key: each is made once, by whoever asks first, and the others wait for it.

    The newest `most` are kept; what failed is not, nor what `lasts` says no to: it is made again.
    """

    def __init__(
        self, most: int = 1 << 16, lasts: Callable[[Value], bool] = lambda _: True
    ) -> None:
        self._most = most
        self._lasts = lasts
        self._lock = threading.Lock()
        self._known: dict[str, Future[Value]] = {}

    def get(self, key: str, make: Callable[[], Value]) -> Value:
        """The answer for a key; raises what making it raised."""
        with self._lock:
            known = self._known.get(key)
            if known is None:
                mine = self._known[key] = Future()
                if len(self._known) > self._most:
                    del self._known[next(iter(self._known))]
        if known is not None:
            return known.result()
        try:
            value = make()
        except BaseException as error:
            self._forget(key, mine)
            mine.set_exception(error)
            raise
        if not self._lasts(value):
            self._forget(key, mine)
        mine.set_result(value)
        return value

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def _forget(self, key: str, mine: Future[Value]) -> None:
        with self._lock:
            if self._known.get(key) is mine:
                del self._known[key]


class SimpleIndex:
    """One index, by the address of its Simple API.

    `folder` keeps pages between processes; one younger than `fresh` seconds is not asked for
    again, an older one is revalidated by its ETag. `offline`: what is not kept cannot be told.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        folder: Path,
        offline: bool = False,
        fresh: float = FRESH,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.fetcher = fetcher
        place = fetcher.hide_token(fetcher.url)
        self._folder = folder / hashlib.sha256(place.encode()).hexdigest()[:16]
        self._offline = offline
        self._fresh = fresh
        self._clock = clock
        self._pages: Once[Page | None] = Once(PAGES)

    def page(self, name: str) -> Page | None:
        """What it has of a project; None where it has no such project.

        Raises SourceAway where it cannot be asked, or does not say what it should.
        """
        try:
            project = canonicalize_name(name, validate=True)
        except InvalidName:
            return None
        return self._pages.get(project, lambda: self._read(project))

    def was_asked(self, project: str) -> bool:
        """Whether the answer for a normalised name is at hand, or on its way."""
        return project in self._pages

    def _read(self, name: str) -> Page | None:
        digest = hashlib.sha256(name.encode()).hexdigest()
        kept = self._folder / digest[:2] / f"{digest[2:32]}.json"
        known = self._read_kept(kept, name)
        if known is not None and (self._offline or self._clock() - known["asked"] < self._fresh):
            return _page_of(known)
        if self._offline:
            raise self.fetcher.away(f"was never asked for {name}, and we are offline")
        etag = known["etag"] if known is not None else ""
        url = f"{self.fetcher.url.rstrip('/')}/{name}/"
        answer = self.fetcher.get(url, accept=ACCEPT, etag=etag)
        if answer.status == 304 and known is not None:
            page, etag = _page_of(known), known["etag"]
        elif answer.status in (404, 410):
            page, etag = None, ""
        elif answer.status == 200:
            try:
                page, etag = parse_page(name, answer.kind, answer.body, answer.url), answer.etag
            except ValueError as error:
                raise self.fetcher.away(f"does not speak the Simple API: {error}") from error
        else:
            raise self.fetcher.away(f"answers with status {answer.status}")
        document = page_as_document(page) if page is not None else None
        told = {"scheme": SCHEME, "name": name, "asked": self._clock(), "etag": etag}
        text = self.fetcher.hide_token(json.dumps({**told, "page": document}))
        # A cache that cannot be written costs time, no answers.
        with contextlib.suppress(OSError), new_file(kept) as file:
            file.write_text(text, "utf-8")
        return page

    def _read_kept(self, path: Path, name: str) -> dict[str, Any] | None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            import orjson

            data: dict[str, Any] = orjson.loads(self.fetcher.show_token(path.read_text("utf-8")))
            if data["scheme"] == SCHEME and data["name"] == name:
                _page_of(data)
                return data
        return None


def _page_of(data: dict[str, Any]) -> Page | None:
    return parse_document(data["page"]) if data["page"] is not None else None

"""Ask a server of an index: in bounded time and size, a few at once, with its credentials.

No message of an error names an address: it may have a token in it.
"""

import netrc
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from compat_report.errors import SourceAway

if TYPE_CHECKING:
    import requests

AT_ONCE = 8
TIMEOUT = (5.0, 20.0)
LONGEST = 90.0
MOST_BYTES = 64 << 20
TRIES = 2
# What a browser reads a closed index with: it is in the address, and lasts for some hours.
PATH_TOKEN = re.compile(r"/t/[^/]+(?=/)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `total` is how large the whole file is where a part of it was sent (RFC 9110)."""

    status: int
    kind: str
    etag: str
    body: bytes
    url: str
    total: int | None = None


class Fetcher:
    """Fetches from servers; `role` is what messages call them: "the private index".

    `credentials` are user and password for the host of `url` alone: from the address itself, else
    from netrc. A server that did not answer is not asked again for what is left of `patience`
    seconds: a hundred thousand notebooks would each wait for it.
    """

    def __init__(
        self,
        url: str,
        *,
        role: str,
        env: Mapping[str, str],
        verify: str | None = None,
        patience: float = 120.0,
    ) -> None:
        self.role = role
        self.url, self._credentials = _split_credentials(url, env)
        self._host = urlsplit(self.url).netloc
        self._place = f"{urlsplit(self.url).scheme}://{self._host}"
        token = PATH_TOKEN.match(urlsplit(self.url).path)
        self._token = token[0] if token is not None else ""
        self._verify = verify
        self._patience = patience
        self._local = threading.local()
        self._few = threading.BoundedSemaphore(AT_ONCE)
        self._away: tuple[float, str] | None = None

    def get(
        self,
        url: str,
        *,
        accept: str = "*/*",
        etag: str = "",
        part: str = "",
        most: int = MOST_BYTES,
    ) -> Answer:
        """One GET; `part` is a Range. Any status below 500 is an answer, but 401, 403 and 429.

        Raises SourceAway for those, for silence, and for a body larger than `most` bytes.
        """
        self._remember_away()
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if part:
            # A part of a compressed body is no part of the file.
            headers |= {"Range": part, "Accept-Encoding": "identity"}
        for left in reversed(range(TRIES)):
            try:
                with self._few:
                    return self._ask(url, headers, most)
            except _Again as error:
                if not left:
                    self._away = (time.monotonic() + self._patience, str(error))
                    raise self.away(str(error)) from error.__cause__
        raise AssertionError

    def hide_token(self, text: str) -> str:
        """A text with addresses of this server, for a file: without the token in their path."""
        return text.replace(f"{self._place}{self._token}/", f"{self._place}/")

    def show_token(self, text: str) -> str:
        """What `hide_token` made of a text, with the token of now."""
        return text.replace(f"{self._place}/", f"{self._place}{self._token}/")

    def away(self, why: str) -> SourceAway:
        """The error that says that this source cannot tell."""
        return SourceAway(
            f"{self.role} {why}", advice="see that it runs and that its address and token are right"
        )

    def _remember_away(self) -> None:
        away = self._away
        if away is not None and time.monotonic() < away[0]:
            raise self.away(away[1])

    def _ask(self, url: str, headers: Mapping[str, str], most: int) -> Answer:
        import requests

        until = time.monotonic() + LONGEST
        own = urlsplit(url).netloc == self._host
        auth = self._credentials if own else None
        try:
            with self._session().get(
                url, headers=dict(headers), auth=auth, stream=True, timeout=TIMEOUT
            ) as response:
                if response.status_code in (401, 403):
                    raise self.away("does not let us read it")
                if response.status_code >= 500 or response.status_code == 429:
                    raise _Again(f"fails (status {response.status_code})")
                body = bytearray()
                for chunk in response.iter_content(1 << 16):
                    body += chunk
                    if len(body) > most:
                        raise self.away("sends more than any honest answer is")
                    if time.monotonic() > until:
                        raise _Again("does not finish its answers")
                return Answer(
                    status=response.status_code,
                    kind=response.headers.get("content-type", ""),
                    etag=response.headers.get("etag", ""),
                    body=bytes(body),
                    url=response.url,
                    total=_total(response.headers.get("content-range", "")),
                )
        except (requests.RequestException, OSError, ValueError) as error:
            # urllib3's own errors are ValueErrors where an address cannot be one.
            raise _Again(f"cannot be reached ({type(error).__name__})") from error

    def _session(self) -> "requests.Session":
        import requests

        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.max_redirects = 5
            if self._verify is not None:
                session.verify = self._verify
            self._local.session = session
        found: requests.Session = self._local.session
        return found

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        raise TypeError("a Fetcher holds credentials and connections: make one in each process")


class _Again(Exception):
    """It may answer when it is asked again."""


def _total(content_range: str) -> int | None:
    match = re.fullmatch(r"bytes \d+-\d+/(\d+)", content_range.strip())
    return int(match[1]) if match else None


def _split_credentials(url: str, env: Mapping[str, str]) -> tuple[str, tuple[str, str] | None]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = parts.netloc.rpartition("@")[2]
    plain = urlunsplit((parts.scheme, place, parts.path, parts.query, ""))
    if parts.username or parts.password:
        return plain, (unquote(parts.username or ""), unquote(parts.password or ""))
    return plain, _from_netrc(host, env)


def _from_netrc(host: str, env: Mapping[str, str]) -> tuple[str, str] | None:
    named = env.get("NETRC", "")
    places = (
        [named] if named else [f"{env.get('HOME', '~')}/{name}" for name in (".netrc", "_netrc")]
    )
    for place in places:
        try:
            found = netrc.netrc(str(Path(place).expanduser())).authenticators(host)
        except (OSError, netrc.NetrcParseError, RuntimeError, UnicodeDecodeError):
            continue
        if found is not None:
            return found[0] or found[1] or "", found[2] or ""
    return None

"""Another index over HTTP: pages and files, within bounds of time and size."""

import asyncio
import errno
import hashlib
import secrets
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from anyio.to_thread import run_sync

from index_server.errors import BadSettings, NotHere, StorageAway, StorageFull, UpstreamFailed
from index_server.public.promises import ACCEPT, Page, Promise, parse_names, parse_page
from porter.home import new_file
from porter.pypi import certificates, index_url

LARGEST_PAGE = 64 << 20
LARGEST_LIST = 256 << 20
LARGEST_METADATA = 16 << 20
REDIRECTS = 5
GONE = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long upstream is waited for, in seconds.

    `connect` and `read` are for one step, `page` and `file` for all of an answer; `stale`: where
    there is an older answer, that one is given after so long; `pause`: after a failure upstream is
    not asked again for so long what there is an older answer to.
    """

    connect: float = 5.0
    read: float = 15.0
    page: float = 20.0
    file: float = 900.0
    stale: float = 3.0
    pause: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A client of another index. `url` has no slash at its end and no credentials in it.

    `role` is what errors call it.
    """

    url: httpx.URL
    auth: httpx.BasicAuth | None
    client: httpx.AsyncClient
    patience: Patience
    role: str = "upstream"

    async def names(self) -> tuple[str, ...]:
        """The normalised names of its projects; raises UpstreamFailed."""
        url, what = self.url.copy_with(path=f"{self.url.path}/"), "its projects"
        async with self._ask(url, what, self.patience.file, {"Accept": ACCEPT}) as answer:
            self._check(answer, what, gone=UpstreamFailed)
            body = await self._read(answer, LARGEST_LIST, what)
            kind = answer.headers.get("content-type", "")
        return await run_sync(lambda: parse_names(body, content_type=kind))

    async def page(self, name: str, earlier: Page | None) -> Page:
        """What upstream says of a project; `earlier` itself where that did not change.

        Raises NotHere where upstream has no such project, UpstreamFailed for anything else that
        is no page.
        """
        headers = {"Accept": ACCEPT}
        if earlier is not None and earlier.etag:
            headers["If-None-Match"] = earlier.etag
        what = f"the project {name}"
        url = self.url.copy_with(path=f"{self.url.path}/{name}/")
        async with self._ask(url, what, self.patience.page, headers) as answer:
            if answer.status_code == 304 and earlier is not None:
                return earlier
            self._check(answer, what)
            body = await self._read(answer, LARGEST_PAGE, what)
            kind, etag = (answer.headers.get(key, "") for key in ("content-type", "etag"))
            found = str(answer.url)
        page = await run_sync(lambda: parse_page(body, content_type=kind, url=found, name=name))
        return replace(page, etag=etag)

    async def file(self, promise: Promise, target: Path, *, partial: Path, largest: int) -> None:
        """Fetch a file to `target`, where it is only once its bytes are the promised ones.

        Until then it is in the folder `partial`, of the same file system. `largest` bounds its size in bytes. Raises UpstreamFailed, StorageFull.
        """
        what, found = promise.file.filename, hashlib.sha256()
        bound = promise.file.size or largest
        beside = partial / secrets.token_hex(8)
        try:
            await run_sync(lambda: partial.mkdir(parents=True, exist_ok=True))
            with beside.open("xb") as file:
                async with aclosing(self._chunks(promise.url, what, bound)) as chunks:
                    async for chunk in chunks:
                        found.update(chunk)
                        file.write(chunk)
            if found.hexdigest() != promise.file.sha256:
                raise UpstreamFailed(
                    f"{what}: {self.role} promised the sha256 {promise.file.sha256},"
                    f" its bytes have {found.hexdigest()}"
                )
            await run_sync(_settle, beside, target)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            kind = StorageFull if full else StorageAway
            raise kind(f"{what} cannot be kept: {error.strerror}") from error
        finally:
            beside.unlink(missing_ok=True)

    async def _chunks(self, url: str, what: str, bound: int) -> AsyncGenerator[bytes]:
        # As they are: a server might take the compression of an sdist for that of its answer.
        headers = {"Accept-Encoding": "identity"}
        size, seconds = 0, self.patience.file
        async with self._ask(httpx.URL(url), what, seconds, headers) as answer:
            self._check(answer, what, gone=UpstreamFailed)
            async for chunk in answer.aiter_raw(1 << 16):
                size += len(chunk)
                if size > bound:
                    raise UpstreamFailed(f"{self.role} sends more of {what} than {bound} bytes")
                yield chunk

    async def metadata(self, promise: Promise) -> bytes | None:
        """The METADATA beside a file (PEP 658); None where it is not what was promised.

        Raises UpstreamFailed where upstream does not answer.
        """
        what = f"{promise.file.filename}.metadata"
        url = httpx.URL(promise.url)
        url = url.copy_with(path=f"{url.path}.metadata")
        async with self._ask(url, what, self.patience.page, {}) as answer:
            try:
                self._check(answer, what)
            except NotHere:
                return None
            body = await self._read(answer, LARGEST_METADATA, what)
        expected = promise.file.metadata_sha256
        return body if hashlib.sha256(body).hexdigest() == expected else None

    @asynccontextmanager
    async def _ask(
        self, url: httpx.URL, what: str, seconds: float, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """An answer whose body is still to be read; all of it in so many seconds."""
        # Credentials are for the index itself, not for wherever its files are.
        auth = self.auth if url.netloc == self.url.netloc else None
        try:
            async with (
                asyncio.timeout(seconds),
                self.client.stream("GET", url, headers=dict(headers), auth=auth) as answer,
            ):
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError) as error:
            cause = type(error).__name__
            raise UpstreamFailed(
                f"{self.role} was asked for {what} and did not answer as it should ({cause})",
                advice="try again in a minute",
            ) from error

    def _check(
        self, answer: httpx.Response, what: str, gone: type[NotHere | UpstreamFailed] = NotHere
    ) -> None:
        if answer.status_code in GONE:
            raise gone(f"{self.role} does not have {what}")
        if answer.status_code != 200:
            raise UpstreamFailed(f"{self.role} was asked for {what} and said {answer.status_code}")

    async def _read(self, answer: httpx.Response, largest: int, what: str) -> bytes:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > largest:
                raise UpstreamFailed(f"{self.role}'s answer about {what} is too large")
        return bytes(body)


def open_origin(
    index: str, env: Mapping[str, str], patience: Patience, role: str = "upstream"
) -> Origin:
    """A client of the index at the URL `index`; where that is empty, of pip's own.

    Raises BadSettings for what is no such URL.
    """
    try:
        url = _parse_url(index, env)
    except httpx.InvalidURL as error:
        raise BadSettings(f"the address of {role} is no URL: {error}") from error
    auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
    url = url.copy_with(userinfo=b"", path=url.path.rstrip("/"))
    trusted = certificates(env) if url.scheme == "https" else None
    context = ssl.create_default_context(cafile=trusted) if trusted else True

    async def keep_private(request: httpx.Request) -> None:
        # Neither a page nor a redirect may lead from what is encrypted to what is not.
        if url.scheme == "https" and request.url.scheme != "https":
            raise httpx.UnsupportedProtocol("an address without encryption")

    client = httpx.AsyncClient(
        verify=context,
        timeout=httpx.Timeout(patience.read, connect=patience.connect),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
        follow_redirects=True,
        max_redirects=REDIRECTS,
        event_hooks={"request": [keep_private]},
        headers={"User-Agent": "porter-index"},
    )
    return Origin(url=url, auth=auth, client=client, patience=patience, role=role)


def _settle(beside: Path, target: Path) -> None:
    with new_file(target) as ready:
        beside.replace(ready)


def _parse_url(index: str, env: Mapping[str, str]) -> httpx.URL:
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    url = httpx.URL(index or index_url(env) or PYPI_SIMPLE_ENDPOINT)
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.InvalidURL("it begins with neither http:// nor https://")
    return url

"""Asks an index in its own process, as the client asks whose notebook is decided for."""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import CancelledError

from compat_report.catalog.fetch import LONGEST, Answer, Fetcher
from compat_report.serving.reading import Ask


class Line:
    """A way from threads to an event loop that answers. `failed` once it answered with a failure.

    `ask` is that of the newest request: those of one reader are told the same.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ask: Ask) -> None:
        self.loop = loop
        self.ask = ask
        self.failed = False

    def get(
        self, path: str, headers: Mapping[str, str], most: int
    ) -> tuple[int, dict[str, str], bytes]:
        """The answer to a GET; called from threads. Raises ValueError, TimeoutError."""

        async def asking() -> tuple[int, dict[str, str], bytes]:
            return await asyncio.wait_for(self.ask(path, headers, most), LONGEST)

        return asyncio.run_coroutine_threadsafe(asking(), self.loop).result(LONGEST)


class InsideFetcher(Fetcher):
    """A Fetcher of the index at `inside`, over a Line."""

    def __init__(self, url: str, *, role: str, inside: str, line: Line) -> None:
        # No credentials but the client's own.
        super().__init__(url, role=role, env={"NETRC": os.devnull})
        self._inside = inside
        self._line = line

    def _ask(self, url: str, headers: Mapping[str, str], most: int) -> Answer:
        plain = url.partition("#")[0]
        if not plain.startswith(f"{self._inside}/"):
            raise self.away("names a file that is elsewhere")
        try:
            status, told, body = self._line.get(plain.removeprefix(self._inside), headers, most)
        except (ValueError, TimeoutError, RuntimeError, CancelledError) as error:
            self._line.failed = True
            raise self.away(f"does not answer ({type(error).__name__})") from error
        if status in (401, 403):
            raise self.away("does not let us read it")
        if status >= 500 or status == 429:
            self._line.failed = True
            raise self.away(f"fails (status {status})")
        return Answer(
            status=status,
            kind=told.get("content-type", ""),
            etag=told.get("etag", ""),
            body=body,
            url=plain,
            total=_total(told.get("content-range", "")),
        )


def _total(content_range: str) -> int | None:
    size = content_range.rpartition("/")[2]
    return int(size) if size.isdecimal() else None

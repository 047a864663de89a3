"""`porter/wheels/…`: the index's wheels, each compiled once a kernel of this server asked for it.

A kernel that asks is sent to the index; the next ones find the compiled wheel in the lock file.
"""

import asyncio
import logging
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from kernel_bridge.compiled import Compiled, Shelf, place_wheels

# Bytes of a wheel that is compiled at most.
LARGEST = 256 << 20
LOG = logging.getLogger(__name__)


class Wheels:
    """Those of the lock files so far: where they are, and what was made of them."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._addresses: dict[str, str] = {}
        self._compiled: dict[str, Compiled] = {}
        self._wanted: dict[str, None] = {}
        self._failed: set[str] = set()
        self._work: asyncio.Task[None] | None = None
        # Another number once more of them are compiled.
        self.version = 0

    def place(self, lock: Mapping[str, Any]) -> Mapping[str, Any]:
        """A lock file of the index's with what is compiled of it."""
        if self._shelf.python is None:
            return lock
        for package in lock["packages"].values():
            source, address = package.get("sha256"), str(package.get("file_name", ""))
            if source and address.startswith(("http://", "https://")):
                self._addresses[source] = address
        return place_wheels(lock, self._find, self._is_coming)

    def find(self, digest: str) -> Compiled | None:
        """A compiled wheel that a lock file told of, by its own sha256."""
        return self._compiled.get(digest)

    def ask(self, source: str, client: httpx.AsyncClient) -> str | None:
        """The index's address of a wheel that a lock file told of; it is compiled meanwhile."""
        address = self._addresses.get(source)
        if address and self._is_coming(source):
            self._wanted[source] = None
            if self._work is None or self._work.done():
                self._work = asyncio.create_task(self._compile_all(client))
        return address

    async def close(self) -> None:
        """Give up what is not compiled yet."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def _find(self, source: str) -> Compiled | None:
        found = self._shelf.find(source)
        if found is not None:
            self._compiled[found.sha256] = found
        return found

    def _is_coming(self, source: str) -> bool:
        known = source in self._addresses and source not in self._failed
        return known and not self._shelf.is_settled(source)

    async def _compile_all(self, client: httpx.AsyncClient) -> None:
        # One lock file changes for all that a cell asked for, so that few kernels are behind it.
        while self._wanted:
            source = next(iter(self._wanted))
            try:
                await self._compile(source, client)
            except (OSError, httpx.HTTPError, ValueError) as error:
                self._failed.add(source)
                LOG.warning("a wheel is not compiled: %s", error)
            finally:
                self._wanted.pop(source, None)
        self.version += 1

    async def _compile(self, source: str, client: httpx.AsyncClient) -> None:
        """Raises ValueError where the index sends something else, OSError, httpx.HTTPError."""
        address = self._addresses[source]
        with tempfile.TemporaryDirectory(prefix="porter-wheel-") as folder:
            wheel = Path(folder) / address.rpartition("/")[2]
            size, digest = 0, sha256()
            with wheel.open("wb") as file:
                async with client.stream("GET", address) as answer:
                    answer.raise_for_status()
                    async for part in answer.aiter_bytes():
                        size += len(part)
                        if size > LARGEST:
                            raise ValueError(f"{wheel.name} has more than {LARGEST} bytes")
                        digest.update(part)
                        file.write(part)
            if digest.hexdigest() != source:
                raise ValueError(f"{wheel.name} is not what the lock file says")
            await self._shelf.add(wheel)

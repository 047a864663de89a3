"""The runtimes that a server has, fetched beside its work."""

import os
import threading
import time
from pathlib import Path

import structlog

from index_server.errors import RuntimeAway
from index_server.holdings import Holdings
from index_server.runtimes.packing import pack_all
from index_server.runtimes.shelf import Digests, Shelf, fill_shelf
from porter.environment import tool_env
from porter.errors import PorterError
from porter.platform import Platform

# In seconds: for how long a request waits for a runtime, how often is looked for files that were
# laid beside, and when a fetch that failed is tried again.
PATIENCE = 10.0
LOOK = 5.0
RETRY = 30.0

log = structlog.get_logger("index_server")


class Runtimes:
    """The shelves of an index's platforms. Threads of its own fetch, and `compress` for sending."""

    def __init__(
        self, index: Holdings, *, patience: float = PATIENCE, compress: bool = True
    ) -> None:
        self._index = index
        self._patience = patience
        self._compress = compress
        self._places = {name: _Place() for name in index.platforms}

    def start(self) -> None:
        """Begin to fetch what is not here, and to compress what is."""
        for platform in self._index.platforms.values():
            self._begin(platform)

    def shelf(self, platform: Platform) -> Shelf:
        """What there is of a platform; raises RuntimeAway where it is not there in time."""
        place = self._places[platform.name]
        if place.shelf is None:
            self._begin(platform)
            place.ready.wait(self._patience)
        elif time.monotonic() - place.looked > LOOK and place.lock.acquire(blocking=False):
            # Others go on with what is known meanwhile.
            try:
                self._fill(platform, place)
            finally:
                place.lock.release()
        if place.shelf is not None:
            return place.shelf
        what = f"the runtime of Pyodide {platform.pyodide}"
        if place.failure is not None:
            raise RuntimeAway(
                f"{what} is not here: {place.failure.message}", advice=place.failure.advice
            ) from place.failure
        raise RuntimeAway(f"{what} is being fetched", advice="ask again in a minute")

    def _begin(self, platform: Platform) -> None:
        """Fill a shelf in a thread, unless one does, or has failed a moment ago."""
        place = self._places[platform.name]
        with place.lock:
            failed = place.failure is not None and time.monotonic() - place.looked < RETRY
            if place.shelf is not None or place.busy or failed:
                return
            place.busy = True
            place.ready.clear()
        # A fetch that is cut off leaves nothing that counts, so nobody has to wait for it.
        threading.Thread(target=self._work, args=(platform, place), daemon=True).start()

    def _work(self, platform: Platform, place: "_Place") -> None:
        try:
            with place.lock:
                self._fill(platform, place)
        finally:
            place.busy = False
            place.ready.set()

    def _fill(self, platform: Platform, place: "_Place") -> None:
        beside = Path(self._index.settings.data) / "runtime" / platform.pyodide
        home = self._index.home
        place.looked = time.monotonic()
        try:
            shelf = fill_shelf(
                platform,
                beside,
                home=home,
                env=tool_env(os.environ, home),
                digests=place.digests,
            )
        except PorterError as error:
            place.failure = error
            log.warning("runtime away", platform=platform.name, error=error.message)
            return
        except OSError as error:
            place.failure = PorterError(f"its files cannot be read: {error.strerror}")
            log.warning("runtime away", platform=platform.name, error=place.failure.message)
            return
        finally:
            place.looked = time.monotonic()
        changed = place.shelf is None or place.shelf.stamp != shelf.stamp
        place.shelf, place.failure = shelf, None
        if changed and self._compress:
            files = [(file.path, file.sha256) for file in shelf.files.values()]
            threading.Thread(target=_pack, args=(files, self._index), daemon=True).start()


class _Place:
    """What is known of one platform."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ready = threading.Event()
        self.busy = False
        self.shelf: Shelf | None = None
        self.failure: PorterError | None = None
        self.looked = 0.0
        self.digests = Digests()


def _pack(files: list[tuple[Path, str]], index: Holdings) -> None:
    try:
        pack_all(files, index.home)
    except (OSError, PorterError) as error:
        # They are sent as they are, which is correct and slower.
        log.warning("runtime not compressed", error=str(error))

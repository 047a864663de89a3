"""What this machine keeps of upstream, below the data folder's `upstream`.

`pages/NAME.json` is upstream's last answer about a project, its time the moment it was last
confirmed; `files/` holds bytes by their sha256; `metadata/NAME/WHEEL-METADATA` a wheel's METADATA,
its name the two hashes; `partial/` is what is being fetched. All of it may be removed at any time: it is fetched again.
"""

import contextlib
import hashlib
import os
import time
import zipfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from index_server.model import File
from index_server.public.promises import Page, dump_page, load_page
from porter.home import new_file

REMEMBERED = 256
# In seconds: what was not written to for so long belongs to no fetch.
ABANDONED = 3600.0
LARGEST_METADATA = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """A page and when upstream last confirmed it, in seconds since 1970."""

    page: Page
    checked: float

    @property
    def age(self) -> float:
        """Seconds since then; a clock that was set back makes it old."""
        age = time.time() - self.checked
        return age if age >= 0 else float("inf")


@dataclass(slots=True, kw_only=True)
class Cache:
    """The folder. Several server processes use it at once: each file is written whole."""

    folder: Path
    remembered: OrderedDict[str, tuple[int, Page]] = field(default_factory=OrderedDict)

    @property
    def partial(self) -> Path:
        """Where files are until all of them is there."""
        return self.folder / "partial"

    def tidy(self) -> None:
        """Remove what a killed server was fetching."""
        for path in self.partial.glob("*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink()

    def page(self, name: str) -> KeptPage | None:
        """The page of a project, None where none is kept."""
        path = self._page(name)
        with contextlib.suppress(OSError):
            stamp = path.stat().st_mtime_ns
            known = self.remembered.get(name)
            page = known[1] if known and known[0] == stamp else load_page(path.read_bytes())
            if page is not None and page.name == name:
                self._remember(name, stamp, page)
                return KeptPage(page=page, checked=stamp / 1e9)
        return None

    def keep_page(self, page: Page) -> None:
        """Keep upstream's new answer; raises OSError."""
        path = self._page(page.name)
        with new_file(path) as file:
            file.write_bytes(dump_page(page))
        self._remember(page.name, path.stat().st_mtime_ns, page)

    def confirm_page(self, name: str) -> None:
        """Upstream says that its answer is the same."""
        # Another process may have forgotten it in between.
        with contextlib.suppress(OSError):
            os.utime(self._page(name))

    def forget_page(self, name: str) -> None:
        """Upstream has no such project any more."""
        self.remembered.pop(name, None)
        with contextlib.suppress(OSError):
            self._page(name).unlink()

    def file(self, file: File) -> Path:
        """Where the bytes of a file are, or will be."""
        return self.folder / "files" / file.key

    def learned(self, project: str) -> dict[str, str]:
        """The hashes of METADATA that are kept, by the wheel's; empty where there is none."""
        try:
            names = os.listdir(self.folder / "metadata" / project)  # noqa: PTH208 # names are enough
        except OSError:
            return {}
        parts = (name.partition("-") for name in names if not name.startswith("."))
        return {wheel: metadata for wheel, _, metadata in parts}

    def metadata(self, file: File, digest: str) -> bytes | None:
        """The METADATA of a wheel, None where none of that hash is kept."""
        try:
            body = self._metadata(file, digest).read_bytes()
        except OSError:
            return None
        return body if hashlib.sha256(body).hexdigest() == digest else None

    def keep_metadata(self, file: File, body: bytes | None) -> str:
        """Keep a wheel's METADATA, or that it has none; its hash. Raises OSError."""
        digest = hashlib.sha256(body).hexdigest() if body is not None else ""
        target = self._metadata(file, digest)
        if not target.is_file():
            with new_file(target) as beside:
                beside.write_bytes(body or b"")
        return digest

    def learn(self, file: File) -> str:
        """Take the METADATA of a wheel that is kept out of it; its hash. Raises OSError."""
        return self.keep_metadata(file, read_metadata(self.file(file)))

    def _page(self, name: str) -> Path:
        return self.folder / "pages" / f"{name}.json"

    def _metadata(self, file: File, digest: str) -> Path:
        return self.folder / "metadata" / file.project / f"{file.sha256}-{digest}"

    def _remember(self, name: str, stamp: int, page: Page) -> None:
        self.remembered[name] = stamp, page
        self.remembered.move_to_end(name)
        while len(self.remembered) > REMEMBERED:
            self.remembered.popitem(last=False)


def read_metadata(wheel: Path) -> bytes | None:
    """The METADATA of a wheel file; None where it has none, or more than one, or is no zip."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [
                member
                for member in archive.infolist()
                if member.filename.endswith(".dist-info/METADATA")
                and member.filename.count("/") == 1
            ]
            if len(found) != 1 or found[0].file_size > LARGEST_METADATA:
                return None
            return archive.read(found[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return None

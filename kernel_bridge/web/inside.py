"""`porter/inside.zip`: what runs inside kernels, for those that have none of Porter installed."""

import io
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tornado import web

from kernel_bridge.web.handler import BridgeHandler, Route

ROOT = Path(__file__).parents[1]
SUFFIXES = (".py", ".toml", ".json")
# The earliest that a zip file can say.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The archive, and its sha256 in hexadecimal."""

    content: bytes
    sha256: str


def read_inside(root: Path = ROOT) -> Inside:
    """The folder `inside/` below an empty `kernel_bridge/__init__.py`: a zip file to import from.

    The same files give the same bytes.
    """
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(zipfile.ZipInfo("kernel_bridge/__init__.py", EPOCH), b"")
        for path in _files(root):
            name = path.relative_to(root).as_posix()
            info = zipfile.ZipInfo(f"kernel_bridge/{name}", EPOCH)
            archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
    content = held.getvalue()
    return Inside(content=content, sha256=sha256(content).hexdigest())


def _files(root: Path) -> list[Path]:
    found = (path for path in (root / "inside").rglob("*") if path.suffix in SUFFIXES)
    return sorted(path for path in found if path.is_file())


class _Kept:
    """The archive, made anew where a file was changed since."""

    def __init__(self) -> None:
        self._state: tuple[object, ...] = ()
        self._inside: Inside | None = None

    def inside(self) -> Inside:
        state = tuple((path, path.stat().st_mtime_ns) for path in _files(ROOT))
        if self._inside is None or state != self._state:
            self._inside, self._state = read_inside(), state
        return self._inside


KEPT = _Kept()


class InsideHandler(BridgeHandler):
    """The archive, by its ETag."""

    @web.authenticated
    async def get(self) -> None:
        """The archive; 304 where who asks has it."""
        inside = KEPT.inside()
        self.set_header("ETag", f'"{inside.sha256}"')
        self.set_header("Cache-Control", "no-cache")
        if self.check_etag_header():
            self.set_status(304)
            await self.finish()
            return
        await self.finish(inside.content, set_content_type="application/zip")


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [("/porter/inside.zip", InsideHandler, {})]

"""A browser kernel's file system, on Jupyter's contents manager: one function an operation.

The operations are those of `@jupyterlite/services`, lib/contents/drivefs.js, 0.8.4: a worker asks
for each by name, with a path below the server's root. What a kernel reads and writes are the bytes
of the same files that the server's kernels see, whatever Jupyter would make of them: a notebook is
a file of JSON here.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from jupyter_core.utils import ensure_async
from jupyter_server.services.contents.manager import ContentsManager
from tornado.web import HTTPError

from kernel_bridge.errors import BadRequest, BridgeError, NotAllowed, NotThere, TooMuch

# stat.h: a folder and a file that may be read and written, as lib/contents/emscripten.js has them.
FOLDER, FILE = 0o040777, 0o100666
KIND = 0o170000
BLOCK = 4096
# The worker makes bytes of base64 only; text would lose what is not UTF-8.
FORMAT = "base64"


class NotEmpty(BridgeError):
    """A folder with something in it is not removed, and nothing is moved onto one."""

    status = 409
    exit_code = 2


class Drive:
    """The operations; raises NotThere, NotAllowed, NotEmpty, TooMuch and BadRequest."""

    def __init__(self, contents: ContentsManager, *, most: int) -> None:
        # Its methods have no types.
        self._contents: Any = contents
        self._most = most

    async def lookup(self, path: str) -> dict[str, object]:
        """Whether something is there, and its mode."""
        try:
            return {"ok": True, "mode": await self.getmode(path)}
        except NotThere:
            return {"ok": False}

    async def getmode(self, path: str) -> int:
        """A folder's or a file's."""
        return FOLDER if (await self._model(path))["type"] == "directory" else FILE

    async def getattr(self, path: str) -> dict[str, object]:
        """What `stat` tells; times as ISO 8601 has them."""
        model = await self._model(path)
        size = model.get("size") or 0
        modified, created = _time(model["last_modified"]), _time(model["created"])
        return {
            "dev": 1,
            "nlink": 1,
            "uid": 0,
            "gid": 0,
            "rdev": 0,
            "size": size,
            "blksize": BLOCK,
            "blocks": -(-size // BLOCK),
            "atime": modified,
            "mtime": modified,
            "ctime": created,
            "timestamp": 0,
        }

    async def readdir(self, path: str) -> list[str]:
        """The names in a folder."""
        model = await self._ask("get", path, content=True, type="directory")
        return [str(one["name"]) for one in model["content"]]

    async def get(self, path: str) -> dict[str, object] | None:
        """A file's bytes; None where there is no such file, which the worker takes for ENOENT."""
        try:
            model = await self._model(path)
            if model["type"] == "directory":
                return None
            self._check_size(model.get("size") or 0, path)
            model = await self._ask("get", path, content=True, type="file", format=FORMAT)
        except NotThere:
            return None
        return {"content": str(model["content"]).replace("\n", ""), "format": FORMAT}

    async def put(self, path: str, data: Mapping[str, Any]) -> None:
        """Write a file, all of it: the contents manager writes beside and renames."""
        text, kind = data.get("data"), data.get("format")
        if not isinstance(text, str) or kind not in (FORMAT, "text", "json"):
            raise BadRequest("there are no bytes to write", advice="send data and its format")
        if kind != FORMAT:
            text = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
        await self._write(path, text)

    async def mknod(self, path: str, data: Mapping[str, Any]) -> None:
        """Make a folder or an empty file; a file that is there already is left as it is."""
        mode = data.get("mode")
        if not isinstance(mode, int) or isinstance(mode, bool):
            raise BadRequest("there is no mode", advice="send a number")
        if mode & KIND == FOLDER & KIND:
            await self._save(path, {"type": "directory"})
        elif not (await self.lookup(path))["ok"]:
            await self._write(path, "")

    async def rename(self, path: str, data: Mapping[str, Any]) -> None:
        """Move a file or a folder; a file in its way is replaced, as POSIX has it."""
        target = data.get("newPath")
        if not isinstance(target, str):
            raise BadRequest("there is no newPath", advice="send a path")
        target = clean(target)
        there = await self.lookup(target)
        if not there["ok"]:
            await self._ask("rename", path, target)
        elif target != path:
            if there["mode"] == FOLDER or await self.getmode(path) == FOLDER:
                raise NotEmpty(f"{target} is in the way", advice="remove it first")
            held = await self.get(path)
            # Written as a whole before the other is removed: nothing is lost between.
            await self._write(target, str(held["content"]) if held else "")
            await self._ask("delete", path)

    async def rmdir(self, path: str) -> None:
        """Remove a file or an empty folder (a worker asks the same for both)."""
        if not path:
            raise NotAllowed("the server's folder itself is not removed", advice="")
        if await self.getmode(path) == FOLDER and await self.readdir(path):
            raise NotEmpty(f"{path} is not empty", advice="remove what is in it first")
        await self._ask("delete", path)

    async def _model(self, path: str) -> Mapping[str, Any]:
        folder = await ensure_async(self._contents.dir_exists(path))
        kind = "directory" if folder else "file"
        model = await self._ask("get", path, content=False, type=kind)
        return cast("dict[str, Any]", model)

    async def _write(self, path: str, text: str) -> None:
        self._check_size(len(text) * 3 // 4, path)
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise BadRequest("the bytes are no base64", advice="send them whole") from error
        await self._save(path, {"type": "file", "format": FORMAT, "content": text})

    async def _save(self, path: str, model: Mapping[str, object]) -> None:
        if not path:
            raise NotAllowed("the server's folder itself is not written to", advice="")
        try:
            await ensure_async(self._contents.save({**model}, path))
        except HTTPError as error:
            raise _told(error, path) from error

    async def _ask(self, name: str, path: str, *more: object, **options: object) -> Any:
        try:
            return await ensure_async(getattr(self._contents, name)(path, *more, **options))
        except HTTPError as error:
            raise _told(error, path) from error

    def _check_size(self, size: int, path: str) -> None:
        if size > self._most:
            raise TooMuch(
                f"{path} has more than {self._most} bytes",
                advice="work on it in a server's kernel, or set c.PorterBridge.bytes_limit",
            )


def clean(path: str) -> str:
    """The path as the contents manager takes it: relative to its root, "" the root itself.

    Raises NotThere for what could lead out of it, which no file system of a worker asks for.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or any("\0" in part or "\\" in part for part in parts):
        raise NotThere("there is no such path", advice="paths are below the server's folder")
    return "/".join(parts)


def _told(error: HTTPError, path: str) -> BridgeError:
    """What the contents manager says no to, by its status."""
    message = f"{path}: {error.log_message or error.reason or 'it cannot be done'}"
    kinds: dict[int, type[BridgeError]] = {403: NotAllowed, 404: NotThere, 413: TooMuch}
    kind = kinds.get(error.status_code, BadRequest)
    return kind(message, advice="see the server's log")


def _time(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

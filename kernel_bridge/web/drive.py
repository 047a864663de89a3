"""`POST api/drive`: a browser kernel's files are the server's.

A worker of `@jupyterlite/pyodide-kernel` asks with `{"data": {"method": …, "path": …, "data"?: …},
"browsingContextId": …}` and waits for the answer: JSON, as the method has it. Whatever is answered
with a status of 400 and more is EINVAL to it; ENOENT it makes of `lookup` and `get` alone. `errno`
names the error that it would be in a kernel of the server.
"""

import errno
from collections.abc import Mapping
from typing import Any

from tornado import web

from kernel_bridge.drive import Drive, NotEmpty, clean
from kernel_bridge.errors import BadRequest, BridgeError, NotAllowed, NotThere, TooMuch
from kernel_bridge.settings import BridgeSettings
from kernel_bridge.web.context import ContextHandler
from kernel_bridge.web.handler import Route

READS = ("lookup", "getmode", "getattr", "readdir", "get")
WRITES = ("put", "mknod", "rename", "rmdir")
# Those that take more than a path.
WITH_DATA = ("put", "mknod", "rename")
ERRNO: Mapping[type[BridgeError], int] = {
    NotThere: errno.ENOENT,
    NotAllowed: errno.EACCES,
    NotEmpty: errno.ENOTEMPTY,
    TooMuch: errno.EFBIG,
}


class DriveHandler(ContextHandler):
    """One operation a request."""

    @web.authenticated
    async def post(self) -> None:
        """Do what is asked; raises what `kernel_bridge.drive` does."""
        _, asked = self.page_body()
        method, path, data = asked.get("method"), asked.get("path"), asked.get("data")
        if method not in READS + WRITES or not isinstance(path, str):
            raise BadRequest("there is no such operation", advice="send a method and a path")
        await self.check_may("read" if method in READS else "write", "contents")
        settings: BridgeSettings = self.settings["porter"]
        drive = Drive(self.contents_manager, most=settings.bytes_limit)
        arguments: list[Any] = [clean(path)]
        if method in WITH_DATA:
            if not isinstance(data, dict):
                raise BadRequest("there is no data", advice="send an object")
            arguments.append(data)
        await self.send_json(await getattr(drive, method)(*arguments))

    def write_error(self, status_code: int, **told: Any) -> None:
        """As everywhere, with the name of an errno."""
        error = told["exc_info"][1] if "exc_info" in told else None
        if not isinstance(error, BridgeError):
            super().write_error(status_code, **told)
            return
        self.set_status(error.status)
        number = ERRNO.get(type(error), errno.EINVAL)
        answer = {"error": type(error).__name__, "message": str(error), "advice": error.advice}
        self.finish({**answer, "errno": errno.errorcode[number]})


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [("/api/drive", DriveHandler, {})]

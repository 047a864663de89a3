"""What each of the bridge's handlers stands on: who asks is known, errors are answers."""

import json
import traceback
from collections.abc import Mapping
from typing import Any, cast

from jupyter_server.base.handlers import APIHandler
from tornado import web

from kernel_bridge.errors import BadRequest, BridgeError

# A pattern below the server's base address, the handler, and what it is initialised with.
type Route = tuple[str, type[web.RequestHandler], dict[str, object]]


class BridgeHandler(APIHandler):
    """A handler of the bridge.

    Who asks is authenticated, and requests that change something come from the server's own
    pages (`X-XSRFToken`) or with a token: Jupyter's own rules, which every subclass keeps by
    decorating its methods with `tornado.web.authenticated`.

    A BridgeError becomes `{"error": class, "message": what failed, "advice": what to do}` with
    its status.
    """

    def write_error(self, status_code: int, **told: Any) -> None:  # noqa: ARG002 # Tornado's
        """Answer with what failed; nothing of a traceback is told."""
        error = told["exc_info"][1] if "exc_info" in told else None
        self.set_header("Content-Type", "application/json")
        if isinstance(error, BridgeError):
            self.set_status(error.status)
            self.finish(
                {"error": type(error).__name__, "message": str(error), "advice": error.advice}
            )
            return
        message = getattr(error, "log_message", None) or self._reason
        self.finish({"error": "HTTPError", "message": message, "advice": ""})

    def log_exception(self, *told: Any) -> None:
        """A BridgeError is told to who asked; anything else is a defect, and logged whole."""
        if isinstance(told[1], BridgeError):
            self.log.info("%s: %s", type(told[1]).__name__, told[1])
            return
        if not isinstance(told[1], web.HTTPError):
            self.log.error("".join(traceback.format_exception(*told)))

    def json_body(self) -> Mapping[str, object]:
        """The request's body, an object of JSON; raises BadRequest."""
        try:
            body = json.loads(self.request.body, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise BadRequest("the body is not JSON", advice="send an object of JSON") from error
        if not isinstance(body, dict):
            raise BadRequest("the body is not an object of JSON", advice="send an object of JSON")
        return cast("dict[str, object]", body)


def _refuse(constant: str) -> None:
    """NaN and Infinity, which Python reads and RFC 8259 does not know."""
    raise ValueError(constant)

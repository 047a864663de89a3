"""Handlers of what a kernel's worker asks by synchronous requests, without `X-XSRFToken`.

Who asks is known by Jupyter's cookie or token, as everywhere. That the request comes from a page of
this server is proved by three things together, in the place of the header:

- the body has a context that was issued to a page of this user (`kernel_bridge.contexts`): nobody
  else can know one;
- `Origin`, which browsers send with every POST, is this server's;
- `Sec-Fetch-Site`, where it is sent, is `same-origin`: another port of the same machine is
  `same-site`, and is sent the same cookies.

The body is refused before anything of it is done.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from jupyter_core.utils import ensure_async

from kernel_bridge.contexts import Contexts
from kernel_bridge.errors import BadRequest, NotAllowed
from kernel_bridge.web.handler import BridgeHandler

RELOAD = "load the page again"


class ContextHandler(BridgeHandler):
    """A handler that takes the context of a page in the place of `X-XSRFToken`."""

    def check_xsrf_cookie(self) -> None:
        """What is checked of the headers; `page_body` checks the context."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise NotAllowed("another site asks", advice="only pages of this server may")

    def page_body(self) -> tuple[str, Mapping[str, Any]]:
        """The page's context, and what is asked under `data`.

        Raises BadRequest, or NotAllowed where the context is not the user's.
        """
        body = self.json_body()
        context, data = body.get("browsingContextId"), body.get("data")
        if not isinstance(context, str) or not isinstance(data, dict):
            raise BadRequest(
                "there is no browsingContextId, or no data", advice="send what a worker sends"
            )
        self.check_context(context)
        return context, cast("dict[str, Any]", data)

    def check_context(self, context: str) -> None:
        """Raises NotAllowed where the context was not issued to this user."""
        contexts: Contexts = self.settings["porter_contexts"]
        if not contexts.is_of(context, self.current_user.username):
            raise NotAllowed("no page of yours has this context", advice=RELOAD)

    async def check_may(self, action: str, resource: str) -> None:
        """What Jupyter's authorizer says, as its own handlers ask it; raises NotAllowed."""
        may = self.authorizer.is_authorized(self, self.current_user, action, resource)
        if not await ensure_async(may):
            raise NotAllowed(f"you may not {action} {resource} here", advice="ask who runs it")

    async def send_json(self, value: object) -> None:
        """Any value of JSON, which nobody keeps."""
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(value))

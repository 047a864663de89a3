"""Decisions over HTTP, at addresses of an index, made from what that index has."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Receive, Scope, Send

from porter.home import Home
from porter.platform import Platform

NEEDED = ("IPython", "jupytext", "nbformat", "orjson", "pyarrow")


def mount(*, home: Home, platforms: Mapping[str, Platform]) -> Mapping[str, ASGIApp]:
    """The applications of an index that keeps its cache in `home` and serves `platforms`, by path.

    Raises ImportError where the report's requirements are not installed.
    """
    for name in NEEDED:
        if find_spec(name) is None:
            raise ImportError(f"{name} is not installed", name=name)

    def decisions() -> ASGIApp:
        from compat_report.serving.application import Decisions

        return Decisions(home=home, platforms=platforms)

    def schema() -> ASGIApp:
        from compat_report.serving.application import schema

        return schema

    def document() -> ASGIApp:
        from compat_report.serving.application import document

        return document(platforms)

    return {
        "/api/decisions": _Lazy(decisions),
        "/api/decisions/schema": _Lazy(schema),
        "/api/decisions/openapi.json": _Lazy(document),
    }


class _Lazy:
    """Made when it is first asked: an index starts without reading what few will ask for."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            made = await run_sync(self._make)
            # Of several that were made at once the first stays.
            self._app = self._app or made
        await self._app(scope, receive, send)

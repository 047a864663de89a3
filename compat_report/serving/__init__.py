"""Decisions over HTTP, below the address of an index, made from what that index has."""

from collections.abc import Mapping
from importlib.util import find_spec

from starlette.types import ASGIApp

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
    from compat_report.serving.application import Decisions, document, schema

    return {
        "/api/decisions": Decisions(home=home, platforms=platforms),
        "/api/decisions/schema": schema,
        "/api/decisions/openapi.json": document,
    }

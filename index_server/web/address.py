"""The address that clients see: behind a proxy it is another than the server's own."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from index_server.settings import Settings

BASE = "porter.base"
PREFIX = "porter.prefix"
# A host as it may stand in an address of ours: no other character ever gets into a response.
HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


def base_of(scope: MutableMapping[str, Any]) -> str:
    """The index's address as this client sees it, without a slash at its end.

    It has the prefix `/t/TOKEN` in it where the client used one.
    """
    return f"{scope[BASE]}{scope.get(PREFIX, '')}"


def find_base(settings: Settings, headers: Mapping[str, str], scope: Mapping[str, Any]) -> str:
    """The address from the settings, else from a proxy that is believed, else from the request.

    `X-Forwarded-*` counts only where the settings name the address it comes from.
    """
    if settings.base_url:
        return settings.base_url.rstrip("/")
    scheme, host, path = scope.get("scheme", "http"), headers.get("host", ""), ""
    client = scope.get("client")
    if settings.proxies and client and client[0] in settings.proxies:
        # Each proxy on the way appends: the first is what the client itself asked for.
        scheme = headers.get("x-forwarded-proto", scheme).split(",")[0].strip()
        host = headers.get("x-forwarded-host", host).split(",")[0].strip()
        path = headers.get("x-forwarded-prefix", "").split(",")[0].strip().rstrip("/")
    if scheme not in ("http", "https"):
        scheme = "http"
    if not HOST.fullmatch(host):
        name, port = scope.get("server") or (settings.host, settings.port)
        host = f"{name}:{port}"
    return f"{scheme}://{host}{path if PATH.fullmatch(path) else ''}"

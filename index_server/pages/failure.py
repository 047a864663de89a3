"""Errors as pages: for those who sit before a browser."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.types import Scope

from index_server.pages.render import HEADERS, render
from index_server.people.access import ANYBODY, principal_of
from index_server.web.address import base_of

# Every browser takes it, and no other client does.
XHTML = b"application/xhtml+xml"
HEADINGS: Mapping[int, str] = {
    400: "This was not understood",
    401: "Log in first",
    403: "This is not allowed",
    404: "There is no such page",
    409: "That does not fit",
    500: "A mistake in the index",
    502: "The public index does not answer",
    503: "The index cannot answer now",
}


def is_person(scope: Scope) -> bool:
    """Whether a browser asks for a page.

    Older pips take nothing but HTML: led to the login page, they would take it for a project's.
    """
    headers = dict(scope["headers"])
    accept: bytes = headers.get(b"accept", b"")
    navigates = headers.get(b"sec-fetch-mode") == b"navigate" or XHTML in accept
    return accept.startswith(b"text/html") and navigates and "/api/" not in scope["path"]


def failure_page(
    status: int, message: str, advice: str, scope: Scope
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of an error; who is nobody and would have to log in is sent there."""
    asked = scope["path"]
    nobody = principal_of(scope) is ANYBODY
    if status == 401 and scope["method"] == "GET" and nobody and asked != "/login":
        if scope["query_string"]:
            asked += "?" + scope["query_string"].decode("latin-1")
        where = f"{base_of(scope)}/login?next={quote(asked, safe='')}"
        return 303, [(b"location", where.encode()), (b"content-length", b"0"), *_shared()], b""
    heading = HEADINGS.get(status, "This did not work")
    text = render(
        "error.html", scope, status=status, heading=heading, message=message, advice=advice
    )
    body = text.encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    return status, [*headers, *_shared()], body


def _shared() -> list[tuple[bytes, bytes]]:
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]

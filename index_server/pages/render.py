"""A template and its values become a response, with the policy that keeps it harmless."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from index_server.pages.assets import asset_path
from index_server.pages.shown import show_day, show_moment, show_size
from index_server.people.access import ANYBODY, Permission, principal_of
from index_server.web.address import BASE, base_of
from index_server.web.negotiate import choose_encoding, compress

# No inline script, no other host, no frame: what an uploader wrote is text and stays text.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # A path may hold a token: it is told to nobody else. Forms need their Origin header.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept, Accept-Encoding, Cookie, Authorization",
}

ENVIRONMENT = Environment(
    loader=PackageLoader("index_server.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.filters |= {
    "size": show_size,
    "day": show_day,
    "moment": show_moment,
    "segment": lambda text: quote(text, safe=""),
}
ENVIRONMENT.globals["asset"] = asset_path


def render(template: str, scope: Scope, **values: Any) -> str:
    """A page as text. `root` is the path, `base` the address, that all its links begin with."""
    base = base_of(scope)
    principal = principal_of(scope)
    shared: Mapping[str, Any] = {
        "base": base,
        "upload_base": scope[BASE],
        "root": urlsplit(base).path,
        "principal": None if principal is ANYBODY else principal,
        "is_admin": principal.may(Permission.ADMIN),
    }
    return ENVIRONMENT.get_template(template).render({**shared, **values})


def send_page(template: str, scope: Scope, *, status: int = 200, **values: Any) -> Response:
    """A page as a response.

    It is compressed only for those who are nobody: no secret of theirs stands beside what others
    wrote.
    """
    return make_response(render(template, scope, **values), scope, status=status)


def make_response(text: str, scope: Scope, *, status: int = 200) -> Response:
    """The response of a page's text."""
    body, headers = text.encode(), {**HEADERS, "Cache-Control": "private, no-cache"}
    if principal_of(scope) is ANYBODY:
        encoding = choose_encoding(Headers(scope=scope).get("accept-encoding", ""))
        if encoding != "identity":
            body = compress(body, encoding)
            headers["Content-Encoding"] = encoding.value
    return Response(body, status, headers, "text/html; charset=utf-8")

"""The pages' own style sheet and scripts, at addresses that change with their content."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from index_server.errors import NotHere
from index_server.web.address import base_of
from index_server.web.answers import FILE_CACHE
from index_server.web.negotiate import choose_encoding, compress

NAMES = ("pages.css", "pages.mjs", "worker.mjs", "snippet.py", "icon.svg")
TYPES = {".mjs": "text/javascript; charset=utf-8", ".py": "text/x-python; charset=utf-8"}
WORKER = "worker.mjs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One static file."""

    body: bytes
    content_type: str
    digest: str


@cache
def read_asset(name: str) -> Asset:
    """A static file of this package; raises NotHere."""
    if name not in NAMES:
        raise NotHere(f"there is no static file {name}")
    body = files("index_server.pages").joinpath("static", name).read_bytes()
    suffix = name[name.rindex(".") :]
    kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(body=body, content_type=kind, digest=hashlib.sha256(body).hexdigest()[:12])


def asset_path(name: str) -> str:
    """`/static/DIGEST/NAME`."""
    return f"/static/{read_asset(name).digest}/{name}"


def worker_policy(base: str) -> str:
    """What Try it's worker may reach: the runtime and the wheels of this index, nothing else.

    It runs what an uploader wrote, at the address of those who are logged in here. Its requests
    cannot reach the pages, the management API or another host; a path without a scheme keeps to
    the page's own. `unsafe-eval`: wheels' modules bring JavaScript (Emscripten's EM_JS, EM_ASM),
    which runs inside the worker and under this very policy.
    """
    parts = urlsplit(base)
    here = f"{parts.netloc}{parts.path}"
    scripts = f"{here}/static/ {here}/r/"
    reached = f"{here}/static/ {here}/r/ {here}/staging/r/ {here}/files/"
    return (
        f"default-src 'none'; script-src {scripts} 'unsafe-eval' 'wasm-unsafe-eval'; "
        f"connect-src {reached}; worker-src 'none'"
    )


def send_asset(request: Request) -> Response:
    """A static file: kept for good where its address names this content, else asked for again."""
    name = request.path_params["name"]
    asset = read_asset(name)
    encoding = choose_encoding(request.headers.get("accept-encoding", ""))
    current = request.path_params["digest"] == asset.digest
    headers = {
        "ETag": f'"{asset.digest}-{encoding}"',
        "Cache-Control": FILE_CACHE if current else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": "default-src 'none'",
    }
    if name == WORKER:
        headers["Content-Security-Policy"] = worker_policy(base_of(request.scope))
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if encoding != "identity":
        headers["Content-Encoding"] = encoding.value
    body = _packed(name, encoding)
    return Response(body, headers=headers, media_type=asset.content_type)


@cache
def _packed(name: str, encoding: object) -> bytes:
    return compress(read_asset(name).body, encoding)  # type: ignore[arg-type]


def asset_routes() -> list[BaseRoute]:
    """`/static/…`."""
    return [Route("/static/{digest}/{name}", send_asset)]

"""What each JupyterLab page is told of the bridge, and the headers that isolate it."""

import json
from collections.abc import Callable
from typing import Any

from jupyter_server.utils import url_path_join

from kernel_bridge.contexts import Contexts
from kernel_bridge.runtime import read_parts
from kernel_bridge.settings import BridgeSettings

# The option of JupyterLab's page config; its value is JSON in a text, as page config has them.
OPTION = "porter"
# HTML, "cross-origin isolation": with these a page has SharedArrayBuffer, and takes from other
# origins only what says that it may be taken.
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}

type Hook = Callable[[Any, dict[str, Any]], dict[str, Any]]


def page_options(settings: BridgeSettings, base_url: str, *, context: str) -> dict[str, object]:
    """The page's options by name; addresses without an origin are this server's.

    Without an index there is no runtime: `pyodideUrl`, `lockFileUrl` and their like are null.
    """
    there = settings.runtime_base

    def own(path: str) -> str:
        return str(url_path_join(base_url, "porter", path))

    return {
        "browserKernel": settings.browser_kernel,
        "serverKernel": settings.server_kernel,
        "pyodideUrl": there and f"{there}/runtime/pyodide.mjs",
        "lockFileUrl": there and own("pyodide-lock.json"),
        "stdlibUrl": there and own("runtime/python_stdlib.zip"),
        "packages": [*read_parts().start, *settings.packages],
        "pipliteUrls": [f"{there}/all.json"] if there else [],
        "indexUrl": settings.index_base,
        "simpleUrl": there and f"{there}/simple/",
        "insideUrl": own("inside.zip"),
        "platform": settings.platform,
        "carryLimit": settings.carry_limit,
        "rowsLimit": settings.rows_limit,
        "bytesLimit": settings.bytes_limit,
        "isolated": settings.isolated,
        "spare": settings.spare,
        "context": context,
    }


def tell_pages(web: dict[str, Any], settings: BridgeSettings, contexts: Contexts) -> None:
    """Have each page of a server tell its options, with a context of its user's own.

    `web` is the web application's settings. A hook that is there already is kept.
    """
    earlier: Hook | None = web.get("page_config_hook")
    web.setdefault("page_config_data", {})

    def tell(handler: Any, config: dict[str, Any]) -> dict[str, Any]:
        if earlier is not None:
            config = earlier(handler, config)
        context = contexts.issue(handler.current_user.username)
        options = page_options(settings, handler.base_url, context=context)
        # The dictionary is all pages' own, and the context this page's.
        return {**config, OPTION: json.dumps(options)}

    web["page_config_hook"] = tell


def isolate(web: dict[str, Any]) -> None:
    """Send the headers with every answer; what the server's own settings say of one stands."""
    web["headers"] = {**ISOLATION, **web.get("headers", {})}

"""Whether a notebook may ask the gateway: whether Jupyter trusts the file as it is saved.

Jupyter signs a notebook that its user made, ran or trusted, with a key of this machine:
https://jupyter-server.readthedocs.io/en/stable/operators/security.html#security-in-notebook-documents
"""

import re
from typing import Any
from urllib.parse import unquote

from jupyter_server.utils import ensure_async
from nbformat import NotebookNode, from_dict
from nbformat.sign import yield_code_cells
from tornado import web

from kernel_bridge.gateway.errors import UntrustedNotebook

HEADER = "Porter-Notebook"
# The sessions that `kernel_bridge/ui/src/remote.ts` starts, and what it adds to the notebook's path.
REMOTE = "porter-remote"
REMOTE_PATH = re.compile(r"-remote-[0-9a-f-]{36}$")
TRUST = "run its cells and save it, or trust it: File, Trust Notebook; then save"


async def check_named(contents: Any, header: str | None) -> None:
    """The notebook that a page's request names, percent-encoded; raises UntrustedNotebook."""
    if not header:
        raise UntrustedNotebook(
            f"the request names no notebook in {HEADER}", advice="run the query from a notebook"
        )
    await check_notebook(contents, unquote(header))


async def check_kernel(contents: Any, sessions: Any, kernel: str) -> None:
    """The notebook that a kernel is of; raises UntrustedNotebook.

    The kernel of a notebook's remote cells is of that notebook. One of none, such as a console's,
    runs what its user types.
    """
    for session in await ensure_async(sessions.list_sessions()):
        if session["kernel"]["id"] != kernel:
            continue
        if session["type"] == "notebook":
            await check_notebook(contents, session["path"])
        if session["type"] == REMOTE:
            await check_notebook(contents, REMOTE_PATH.sub("", session["path"]))


async def check_notebook(contents: Any, path: str) -> None:
    """A notebook by its path of the contents API; raises UntrustedNotebook."""
    shown = path[:200]
    try:
        model = await ensure_async(contents.get(path.strip("/"), content=True, type="notebook"))
    except (web.HTTPError, OSError, ValueError):
        raise UntrustedNotebook(
            f"the notebook {shown!r} is not saved here", advice="save it, and run the cell again"
        ) from None
    notebook = model["content"]
    if not isinstance(notebook, NotebookNode):
        notebook = from_dict(notebook)  # type: ignore[no-untyped-call]
    # What the contents manager marks in the copy that it gives is not part of what was signed.
    for cell in yield_code_cells(notebook):  # type: ignore[no-untyped-call]
        cell["metadata"].pop("trusted", None)
    if not contents.notary.check_signature(notebook):
        raise UntrustedNotebook(f"the notebook {shown!r} is not trusted", advice=TRUST)

"""`%%dataframe` in a server's kernel: a frame becomes a dataset, by a job on the compute tier.

In a browser's kernel the page does the same; there this magic is only asked for where it did not.
"""

from collections.abc import Mapping
from typing import Any

from kernel_bridge.inside.errors import InsideError, NoSuchName
from kernel_bridge.inside.gateway import Gateway, GatewayError, find_gateway
from kernel_bridge.inside.place import IN_BROWSER
from kernel_bridge.inside.uploading.cell import FrameCell, parse_cell
from kernel_bridge.inside.uploading.frames import open_frame
from kernel_bridge.inside.uploading.send import cancel_job, follow_job, send_frame
from kernel_bridge.inside.uploading.status import Shown


class DataframeFailed(Exception):
    """The magic's one line; IPython shows it without the frames that led to it."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def run_cell(shell: Any, line: str, body: str) -> None:
    """The magic: from the cell's text to the end of its job."""
    shown = Shown()
    try:
        cell = parse_cell(line, body)
        if IN_BROWSER:
            raise InsideError(
                "a browser's kernel uploads by its page",
                advice="run the cell in a JupyterLab that has Porter's kernel bridge",
            )
        gateway = find_gateway()
        job = _run(gateway, cell, _value(shell, cell), shown)
    except (InsideError, GatewayError) as error:
        text = f"{error}\n  what to do: {error.advice}" if error.advice else str(error)
        raise DataframeFailed(f"%%dataframe: {text}") from None
    _tell_end(cell, job, shown)


def _run(gateway: Gateway, cell: FrameCell, value: Any, shown: Shown) -> Mapping[str, Any]:
    try:
        identity = send_frame(gateway, cell, open_frame(value, cell.columns), shown.tell)
    except KeyboardInterrupt:
        shown.end("Interrupted: nothing was written. Run the cell again to go on with the upload.")
        raise
    job: Mapping[str, Any] = {}
    try:
        for job in follow_job(gateway, identity):
            told = f"{job['phase'] or job['status']}: {job['rows']:,} rows"
            shown.tell(told, float(job["progress"]))
    except KeyboardInterrupt:
        job = cancel_job(gateway, identity)
        if job["status"] != "done":
            shown.end("Cancelled: nothing was written.")
            raise
    return job


def _tell_end(cell: FrameCell, job: Mapping[str, Any], shown: Shown) -> None:
    if job["status"] == "done":
        result = job["result"]
        shown.end(
            f"{cell.frame}: {result['rows']:,} rows are in {result['location']}"
            f" ({result['files']} files, {result['bytes']:,} bytes)"
        )
        return
    error = job["error"] or {
        "message": f"the job is {job['status']}",
        "advice": "run the cell again: it goes on with what was sent",
    }
    shown.end(f"{cell.frame}: {error['message']}", failed=True)
    advice = f"\n  what to do: {error['advice']}" if error["advice"] else ""
    raise DataframeFailed(f"%%dataframe: {error['message']}{advice}")


def _value(shell: Any, cell: FrameCell) -> Any:
    try:
        return shell.user_ns[cell.frame]
    except KeyError as error:
        raise NoSuchName(
            f"frame: the notebook has no variable {cell.frame}", advice="run the cell that makes it"
        ) from error


def load_ipython_extension(shell: Any) -> None:
    """Register it."""

    def dataframe(line: str, cell: str) -> None:
        run_cell(shell, line, cell)

    shell.register_magic_function(dataframe, "cell", "dataframe")

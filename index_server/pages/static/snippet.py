"""What Try it's worker runs inside the runtime: install the wheel, then run what was typed."""

import sys
import traceback

# A name without brackets: with it a traceback shows the lines themselves.
NAME = "snippet.py"


async def install(project: str, version: str, index: str) -> None:
    """Install one version from one view of one index, and what it needs."""
    import micropip

    await micropip.install(f"{project}=={version}", index_urls=index, pre=True)


async def run(source: str) -> tuple[str, str]:
    """Run a snippet with names of its own: ("done", its last expression) or ("raised", traceback)."""
    from pyodide.code import eval_code_async

    try:
        value = await eval_code_async(source, {"__name__": "__main__"}, filename=NAME)
        shown = "" if value is None else repr(value)
        outcome = "done", shown
    except BaseException as error:  # noqa: BLE001 # an exit, too, is something to show
        outcome = "raised", "".join(traceback.format_exception(trim(error)))
    sys.stdout.flush()
    sys.stderr.flush()
    return outcome


def trim(error: BaseException) -> BaseException:
    """The exception without the frames above the snippet, which are ours."""
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename != NAME:
        tb = tb.tb_next
    return error.with_traceback(tb)

"""Run in each browser kernel before its first cell: what ipykernel's shell has besides.

- The pager (`len?`, `%pycat`) shows in the cell, and `%load` writes into it.
- What needs a process (`!ls`, `%%bash`) says that there is none, as `subprocess` does.
- `exit` says how a kernel ends.
"""


def _mend_shell() -> None:
    import errno
    import sys

    from IPython import get_ipython
    from IPython.core import page, payloadpage

    shell = get_ipython()

    def no_processes(*_: object, **__: object) -> None:
        told = "emscripten does not support processes: run the cell on a server, below %%remote"
        raise OSError(errno.ENOTSUP, told)

    def ask_exit() -> None:
        print("A browser kernel ends by the menu Kernel, or with its tab.", file=sys.stderr)

    def set_next_input(text: str, replace: bool = False) -> None:  # noqa: FBT001, FBT002 # IPython's
        payload = {"source": "set_next_input", "text": text, "replace": replace}
        shell.payload_manager.write_payload(payload)

    pager = page.as_hook(payloadpage.page)  # type: ignore[no-untyped-call]
    shell.set_hook("show_in_pager", pager, 99)
    shell.system = shell.system_raw = shell.system_piped = shell.getoutput = no_processes
    magics = shell.magics_manager
    magics.registry["ScriptMagics"].shebang = magics.magics["cell"]["script"] = no_processes
    shell.ask_exit, shell.set_next_input = ask_exit, set_next_input

"""A browser kernel behaves as a kernel does."""

from driving import WIDGET, Desk, write_notebook

BROWSER = "porter-browser"
STATUS = f"{WIDGET}.sessionContext.session?.kernel?.status"


def opened(desk: Desk, name: str, cells: list[str], kernel: str = BROWSER) -> None:
    """A notebook whose kernel has run nothing yet."""
    desk.open(write_notebook(desk.lab.folder, name, cells, kernel=kernel))


def begin(desk: Desk, index: int) -> None:
    """Run a cell, and come back when its kernel is busy with it."""
    desk.page.evaluate(f"{WIDGET}.content.activeCellIndex = {index}")
    desk.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    desk.page.wait_for_function(f"{STATUS} === 'busy'")


def interrupt(desk: Desk, index: int, wanted: str) -> None:
    """Interrupt until the cell says so: a kernel may be about to begin it."""
    desk.execute("notebook:interrupt-kernel")
    desk.await_text(index, wanted)
    desk.page.wait_for_function(f"{STATUS} === 'idle'")


def test_a_loop_without_end_is_interrupted(tidy: Desk) -> None:
    cells = ["x = 7", "print('on', flush=True)\nwhile True: pass", "print(x)"]
    opened(tidy, "loop.ipynb", cells)
    tidy.run(0)

    begin(tidy, 1)
    tidy.await_text(1, "on")
    interrupt(tidy, 1, "KeyboardInterrupt")
    tidy.run(2)

    assert tidy.text(2).strip() == "7"

"""A browser's kernel that is interrupted and answers late, as where the machine is busy."""

from driving import Desk, write_notebook

BROWSER = "porter-browser"
AWAITS = "import asyncio\nprint('on')\nfor _ in range(60_000):\n    await asyncio.sleep(0.01)"
# The page waits no time for the answer, and takes the cell for one that computes.
HURRIED = """() => {
    const { setTimeout } = window;
    window.setTimeout = (task, after, ...given) => setTimeout(task, after === 100 ? 0 : after, ...given);
}"""


def test_a_cell_that_awaits_is_cancelled_though_the_kernel_answers_late(tidy: Desk) -> None:
    cells = [AWAITS, "print('still here')"]
    tidy.open(write_notebook(tidy.lab.folder, "late.ipynb", cells, kernel=BROWSER))
    tidy.page.evaluate(HURRIED)
    tidy.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    tidy.await_text(0, "on")

    tidy.execute("notebook:interrupt-kernel")
    tidy.await_text(0, "CancelledError")
    tidy.run(1)

    assert tidy.text(1) == "still here\n"

"""Cells of notebooks that need frames: what a browser's kernel has for them, and running them."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from driving import PATIENCE, WIDGET, Desk
from playwright.sync_api import Error

WHEELS = Path(__file__).parents[1] / "dist" / "bridge"
NEEDED = ("nanoarrow", "numpy", "pandas", "python_dateutil", "six", "tzdata")


def frame_wheels() -> list[Path]:
    """What a browser's kernel needs for frames; fails where it was not built."""
    found = {name: [*WHEELS.glob(f"{name}-*.whl")] for name in NEEDED}
    lacking = [name for name, paths in found.items() if not paths]
    assert not lacking, f"{WHEELS} has no {', '.join(lacking)}: make frames brings them"
    return [max(paths) for paths in found.values()]


def fill(desk: Desk, *cells: str) -> None:
    """Have just these cells in the notebook."""
    desk.page.evaluate(
        f"""cells => {{
            const shared = {WIDGET}.content.model.sharedModel;
            shared.deleteCellRange(0, shared.cells.length);
            shared.insertCells(0, cells.map(source => ({{ cell_type: 'code', source }})));
        }}""",
        list(cells),
    )


def run(desk: Desk, *cells: str) -> list[str]:
    """What these cells show, run from the first to the last, or to the first that fails."""
    fill(desk, *cells)
    with suppress(Error):  # the cells tell
        desk.run_all()
    return [desk.text(index) for index in range(len(cells))]


def counts(desk: Desk) -> Sequence[int | None]:
    """The numbers of the cells."""
    told = desk.page.evaluate(f"{WIDGET}.content.widgets.map(one => one.model.executionCount)")
    return list(told)


def start(desk: Desk, cell: str) -> None:
    """Run one cell, and come back at once."""
    fill(desk, cell, "print('after')")
    desk.start_run_all()


def await_end(desk: Desk) -> None:
    """Until the first cell has run and nothing runs."""
    desk.page.wait_for_function(
        f"""{WIDGET}.content.widgets[0].model.executionCount !== null &&
            {WIDGET}.content.widgets.every(one => one.model.executionState === 'idle')""",
        timeout=PATIENCE,
    )

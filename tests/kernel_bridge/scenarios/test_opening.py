"""Cells are run while their notebook still opens."""

import pytest
from driving import WIDGET, Desk, write_notebook

# As a person who presses Run as soon as the cell can be seen.
AT_ONCE = f"""async path => {{
    const {{ commands, shell }} = window.jupyterapp;
    void commands.execute('docmanager:open', {{ path }});
    while (shell.currentWidget?.context?.path !== path) {{
        await new Promise(resolve => setTimeout(resolve, 5));
    }}
    await {WIDGET}.context.ready;
    {WIDGET}.content.activeCellIndex = 0;
    await commands.execute('notebook:run-cell');
}}"""
KERNELS = "[...window.jupyterapp.serviceManager.kernels.running()].length"


@pytest.mark.parametrize(("policy", "side"), [("browser", "emscripten"), ("server", "linux")])
def test_a_cell_that_is_run_at_once_waits_for_the_one_kernel(
    tidy: Desk, policy: str, side: str
) -> None:
    cells = ["import sys, wave\nprint(sys.platform, wave.__name__)"]
    told = {"porter": {"policy": policy}}
    path = write_notebook(tidy.lab.folder, f"at-once-{policy}.ipynb", cells, metadata=told)
    tidy.page.evaluate("window.jupyterapp.serviceManager.kernels.refreshRunning()")
    before = tidy.page.evaluate(KERNELS)

    tidy.page.evaluate(AT_ONCE, path)

    assert tidy.text(0).strip() == f"{side} wave"
    tidy.page.evaluate("window.jupyterapp.serviceManager.kernels.refreshRunning()")
    assert tidy.page.evaluate(KERNELS) == before + 1

"""A browser kernel behaves as a kernel does: it is interrupted, asks, dies, restarts, and starts warm."""

import httpx
from driving import WIDGET, Desk, write_notebook

BROWSER = "porter-browser"
STATUS = f"{WIDGET}.sessionContext.session?.kernel?.status"

SLIDER = """import ipywidgets
slider = ipywidgets.IntSlider()
slider.observe(lambda change: globals().update(seen=change['new']), 'value')
slider"""

QUESTIONS = """import getpass
name = input('name? ')
secret = getpass.getpass('secret? ')
again = input('again? ')
print(name, len(secret), again)"""


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


def answer(desk: Desk, text: str) -> None:
    """Type into the box that a cell shows, and press Enter."""
    box = desk.page.locator(".jp-Stdin-input").last
    box.fill(text)
    box.press("Enter")


def test_a_loop_without_end_is_interrupted(tidy: Desk) -> None:
    cells = ["x = 7", "print('on', flush=True)\nwhile True: pass", "print(x)"]
    opened(tidy, "loop.ipynb", cells)
    tidy.run(0)

    begin(tidy, 1)
    tidy.await_text(1, "on")
    interrupt(tidy, 1, "KeyboardInterrupt")
    tidy.run(2)

    assert tidy.text(2).strip() == "7"


def test_a_sleep_is_interrupted(tidy: Desk) -> None:
    opened(tidy, "sleep.ipynb", ["import time\nprint('on')\ntime.sleep(600)", "print(1)"])

    begin(tidy, 0)
    tidy.await_text(0, "on")
    interrupt(tidy, 0, "KeyboardInterrupt")
    tidy.run(1)

    assert tidy.text(1).strip() == "1"


def test_a_cell_that_awaits_is_cancelled(tidy: Desk) -> None:
    opened(tidy, "await.ipynb", ["import asyncio\nprint('on')\nawait asyncio.sleep(600)", "1"])

    begin(tidy, 0)
    tidy.await_text(0, "on")
    interrupt(tidy, 0, "CancelledError")
    tidy.run(1)

    assert tidy.text(1).strip() == "1"


def test_input_is_interrupted(tidy: Desk) -> None:
    opened(tidy, "gives-up.ipynb", ["input('who? ')", "print(1)"])

    begin(tidy, 0)
    tidy.page.locator(".jp-Stdin-input").last.wait_for()
    interrupt(tidy, 0, "KeyboardInterrupt")
    tidy.run(1)

    assert tidy.text(1).strip() == "1"


def test_input_and_getpass_are_answered_one_after_the_other(tidy: Desk) -> None:
    opened(tidy, "asks-twice.ipynb", [QUESTIONS])

    begin(tidy, 0)
    asked = []
    for prompt, text in (("name?", "Ada"), ("secret?", "12345"), ("again?", "yes")):
        tidy.page.locator(".jp-Stdin-prompt", has_text=prompt).wait_for()
        asked.append(tidy.page.locator(".jp-Stdin-input").last.get_attribute("type"))
        answer(tidy, text)
    tidy.await_text(0, "Ada 5 yes")

    assert asked == [None, "password", None]


def test_a_kernel_that_dies_says_so_and_is_restarted(tidy: Desk) -> None:
    opened(tidy, "dies.ipynb", ["import os\nos.abort()", "print(1)"])
    tidy.page.evaluate(f"{WIDGET}.content.model.setMetadata('porter', {{policy: 'browser'}})")

    tidy.page.evaluate(f"{WIDGET}.content.activeCellIndex = 0")
    tidy.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    tidy.await_text(0, "KernelDied")
    tidy.page.wait_for_function(f"{STATUS} === 'dead'")
    tidy.page.evaluate(f"{WIDGET}.sessionContext.restartKernel()")
    tidy.run(1)

    assert tidy.kernel == BROWSER
    assert tidy.text(1).strip() == "1"


def test_sixty_cells_have_all_their_replies(tidy: Desk) -> None:
    opened(tidy, "sixty.ipynb", [f"print({number})" for number in range(60)])

    for _ in range(5):
        tidy.run_all()
        assert [tidy.text(index).strip() for index in range(60)] == list(map(str, range(60)))


def test_cells_after_one_that_failed_do_not_run(tidy: Desk) -> None:
    opened(tidy, "fails.ipynb", ["1/0", "print('ran')"])

    tidy.execute("notebook:run-all-cells")

    assert tidy.text(0) == "ZeroDivisionError: division by zero"
    assert tidy.text(1) == ""


def test_results_have_the_number_of_their_cell(tidy: Desk) -> None:
    opened(tidy, "numbers.ipynb", ["40 + 1", "_ + 1", "Out"])

    tidy.run_all()

    numbers = [tidy.outputs(index)[0]["execution_count"] for index in range(3)]
    assert numbers == [1, 2, 3]
    assert tidy.text(1) == "42"
    assert tidy.text(2) == "{1: 41, 2: 42}"


def test_both_kernels_start_in_the_notebooks_folder(tidy: Desk) -> None:
    (tidy.lab.folder / "below").mkdir()
    (tidy.lab.folder / "below" / "beside.txt").write_text("here")
    cells = ["import os\nprint(os.path.basename(os.getcwd()), open('beside.txt').read())"]
    for kernel in ("python3", BROWSER):
        opened(tidy, f"below/{kernel}.ipynb", cells, kernel)
        tidy.run(0)
        assert tidy.text(0).strip() == "below here"


def test_a_restart_forgets_and_runs_again(tidy: Desk) -> None:
    opened(tidy, "restarts.ipynb", ["x = 1", "print('x' in globals())"])
    tidy.run(0)

    tidy.page.evaluate(f"{WIDGET}.sessionContext.restartKernel()")
    tidy.run(1)

    assert tidy.text(1).strip() == "False"


def test_completion_and_inspection(tidy: Desk) -> None:
    opened(tidy, "asks-of.ipynb", ["import textwrap"])
    tidy.run(0)
    kernel = f"{WIDGET}.sessionContext.session.kernel"

    told = tidy.page.evaluate(
        f"{kernel}.requestComplete({{code: 'textwrap.ded', cursor_pos: 12}}).then(m => m.content)"
    )
    shown = tidy.page.evaluate(
        f"{kernel}.requestInspect({{code: 'textwrap.dedent', cursor_pos: 12, detail_level: 0}})"
        ".then(m => m.content.data['text/plain'])"
    )

    assert told["matches"] == ["dedent"]
    assert "Remove any common leading whitespace" in shown


def test_rich_outputs(tidy: Desk) -> None:
    cells = [
        "from IPython.display import HTML, display, update_display, clear_output\nHTML('<b>1</b>')",
        "shown = display('old', display_id=True)\nshown.update('new')",
        "print('old')\nclear_output()\nprint('new')",
        "import sys\nprint('told', file=sys.stderr)",
    ]
    opened(tidy, "rich.ipynb", cells)

    tidy.run_all()

    assert tidy.outputs(0)[0]["data"]["text/html"] == "<b>1</b>"
    assert tidy.text(1) == "'new'"
    assert tidy.text(2).strip() == "new"
    assert tidy.outputs(3)[0]["name"] == "stderr"


def test_a_slider_calls_back(tidy: Desk) -> None:
    opened(tidy, "slider.ipynb", [SLIDER, "print(seen)"])
    tidy.run(0)
    handle = tidy.page.locator(".noUi-handle").last

    handle.press("ArrowRight")
    tidy.page.wait_for_function(f"{STATUS} === 'idle'")
    tidy.run(1)

    assert tidy.text(1).strip() == "1"


def test_each_tab_has_a_kernel_of_its_own(tidy: Desk) -> None:
    opened(tidy, "twice.ipynb", ["x = 1", "print('x' in globals())"])
    tidy.run(0)
    page = tidy.page.context.new_page()
    other = Desk(page=page, lab=tidy.lab, strayed=tidy.strayed)
    # JupyterLab loads the page once more to reset it.
    page.goto(f"{tidy.lab.url}/lab?token={tidy.lab.token}&reset")
    page.wait_for_url(lambda url: "reset" not in url)
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("window.jupyterapp.restored")

    other.open("twice.ipynb")
    other.run(1)
    tidy.run(1)

    assert (other.text(1).strip(), tidy.text(1).strip()) == ("False", "True")
    page.close()


def test_the_index_may_go_once_a_kernel_runs(tidy: Desk) -> None:
    opened(tidy, "no-index.ipynb", ["import sys", "import textwrap\nprint(sys.platform)"])
    tidy.run(0)
    index = httpx.URL(tidy.lab.options()["pyodideUrl"])

    tidy.page.route(f"http://{index.host}:{index.port}/**", lambda route: route.abort())
    tidy.run(1)

    assert tidy.text(1).strip() == "emscripten"

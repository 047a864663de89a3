"""What a person keeps when a server goes away, the index goes away, or the tab is loaded again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest
from driving import PATIENCE, WIDGET, Desk, sit_down, write_notebook
from labs import EXTENSIONS, Lab, serve_lab
from playwright.sync_api import Browser, expect
from wheels import make_wheel

from demo.serving import publish, serving

BROWSER = "porter-browser"
# A module that nothing has imported yet: an import looks at the notebook's folder for it.
IMPORT = "import wave"


@dataclass(slots=True, kw_only=True)
class Office:
    """A lab and its index, each of which can go; the lab comes back at its address."""

    folder: Path
    index: str
    lab: Lab
    servers: ExitStack
    indexes: ExitStack

    def stop_lab(self) -> None:
        self.servers.close()

    def start_lab(self) -> None:
        port = int(self.lab.url.rsplit(":", 1)[1])
        self.servers.enter_context(serve(self.folder, self.index, port))


def serve(folder: Path, index: str, port: int = 0) -> AbstractContextManager[Lab]:
    extensions = folder.parent / "labextensions"
    config: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": [str(extensions)]},
    }
    return serve_lab(folder, {"index": index}, config=config, port=port)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as servers, ExitStack() as indexes:
        index = indexes.enter_context(serving(tmp_path / "index"))
        publish([make_wheel(tmp_path / "wheels", "acme-one")], index)
        copytree(EXTENSIONS, tmp_path / "labextensions")
        lab = servers.enter_context(serve(tmp_path / "lab", index.url))
        yield Office(
            folder=tmp_path / "lab", index=index.url, lab=lab, servers=servers, indexes=indexes
        )


TRIES = """import os
for name, act in [("open", lambda: open("kept.txt")), ("listdir", os.listdir),
                  ("stat", lambda: os.stat("kept.txt"))]:
    try:
        act()
    except OSError as error:
        print(name, type(error).__name__, error.strerror)"""
FILLS = """import sys
held = []
for _ in range(7):
    held.append(bytearray(1 << 29))
del held
print(sys.platform)"""


def test_a_browser_kernel_computes_while_the_server_is_away(
    browser: Browser, office: Office
) -> None:
    cells = [
        "x = 1\nprint(open('kept.txt', 'w').write('before'))",
        "print(x + 1)",
        TRIES,
        f"{IMPORT}\nprint(os.path.exists('kept.txt'), wave.__name__)",
        "print(open('kept.txt').read(), x)",
    ]
    with sit_down(browser, office.lab) as desk:
        metadata = {"porter": {"policy": "browser"}}
        desk.open(
            write_notebook(
                office.lab.folder, "away.ipynb", cells, kernel=BROWSER, metadata=metadata
            )
        )
        desk.run(0)
        office.stop_lab()
        for index in (1, 2, 3):
            desk.run(index)
        office.start_lab()
        desk.run(4)

        assert desk.text(1).strip() == "2"
        assert desk.text(2).splitlines() == [
            f"{act} ConnectionRefusedError Connection refused"
            for act in ("open", "listdir", "stat")
        ]
        assert desk.text(3).strip() == "False wave"
        assert desk.text(4).strip() == "before 1"


def test_without_the_index_an_import_that_needs_it_says_so(
    browser: Browser, office: Office
) -> None:
    cells = [
        "import acme_one\nprint(acme_one.VALUE)",
        # What the lock file has of this notebook is there before anything is run.
        "import acme_unknown",
        "print(acme_one.VALUE + 1)",
    ]
    with sit_down(browser, office.lab) as desk:
        metadata = {"porter": {"policy": "browser"}}
        name = write_notebook(
            office.lab.folder, "no-index.ipynb", cells, kernel=BROWSER, metadata=metadata
        )
        desk.open(name)
        desk.run(0)
        assert desk.text(0).strip() == "42"
        office.indexes.close()

        desk.page.evaluate(f"{WIDGET}.content.activeCellIndex = 1")
        desk.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
        desk.await_text(1, "ModuleNotFoundError")
        expect(desk.page.locator(".jp-Notebook:visible .jp-Cell").nth(1)).to_contain_text(
            "the index does not answer", timeout=PATIENCE
        )
        desk.run(2)

        assert desk.text(2).strip() == "43"


def test_a_tab_that_is_loaded_again_says_that_the_variables_are_gone(desk: Desk) -> None:
    cells = ["x = 1", "print('x' in globals())"]
    name = write_notebook(desk.lab.folder, "reloads.ipynb", cells)
    desk.double_click(name)
    assert desk.kernel == BROWSER
    desk.run(0)
    desk.page.evaluate(f"{WIDGET}.context.save()")

    desk.page.goto(f"{desk.lab.url}/lab")
    desk.page.wait_for_function("window.jupyterapp !== undefined")
    desk.page.evaluate("window.jupyterapp.restored")
    desk.double_click(name)

    assert desk.kernel == BROWSER
    expect(desk.page.locator(".Toastify")).to_contain_text(
        f"The browser kernel of {name} ended when its tab was loaded again", timeout=PATIENCE
    )
    desk.run(1)
    assert desk.text(1).strip() == "False"


def test_a_browser_kernel_that_was_shut_down_runs_no_more(desk: Desk) -> None:
    name = write_notebook(desk.lab.folder, "listed.ipynb", ["x = 1"], kernel=BROWSER)
    desk.open(name)
    desk.run(0)
    desk.execute("running:show-panel")
    listed = desk.page.locator(".jp-RunningSessions-item", has_text=name)
    expect(listed.first).to_be_visible(timeout=PATIENCE)

    desk.page.evaluate(f"{WIDGET}.sessionContext.shutdown()")
    for manager in ("sessions", "kernels"):
        desk.page.evaluate(f"window.jupyterapp.serviceManager.{manager}.refreshRunning()")

    # The lab may have kernels of other scenarios on its server.
    running = "[...window.jupyterapp.serviceManager.{}.running()].map(one => one.{})"
    assert name not in desk.page.evaluate(running.format("sessions", "path"))
    assert BROWSER not in desk.page.evaluate(running.format("kernels", "name"))
    kernels = desk.page.locator(".jp-RunningSessions-section", has_text="Kernels")
    expect(kernels.locator(".jp-RunningSessions-item", has_text=name)).to_have_count(0)


def test_a_heap_that_is_nearly_full_moves_the_notebook(desk: Desk) -> None:
    cells = [
        "kept = {'a': 1}",
        FILLS,
        "import sys\nprint(sys.platform, kept)",
    ]
    name = write_notebook(
        desk.lab.folder, "full.ipynb", cells, metadata={"porter": {"policy": "auto"}}
    )
    desk.open(name)
    desk.change_kernel(BROWSER)

    desk.run_all()

    assert desk.text(1).strip() == "emscripten"
    assert desk.text(2).strip() == "linux {'a': 1}"
    desk.page.locator(".porter-Place-chip:visible").click()
    expect(desk.page.get_by_role("dialog", name="Where this notebook runs")).to_contain_text(
        "the browser's memory is"
    )

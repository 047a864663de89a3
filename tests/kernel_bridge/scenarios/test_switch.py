"""Notebooks move between browser and server, in the middle of what they do."""

import pytest
from driving import PATIENCE, Desk, write_notebook

SIDE = "import sys; print(sys.platform)"


@pytest.fixture
def desk(tidy: Desk) -> Desk:
    return tidy


def test_a_cell_that_needs_a_server_moves_the_notebook_in_the_middle_of_run_all(desk: Desk) -> None:
    cells = [
        "import sys\nnumbers = [1, 2, 3]\nprint(sys.platform)",
        "import subprocess\ntold = subprocess.run(['echo', 'hi'], capture_output=True).stdout",
        "print(sys.platform, numbers, told)",
    ]
    path = write_notebook(
        desk.lab.folder, "moves-early.ipynb", cells, metadata={"porter": {"policy": "auto"}}
    )
    desk.open(path)
    desk.change_kernel("porter-browser")

    desk.run_all()

    assert desk.text(0).strip() == "emscripten"
    assert desk.text(2).strip() == "linux [1, 2, 3] b'hi\\n'"


def test_an_import_that_fails_in_the_browser_moves_the_notebook(desk: Desk) -> None:
    cells = [
        "before = {'a': 1}",
        "name = 'read' + 'line'\nmodule = __import__(name)",
        "import sys; print(sys.platform, before, module.__name__)",
    ]
    desk.open(write_notebook(desk.lab.folder, "moves-late.ipynb", cells, kernel="porter-browser"))

    desk.run_all()

    assert desk.text(2).strip() == "linux {'a': 1} readline"


def test_a_notebook_of_the_browser_alone_stays_there(desk: Desk) -> None:
    cells = ["import readline", SIDE]
    path = write_notebook(
        desk.lab.folder, "stays.ipynb", cells, metadata={"porter": {"policy": "browser"}}
    )
    desk.open(path)

    desk.start_run_all()
    desk.await_text(0, "ModuleNotFoundError")

    assert desk.kernel == "porter-browser"
    assert desk.outputs(1) == []


def test_a_marked_cell_runs_on_the_server_while_its_notebook_stays(desk: Desk) -> None:
    cells = [
        "import sys\nnumbers = [1, 2, 3]",
        "%%remote\nimport os\ntotal, where = sum(numbers), sys.platform\nprint('on', where)",
        "print(sys.platform, total, where)",
    ]
    desk.open(write_notebook(desk.lab.folder, "remote.ipynb", cells, kernel="porter-browser"))

    desk.run_all()

    assert desk.text(1).strip() == "on linux"
    assert desk.text(2).strip() == "emscripten 6 linux"


def test_what_cannot_come_from_the_server_stays_there_behind_a_handle(desk: Desk) -> None:
    cells = [
        "%%remote\nimport threading\nlock = threading.Lock()\nsize = 3",
        "print(lock)",
        "%%remote\nprint(lock.locked(), size)",
    ]
    desk.open(write_notebook(desk.lab.folder, "handles.ipynb", cells, kernel="porter-browser"))

    desk.run_all()

    assert "on the server" in desk.text(1)
    assert desk.text(2).strip() == "False 3"


def test_an_error_of_a_remote_cell_stops_a_run_all(desk: Desk) -> None:
    cells = ["%%remote\n1 / 0", "print('after')"]
    desk.open(write_notebook(desk.lab.folder, "failing.ipynb", cells, kernel="porter-browser"))

    desk.start_run_all()
    desk.await_text(0, "ZeroDivisionError")

    assert desk.outputs(1) == []


def test_a_restart_takes_a_notebook_back_where_nothing_needs_a_server(desk: Desk) -> None:
    cells = ["import subprocess\nsubprocess.run(['true'])", SIDE]
    desk.open(write_notebook(desk.lab.folder, "returns.ipynb", cells, kernel="porter-browser"))
    desk.run_all()
    assert desk.kernel == "python3"

    desk.source(0, "")
    desk.restart()
    desk.await_kernel("porter-browser")
    desk.run_all()

    assert desk.text(1).strip() == "emscripten"


def test_a_restarted_notebook_that_failed_in_the_browser_stays_on_the_server(desk: Desk) -> None:
    cells = ["module = __import__('read' + 'line')", SIDE]
    desk.open(write_notebook(desk.lab.folder, "remains.ipynb", cells, kernel="porter-browser"))
    desk.run_all()

    desk.restart()
    desk.run_all()

    assert desk.text(1).strip() == "linux"


def test_what_cannot_be_carried_is_made_again_by_its_cells(desk: Desk) -> None:
    cells = [
        "import threading\nlock = threading.Lock()\nkept = ['x']",
        "name = 'read' + 'line'\nmodule = __import__(name)",
        "import sys; print(sys.platform, lock.locked(), kept)",
    ]
    desk.open(write_notebook(desk.lab.folder, "replays.ipynb", cells, kernel="porter-browser"))

    desk.run_all()

    assert desk.text(2).strip() == "linux False ['x']"


def test_a_cell_with_effects_runs_again_only_when_somebody_says_so(desk: Desk) -> None:
    cells = [
        "import threading\nlock = threading.Lock()\nopen('made.txt', 'a').write('x')",
        "module = __import__('read' + 'line')",
        "print('lock' in dir())",
    ]
    desk.open(write_notebook(desk.lab.folder, "asks.ipynb", cells, kernel="porter-browser"))

    desk.start_run_all()
    desk.page.click(".jp-Dialog >> text=Go on without them", timeout=PATIENCE)
    desk.await_text(2, "False")

    assert (desk.lab.folder / "made.txt").read_text() == "x"


def test_a_person_moves_a_notebook_with_its_variables_and_back(desk: Desk) -> None:
    cells = ["import json\nfrom math import pi\ndef double(x):\n    return 2 * x\nkept = {1: 2}"]
    cells += ["import sys; print(sys.platform, json.dumps([1]), round(pi), double(4), kept)"]
    desk.open(write_notebook(desk.lab.folder, "person.ipynb", cells, kernel="porter-browser"))
    desk.run(0)
    seen = []

    for side in ("Server", "Browser"):
        desk.page.get_by_role("radio", name=side).click()
        desk.await_kernel("python3" if side == "Server" else "porter-browser")
        desk.run(1)
        seen.append(desk.text(1).strip())

    assert seen == ["linux [1] 3 8 {1: 2}", "emscripten [1] 3 8 {1: 2}"]

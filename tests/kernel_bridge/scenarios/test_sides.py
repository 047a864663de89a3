"""Kernels of both sides behind JupyterLab's own controls."""

from driving import Desk, write_notebook

TELL = "import sys; x = 1; print(sys.platform)"


def test_a_server_kernel_runs_as_ever(desk: Desk) -> None:
    desk.open(write_notebook(desk.lab.folder, "server.ipynb", [TELL], kernel="python3"))

    desk.run_all()

    assert desk.kernel == "python3"
    assert desk.text(0).strip() == "linux"


def test_a_browser_kernel_runs_in_the_page(desk: Desk) -> None:
    desk.open(write_notebook(desk.lab.folder, "browser.ipynb", [TELL], kernel="porter-browser"))

    desk.run_all()

    assert desk.kernel == "porter-browser"
    assert desk.text(0).strip() == "emscripten"


def test_a_notebook_moves_to_the_other_side_and_back(desk: Desk) -> None:
    desk.open(write_notebook(desk.lab.folder, "moves.ipynb", [TELL], kernel="porter-browser"))
    seen = []

    for name in ("python3", "porter-browser", "python3"):
        desk.change_kernel(name)
        desk.run_all()
        seen.append((desk.kernel, desk.text(0).strip()))

    assert seen == [("python3", "linux"), ("porter-browser", "emscripten"), ("python3", "linux")]

"""`%%remote` in notebooks of the browser: single cells on a server's kernel beside them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cells import await_end, fill, run, start
from driving import PATIENCE, Desk, sit_down, write_notebook
from labs import Lab, serve_bridged
from playwright.sync_api import Browser

LIMIT = 100_000


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("remote")
    (folder / "files" / "data").mkdir(parents=True)
    (folder / "files" / "data" / "some.csv").write_text("a,b\n1,x\n2,y\n")
    services = {"files": {"kind": "duckdb", "folders": ["data"]}}
    bridge = {"carry_limit": LIMIT, "services": services}
    with serve_bridged(folder, bridge=bridge) as served:
        yield served


@pytest.fixture
def at(seat: Desk, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The tab with an empty notebook in a browser's kernel."""
    path = f"{request.node.name}.ipynb"
    write_notebook(seat.lab.folder, path, [""], kernel="porter-browser")
    seat.open(path)
    yield seat
    seat.tidy_up()
    await_kernels(seat.lab, 0)


def kernels(lab: Lab) -> list[dict[str, Any]]:
    """The server's."""
    with lab.client as client:
        return list(client.get("/api/kernels").json())


def await_kernels(lab: Lab, count: int) -> None:
    """Until the server has so many kernels."""
    until = time.monotonic() + PATIENCE / 1000
    while len(found := kernels(lab)) != count:
        assert time.monotonic() < until, found
        time.sleep(0.1)


def await_file(path: Path) -> None:
    """Until a kernel has made it."""
    until = time.monotonic() + PATIENCE / 1000
    while not path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.1)


def test_variables_go_and_come_back_and_a_new_value_counts(at: Desk) -> None:
    shown = run(
        at,
        "import sys\nnumbers = [1, 2]; shared = numbers",
        "%%remote\nimport sys, os\nnumbers.append(3); made = {'on': sys.platform, 'pid': os.getpid()}",
        "print(sys.platform, numbers, made['on'], shared is numbers); numbers = [9]",
        "%%remote\nprint(numbers, os.getpid() == made['pid'])",
    )

    assert shown[2] == "emscripten [1, 2, 3] linux False\n"
    assert shown[3] == "[9] True\n"
    assert len(kernels(at.lab)) == 1


def test_outputs_come_while_the_cell_runs(at: Desk) -> None:
    go = at.lab.folder / "go"
    start(
        at,
        "%%remote\nimport pathlib, time\nfrom IPython.display import HTML, display\n"
        "print('first', flush=True); display(HTML('<b>bold</b>'))\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.05)\nprint('last')",
    )
    at.await_text(0, "first")
    at.await_text(0, "<b>bold</b>")
    assert "last" not in at.text(0)
    go.touch()

    await_end(at)

    assert at.text(0).splitlines()[-1] == "last"
    assert at.text(1) == "after\n"


def test_what_is_too_large_stays_behind_a_handle(at: Desk) -> None:
    shown = run(
        at,
        f"%%remote\nlarge, small = b'x' * {LIMIT * 3}, 3",
        "print(repr(large), small)",
        "%%remote\nlength = len(large) + small",
        "print(length)",
    )
    assert "on the server" in shown[1]
    assert shown[1].endswith(" 3\n")
    assert shown[3] == f"{LIMIT * 3 + 3}\n"

    told = run(at, "len(large)")[0]
    assert told.startswith("StaysRemote: ")


def test_what_stayed_is_made_again_where_its_notebook_moves(at: Desk) -> None:
    large = f"%%remote\nlarge = b'x' * size * {LIMIT}"
    shown = run(
        at, "size = 3", large, "print(large)", "import sys; print(sys.platform, len(large))"
    )
    assert "on the server" in shown[2]

    at.page.get_by_role("radio", name="Server").click()
    at.await_kernel("python3")
    at.run(3)

    assert at.text(3) == f"linux {3 * LIMIT}\n"


def test_an_interrupt_reaches_the_server(at: Desk) -> None:
    started = at.lab.folder / "started"
    run(at, "%%remote\nkept = 5")
    start(
        at,
        "%%remote\nimport pathlib, time\npathlib.Path('started').touch()\n"
        "while True: time.sleep(0.1)",
    )
    await_file(started)

    at.execute("notebook:interrupt-kernel")
    await_end(at)

    assert "KeyboardInterrupt" in at.text(0)
    assert at.text(1) == ""
    assert run(at, "print('here', kept)", "%%remote\nprint('there', kept)") == [
        "here 5\n",
        "there 5\n",
    ]


def test_the_servers_kernel_ends_with_the_page(browser: Browser, bridged: Lab) -> None:
    with sit_down(browser, bridged) as at:
        at.open(write_notebook(bridged.folder, "leaves.ipynb", [""], kernel="porter-browser"))
        run(at, "%%remote\nx = 1")
        assert len(kernels(bridged)) == 1

        at.page.reload()

        await_kernels(bridged, 0)


def test_a_restart_begins_anew_on_both_sides(at: Desk) -> None:
    run(at, "%%remote\nx = 1", "print(x)")
    first = kernels(at.lab)[0]["id"]

    at.restart()
    await_kernels(at.lab, 0)

    assert run(at, "%%remote\nprint('x' in globals())") == ["False\n"]
    assert kernels(at.lab)[0]["id"] != first


def test_a_notebook_that_nobody_trusts_asks_no_service_from_there_either(at: Desk) -> None:
    path = write_notebook(at.lab.folder, "found.ipynb", [""], kernel="porter-browser")
    notebook = json.loads((at.lab.folder / path).read_text())
    html: dict[str, Any] = {"output_type": "display_data", "metadata": {}}
    notebook["cells"][0]["outputs"] = [{**html, "data": {"text/html": "<script></script>"}}]
    (at.lab.folder / path).write_text(json.dumps(notebook))
    at.open(path)
    cell = "%%remote\nx = %sql --on files SELECT count(*) AS n FROM '~/data/some.csv'"

    assert "UntrustedNotebook" in run(at, cell)[0]

    with at.lab.client as client:
        client.post(f"/api/contents/{path}/trust").raise_for_status()
    fill(at, cell, "%%remote\nprint(int(x.n[0]))")
    at.run_all()
    assert at.text(1) == "2\n"

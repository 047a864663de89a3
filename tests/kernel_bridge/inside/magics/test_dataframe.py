"""`%%dataframe` in a real kernel of a real server, whose own Dask does the job."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.dataset as ds  # type: ignore[import-untyped]
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from labs import Lab, serve_lab

pytestmark = pytest.mark.journey

FRAME = """
import numpy as np, pandas as pd
df = pd.DataFrame({"n": np.arange(ROWS), "x": np.random.default_rng(1).random(ROWS)})
df["year"] = df.n % 2 + 2025
df["text"] = "row " + df.n.astype(str)
"""


class Kernel:
    """A kernel of a server, spoken to on its own sockets."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        with lab.client as client:
            self.id = client.post("/api/kernels", json={"name": "python3"}).json()["id"]
        connection = folder / "runtime" / f"kernel-{self.id}.json"
        self.client = BlockingKernelClient(connection_file=str(connection))
        self.client.load_connection_file()
        self.client.start_channels()
        _await_ready(self.client)

    def run(self, code: str, *, timeout: float = 120) -> tuple[str, list[dict[str, Any]]]:
        """The reply's status, and what was shown or raised."""
        told: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            told.append({"type": message["msg_type"], **message["content"]})

        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=keep)
        return str(reply["content"]["status"]), told

    def stop(self) -> None:
        self.client.stop_channels()


def _await_ready(client: BlockingKernelClient) -> None:
    """Until it answers: one that is slow to start looks dead to its client."""
    until = time.monotonic() + 120
    while True:
        try:
            client.wait_for_ready(10)
        except RuntimeError:
            assert time.monotonic() < until
        else:
            return


def texts(told: list[dict[str, Any]]) -> list[str]:
    return [one["data"]["text/plain"] for one in told if "data" in one]


def error(told: list[dict[str, Any]]) -> str:
    return "\n".join("\n".join(one["traceback"]) for one in told if one["type"] == "error")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("magic")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[Lab]:
    (folder / "lake").mkdir()
    told = {"targets": {"lake": str(folder / "lake")}, "spool": str(folder / "spool"), "workers": 1}
    with serve_lab(folder, config={"PorterJobs": told}) as started:
        yield started


@pytest.fixture(scope="module")
def kernel(lab: Lab, folder: Path) -> Iterator[Kernel]:
    started = Kernel(lab, folder)
    started.run("%load_ext kernel_bridge.inside")
    yield started
    started.stop()


def test_a_frame_is_uploaded_and_its_status_is_in_one_place(kernel: Kernel, folder: Path) -> None:
    assert kernel.run(f"ROWS = 600_000{FRAME}")[0] == "ok"
    cell = '%%dataframe\nframe = "df"\nto = "lake"\nname = "sales/all"\npartition = ["year"]\n'
    status, told = kernel.run(cell)
    assert status == "ok", error(told)
    assert {one["type"] for one in told if "data" in one} == {
        "display_data", "update_display_data",
    }  # fmt: skip
    assert len({one["transient"]["display_id"] for one in told if "data" in one}) == 1
    last = texts(told)[-1]
    assert last.startswith(f"df: 600,000 rows are in {folder / 'lake/sales/all'} (")
    html = [one["data"]["text/html"] for one in told if "data" in one]
    assert html[-1].startswith('<div role="status">')
    assert any("<progress max=" in one for one in html)
    found = ds.dataset(folder / "lake/sales/all", partitioning="hive").to_table()
    assert found.num_rows == 600_000
    assert sorted(set(found.column("year").to_pylist())) == [2025, 2026]
    assert sorted(found.column("n").to_pylist()) == list(range(600_000))
    # The same cell again finds its dataset there, and sends nothing.
    before = (folder / "lake/sales/all/_porter.json").stat().st_mtime_ns
    assert texts(kernel.run(cell)[1])[-1] == last
    assert (folder / "lake/sales/all/_porter.json").stat().st_mtime_ns == before


def test_mistakes_are_one_line_each(kernel: Kernel) -> None:
    for cell, message in [
        ('%%dataframe\nframe = "nothing"\nto = "lake"\nname = "a"', "no variable nothing"),
        ('%%dataframe\nframe = "df"\nto = "sea"\nname = "a"', "the server's targets: lake"),
        ('%%dataframe\nframe = "df"\nto = "lake"\nname = "../a"', "line 4: name: up to four"),
        ('%%dataframe\nframe = "df"\nto = "lake"\nname = "a"\npartition = ["month"]', "no column month"),
        ('%%dataframe\nframe = "ROWS"\nto = "lake"\nname = "a"', "int, not a data frame"),
    ]:  # fmt: skip
        status, told = kernel.run(cell)
        assert status == "error", cell
        assert message in error(told), cell
        assert "Traceback" not in error(told)
        assert "what to do" in error(told)


def test_what_a_job_cannot_do_is_told(kernel: Kernel) -> None:
    status, told = kernel.run('%%dataframe\nframe = "df"\nto = "lake"\nname = "sales"')
    assert status == "error"
    assert "was not written by an upload" in error(told)
    assert any('role="alert"' in one["data"]["text/html"] for one in told if "data" in one)


def test_an_interrupted_upload_goes_on_when_the_cell_runs_again(
    kernel: Kernel, lab: Lab, folder: Path
) -> None:
    kernel.run(f"ROWS = 3_000_000{FRAME}")
    cell = '%%dataframe\nframe = "df"\nto = "lake"\nname = "interrupted"'
    stopped = threading.Event()

    def interrupt() -> None:
        with lab.client as client:
            until = time.monotonic() + 60
            while time.monotonic() < until and not stopped.is_set():
                if len(sent(client)) > 1:
                    client.post(f"/api/kernels/{kernel.id}/interrupt")
                    return
                time.sleep(0.02)

    thread = threading.Thread(target=interrupt)
    thread.start()
    status, told = kernel.run(cell)
    stopped.set()
    thread.join()
    assert status == "error", texts(told)
    assert "KeyboardInterrupt" in error(told)
    assert "nothing was written" in texts(told)[-1]
    assert not (folder / "lake/interrupted").exists()
    status, told = kernel.run(cell)
    assert (status, texts(told)[-1].split(" rows")[0]) == ("ok", "df: 3,000,000")


def sent(client: httpx.Client) -> list[dict[str, Any]]:
    """Chunks of an upload that is open."""
    for identity in client.get("/porter/uploads").json()["uploads"]:
        upload: dict[str, Any] = client.get(f"/porter/uploads/{identity}").json()
        if upload["status"] == "open":
            return list(upload["chunks"])
    return []


def test_a_token_is_its_kernels_own_and_ends_with_it(lab: Lab, folder: Path) -> None:
    other = Kernel(lab, folder)
    code = "import os\nprint(os.environ['PORTER_GATEWAY_URL'], os.environ['PORTER_GATEWAY_TOKEN'])"
    _, told = other.run(code)
    address, token = "".join(one["text"] for one in told if one["type"] == "stream").split()
    assert address == f"{lab.url}/porter/"
    headers = {"X-Porter-Kernel": token}
    with lab.stranger as stranger, lab.client as client:
        assert stranger.get("/porter/uploads", headers=headers).status_code == 200
        # It is good for the bridge alone.
        assert stranger.get("/api/kernels", headers=headers).status_code == 403
        assert client.delete(f"/api/kernels/{other.id}").status_code == 204
        assert stranger.get("/porter/uploads", headers=headers).status_code == 403
        forged = f"{other.id}.{'0' * 64}"
        assert stranger.get("/porter/jobs", headers={"X-Porter-Kernel": forged}).status_code == 403
    other.stop()
    assert token not in (folder / "output").read_text()
    assert json.dumps(token) not in (folder / "output").read_text()

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from labs import page_options
from running import HEEDS_INTERRUPTS, porter_command, porter_env, run_porter
from wheels import make_wheel

from porter.home import Home

PATIENCE = 300.0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none"], 4, "porter: none is no folder"),
        ([".", "--wheels", "none"], 4, "porter: none is no folder"),
        ([".", "--platform", "0.1"], 2, "porter: no platform '0.1'"),
        ([".", "--index", "nowhere"], 2, "porter: c.PorterBridge.index is 'nowhere'"),
        pytest.param(
            [".", "--index", "http://127.0.0.1:9"],
            4,
            "porter: the index http://127.0.0.1:9 does",
            marks=pytest.mark.journey,  # wants the extension built
        ),
        ([".", "--index", "http://127.0.0.1:9", "--wheels", "."], 2, "porter: --wheels is for"),
    ],
)
def test_what_cannot_be_started_is_told_in_one_line(
    arguments: list[str], code: int, message: str, home: Home, tmp_path: Path
) -> None:
    ran = run_porter("lab", *arguments, home=home.root, cwd=tmp_path)
    assert ran.code == code, ran.err
    assert ran.err.startswith(message)
    assert "Traceback" not in ran.err


@pytest.mark.journey
def test_the_lab_starts_with_its_index_and_ends_with_it(home: Home, tmp_path: Path) -> None:
    make_wheel(tmp_path / "dist", "acme-lab")
    make_wheel(tmp_path / "dist", "acme-else", tag="cp313-cp313-manylinux_2_28_x86_64")
    (tmp_path / "notebooks").mkdir()
    for _ in range(2):
        told = start_and_stop(home, tmp_path)
        assert "acme_else" not in told
    # The second start finds the wheel, and its token.
    assert "published" not in told
    assert (tmp_path / "porter-lab" / "token").stat().st_mode & 0o777 == 0o600


def start_and_stop(home: Home, folder: Path) -> str:
    output = folder / "output"
    command = porter_command("lab", "notebooks", "--wheels", "dist", "--package", "acme-lab")
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [*HEEDS_INTERRUPTS, *command],
            cwd=folder,
            env=porter_env(home.root, {}),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        url, index = await_told(process, output)
        page = httpx.get(url)
        options = page_options(page.text)
        assert options["indexUrl"] == index
        assert options["packages"][-1] == "acme-lab"
        with httpx.Client(base_url=url.partition("/lab")[0], timeout=60) as client:
            asked = {"token": url.rpartition("=")[2]}
            lock = client.get("/porter/pyodide-lock.json", params=asked).json()
            assert {"acme-lab", "ipython"} <= set(lock["packages"])
        federated = json.loads(
            re.findall(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page.text, re.DOTALL)[0]
        )["federated_extensions"]
        assert "porter-kernel-bridge" in [one["name"] for one in federated]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    for address in (url, f"{index}/readyz"):
        with pytest.raises(httpx.TransportError):
            httpx.get(address)
    return output.read_text()


def await_told(process: subprocess.Popen[bytes], output: Path) -> tuple[str, str]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        told = output.read_text()
        lab = re.search(r"^JupyterLab: (\S+)$", told, re.MULTILINE)
        index = re.search(r"^index: (\S+)/$", told, re.MULTILINE)
        if lab is not None and index is not None:
            return lab[1], index[1]
        time.sleep(0.2)
    raise AssertionError(output.read_text())

"""`python -m bench.upload_memory [MB …]`: what `%%dataframe` takes beside the frame itself.

A real JupyterLab, a real kernel and workers of Dask: frames of so many megabytes (100 and 400) go
from the kernel into a dataset. The heights of memory are the kernel's own count (VmHWM of proc(5)),
begun anew when the frame is there.
"""

import sys
import tempfile
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from jupyter_client.blocking.client import BlockingKernelClient

from porter.table import print_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from labs import Lab, serve_lab

SIZES = (100, 400)
MAKE = """
import numpy as np, pandas as pd, os
df = pd.DataFrame({{f"c{{at}}": np.random.default_rng(at).random({rows}) for at in range(10)}})
print(os.getpid())
"""
CELL = '%%dataframe\nframe = "df"\nto = "lake"\nname = "f{size}"'


def main() -> int:
    """Print a table for each size."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="porter-upload-") as folder:
            row = [f"{size} MB", *measure(Path(folder), size)]
        print_table(["frame", "seconds", "kernel", "server", "worker"], [row])
    return 0


def measure(folder: Path, size: int) -> list[str]:
    """Seconds, and what memory grew by at its height: of the kernel, the server, a worker's whole."""
    (folder / "lake").mkdir()
    jobs = {"targets": {"lake": str(folder / "lake")}, "spool": str(folder / "spool")}
    with serve_lab(folder, config={"PorterJobs": jobs}) as lab:
        client = connect(lab, folder)
        run(client, "%load_ext kernel_bridge.inside")
        # The first upload starts the workers and imports what all need.
        run(client, MAKE.format(rows=100))
        run(client, CELL.format(size=0))
        kernel = int(run(client, MAKE.format(rows=size * 1_000_000 // 80)).split()[-1])
        server = psutil.Process(lab.process.pid)
        workers = [one.pid for one in server.children(recursive=True) if is_worker(one)]
        before = {pid: begin(pid) for pid in (kernel, server.pid, *workers)}
        begun = time.monotonic()
        run(client, CELL.format(size=size))
        seconds = time.monotonic() - begun
        grown = [height(pid) - before[pid] for pid in (kernel, server.pid)]
        client.stop_channels()
        most = max(height(pid) for pid in workers)
        return [
            f"{seconds:.1f}",
            *(f"+{one / 1e6:.0f} MB" for one in grown),
            f"{most / 1e6:.0f} MB",
        ]


def is_worker(process: psutil.Process) -> bool:
    """Whether it is one of Dask's, which are spawned by multiprocessing."""
    return "spawn_main" in " ".join(process.cmdline())


def connect(lab: Lab, folder: Path) -> BlockingKernelClient:
    """A kernel of the server, spoken to on its own sockets."""
    with lab.client as http:
        identity = http.post("/api/kernels", json={"name": "python3"}).json()["id"]
    path = folder / "runtime" / f"kernel-{identity}.json"
    client = BlockingKernelClient(connection_file=str(path))
    client.load_connection_file()
    client.start_channels()
    for left in reversed(range(20)):
        try:
            client.wait_for_ready(10)
        except RuntimeError:  # one that is slow to start looks dead to its client
            if left == 0:
                raise
        else:
            break
    return client


def run(client: BlockingKernelClient, code: str) -> str:
    """What a cell printed."""
    told: list[str] = []

    def keep(message: dict[str, dict[str, str]]) -> None:
        told.append(message["content"].get("text", ""))

    reply = client.execute_interactive(code, timeout=600, output_hook=keep)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(reply["content"])
    return "".join(told)


def begin(pid: int) -> int:
    """What a process holds now, in bytes; its height is counted from here on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return height(pid)


def height(pid: int) -> int:
    """The most that it held, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(pid)


if __name__ == "__main__":
    sys.exit(main())

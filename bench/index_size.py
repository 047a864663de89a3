"""How long an index takes to start, and how much memory, by the number of its files.

`python -m bench.index_size [FILES …]` makes indexes of so many files, as rows alone, and starts a
real server on each: the time until `/readyz` says yes, and what its processes hold then.
"""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path

import httpx
from sqlalchemy import Engine, insert, update

from index_server.model import AuditSummary, File
from index_server.records.engine import connect, migrate, writing
from index_server.records.rows import file_row
from index_server.records.schema import files, projects, state
from porter.home import Home

SIZES = (2_000, 100_000)
A_PROJECT = 20
READY = 300.0
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> int:
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    home = Home.parse(os.environ)
    print("files  seconds until ready  seconds of processor time  RSS of the worker, MB")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="porter-size-") as folder:
            engine = connect(f"sqlite:///{folder}/index.sqlite")
            migrate(engine)
            fill(engine, size)
            engine.dispose()
            seconds, busy, held = measure(Path(folder), home)
        print(f"{size:6}  {seconds:.1f}  {busy:.1f}  {held / 2**20:.0f}", flush=True)
    return 0


def fill(engine: Engine, size: int) -> None:
    """Rows of so many files, twenty a project: nothing is in the store."""
    names = [f"project-{number}" for number in range(max(size // A_PROJECT, 1))]
    with writing(engine) as connection:
        rows = [
            {"name": name, "shown": name, "serial": serial, "status": "active", "status_reason": ""}
            for serial, name in enumerate(names, 1)
        ]
        connection.execute(insert(projects), rows)
        for some in batched(make_files(names, size), 5_000, strict=False):
            connection.execute(insert(files), [file_row(file) for file in some])
        connection.execute(
            update(state).where(state.c.name == "serial").values(value=str(len(names)))
        )


def make_files(names: list[str], size: int) -> Iterator[File]:
    """Files as real ones are: half pure, half for a platform, audited, with dependencies."""
    for number in range(size):
        name = names[number % len(names)]
        version = f"{number // len(names)}.{number % 7}.0"
        pure = number % 2 == 0
        tag = "py3-none-any" if pure else "cp313-cp313-pyemscripten_2025_0_wasm32"
        audit = AuditSummary(
            platform="0.29",
            clean=pure,
            blocked=False,
            findings=() if pure else ("info: size-large: the wheel is larger than 5 MB",),
        )
        yield File(
            project=name,
            version=version,
            filename=f"{name.replace('-', '_')}-{version}-{tag}.whl",
            size=250_000 + number,
            sha256=hashlib.sha256(b"%d" % number).hexdigest(),
            uploaded_at=BEGUN + timedelta(seconds=number),
            uploaded_by="ci",
            requires_python=">=3.11",
            metadata_sha256=hashlib.sha256(b"m%d" % number).hexdigest(),
            summary=f"What {name} does, said in one line of about seventy characters",
            imports=(name.replace("-", "_"),),
            requires=("numpy>=1.26", "packaging", 'pytest>=8; extra == "test"'),
            extras=("test",),
            audits=(audit,),
        )


def measure(folder: Path, home: Home) -> tuple[float, float, int]:
    """Start a server: seconds until it is ready, its processor's seconds, its worker's bytes."""
    command = [sys.executable, "-m", "porter", "index", "serve", "--data", str(folder)]
    begun = time.monotonic()
    process = subprocess.Popen(
        [*command, "--port", "0"],
        env={**os.environ, "PORTER_HOME": str(home.root)},
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    try:
        url = (process.stdout or sys.stdin).readline().split(" at ")[1].split()[0]
        while not is_ready(url):
            if time.monotonic() - begun > READY:
                raise SystemExit("the server did not start")
            time.sleep(0.05)
        seconds = time.monotonic() - begun
        worker = max(children(process.pid), key=resident)
        return seconds, busy(worker) + busy(process.pid), resident(worker)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}readyz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def busy(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    raise SystemExit(main())

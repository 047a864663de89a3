"""`make bench-index`: the index beside nginx, devpi and pypiserver, in one run on the loopback interface.

Reading is measured with wrk, in turn: nginx serves the static export of the very index that is
measured. Nothing is asserted: figures are for people.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from shutil import which
from statistics import median

import requests

from bench.rivals import Rival, bare, devpi, nginx, pypiserver
from index_server.web.serialize import JSON
from porter.home import Home
from porter.progress import Progressing
from porter.table import print_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import Served, serve_index
from wheels import make_wheel

PROJECTS, VERSIONS = 200, 10
LARGE = 250_000
ROUNDS, SECONDS = 3, 4
CLIENTS = 4
# The first so many are uploaded for the clock, and all that devpi gets: it takes minutes for them.
UPLOADS = 200


def main() -> None:
    """Print every figure of the index."""
    if which("wrk") is None or which("nginx") is None:
        sys.exit("as root, run: apt-get install nginx-light wrk")
    home = Home.parse(os.environ)
    with ExitStack() as stack, Progressing() as report:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porter-bench-")))
        report.phase("bench", f"making {PROJECTS * VERSIONS} wheels")
        wheels = make_wheels(scratch / "wheels")
        served = stack.enter_context(
            serve_index(scratch / "data", "--workers", "2", home=home.root)
        )
        report.phase("bench", "uploading them")
        auth = ("__token__", served.token)
        ours_upload = upload_all(f"{served.url}/legacy/", auth, wheels[:UPLOADS])
        upload_all(f"{served.url}/legacy/", auth, wheels[UPLOADS:])
        report.phase("bench", "exporting them for nginx")
        export = scratch / "export"
        command = [sys.executable, "-m", "porter", "index", "export", str(export)]
        command += ["--data", str(scratch / "data"), "--base-url", served.url]
        subprocess.run(command, check=True, env={**os.environ, "PORTER_HOME": str(home.root)})
        rivals = [stack.enter_context(nginx(scratch / "nginx", export))]
        rivals.append(stack.enter_context(bare(export)))
        rivals.append(stack.enter_context(pypiserver(scratch / "pypiserver", wheels, home)))
        theirs = stack.enter_context(devpi(scratch / "devpi", home))
        report.phase("bench", "uploading them to devpi")
        devpi_upload = upload_all(theirs.upload, theirs.auth, wheels[:UPLOADS])
        rivals.append(theirs)
        report.phase("bench", "reading")
        print_reading(served, rivals)
    print_table(
        ("uploads a second, 4 at once", "ours, all validation", "devpi", "ratio"),
        [
            (
                f"{UPLOADS} wheels",
                f"{ours_upload:.0f}",
                f"{devpi_upload:.0f}",
                f"{ours_upload / devpi_upload:.2f}",
            )
        ],
    )


def make_wheels(folder: Path) -> list[Path]:
    """Real wheels: ten versions each of 200 projects, the first of each of 250 kB."""
    noise = Random(1)
    found = []
    for project in range(PROJECTS):
        for version in range(VERSIONS):
            members = {f"bench_{project}.py": b"VALUE = 42\n"}
            if version == 0:
                members["noise.bin"] = noise.randbytes(LARGE)
            found.append(make_wheel(folder, f"bench-{project}", f"1.{version}", members=members))
    return found


def upload_all(url: str, auth: tuple[str, str], wheels: Sequence[Path]) -> float:
    """Upload by the legacy protocol, four at once; how many a second."""

    def upload(wheel: Path) -> None:
        name, version = wheel.name.split("-")[:2]
        data = {
            ":action": "file_upload",
            "protocol_version": "1",
            "name": name,
            "version": version,
            "filetype": "bdist_wheel",
            "pyversion": "py3",
            "metadata_version": "2.1",
        }
        with wheel.open("rb") as file:
            content = {"content": (wheel.name, file, "application/octet-stream")}
            response = requests.post(url, data=data, files=content, auth=auth, timeout=60)
        response.raise_for_status()

    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(upload, wheels))
    return len(wheels) / (time.perf_counter() - begun)


def print_reading(served: Served, rivals: Sequence[Rival]) -> None:
    """Requests a second and the 99th percentile, each against ours in turn."""
    page = f"{served.url}/simple/bench-7/"
    files = requests.get(page, headers={"Accept": JSON}, timeout=30).json()["files"]
    large = max(files, key=lambda file: file["size"])["url"]
    cases = [
        ("JSON page", page, JSON),
        ("HTML page", page, "text/html"),
        ("250 kB wheel", large, ""),
    ]
    rows = []
    for name, url, accept in cases:
        for rival in rivals:
            other = rival.address(url, served.url)
            if other is None or (accept == JSON and not rival.json):
                continue
            rounds = [(load(url, accept), load(other, accept)) for _ in range(ROUNDS)]
            (ours, our_p99), (theirs, their_p99) = (
                (median(r[i][0] for r in rounds), median(r[i][1] for r in rounds)) for i in (0, 1)
            )
            rows.append(
                (
                    name,
                    rival.name,
                    f"{ours:,.0f}",
                    f"{theirs:,.0f}",
                    f"{ours / theirs:.2f}",
                    f"{our_p99:.1f} ms",
                    f"{their_p99:.1f} ms",
                )
            )
    columns = ("what", "beside", "ours a second", "theirs", "ratio", "our p99", "their p99")
    print_table(columns, rows)


def load(url: str, accept: str) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in milliseconds, of wrk with 32 connections."""
    command = ["wrk", "-t2", "-c32", f"-d{SECONDS}s", "--latency"]
    command += ["-H", f"Accept: {accept}"] if accept else []
    told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told:
        raise SystemExit(f"{url}: {told}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    tail = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    if rate is None or tail is None:
        raise SystemExit(f"wrk said: {told}")
    return float(rate[1]), float(tail[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[tail[2]]


if __name__ == "__main__":
    main()

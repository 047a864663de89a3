"""Run a group of probes in both kernels of a lab."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from urllib.parse import quote

from driving import Desk, write_notebook
from labs import EXTENSIONS, Lab, serve_lab
from wheels import make_wheel

from demo.serving import publish, serving
from parities import acting
from parities.model import KERNELS, Group

ROOT = Path(__file__).parents[2]
# What a browser's kernel needs for data frames and pictures, as far as it was built.
WHEELS = [ROOT / "dist" / "bridge", ROOT / "dist" / "matplotlib"]


@contextmanager
def serve_parity(folder: Path) -> Iterator[Lab]:
    """A lab whose kernels of both kinds have one index, with a service for `%%sql`."""
    files = folder / "files"
    files.mkdir(parents=True)
    # A page that is open asks for parts of it later, which the next build replaces.
    extensions = copytree(EXTENSIONS, folder / "labextensions")
    config: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": [str(extensions)]},
    }
    with serving(folder / "index") as index:
        built = [wheel for place in WHEELS for wheel in sorted(place.glob("*_wasm32.whl"))]
        built += [wheel for place in WHEELS for wheel in sorted(place.glob("*-any.whl"))]
        publish([*built, make_wheel(folder / "wheels")], index)
        # `%pip` of a server's kernel installs beside this test, and not into what runs it.
        target = str(folder / "target")
        (folder / "target").mkdir()
        env = {
            "PIP_INDEX_URL": f"{index.url}/simple/",
            "PIP_TARGET": target,
            "PIP_CONFIG_FILE": "/dev/null",
            "PYTHONPATH": target,
        }
        bridge = {
            "index": index.url,
            "hosts": ["127.0.0.1"],
            "services": {"files": {"kind": "duckdb", "folders": ["."]}},
        }
        with serve_lab(folder, bridge, config=config, env=env) as lab:
            yield lab


def see(desk: Desk, group: Group) -> dict[str, list[str]]:
    """What each probe of a group tells, by kernel."""
    return {kernel: _see(desk, group, kernel) for kernel in KERNELS}


def _see(desk: Desk, group: Group, kernel: str) -> list[str]:
    folder = desk.lab.folder / group.name / kernel
    folder.mkdir(parents=True)
    index = str(desk.lab.options()["indexUrl"]).rstrip("/")
    cells = [cell.replace("INDEX", index) for cell in group.cells]
    # A probe is of the kernel, and a notebook on Auto leaves it.
    policy = {"porter": {"policy": "browser" if kernel == KERNELS[1] else "server"}}
    name = f"{group.name}/{kernel}/probes.ipynb"
    write_notebook(desk.lab.folder, name, cells, kernel=kernel, metadata=policy)
    with desk.lab.client as client:
        client.post(f"/api/contents/{quote(name)}/trust").raise_for_status()
    desk.open(name)
    seen, first = [], 0
    for probe in group.probes:
        if probe.act is None:
            seen.append(acting.runs(desk, first, len(probe.cells)))
        else:
            seen.append(probe.act(desk, first))
        first += len(probe.cells)
    desk.tidy_up()
    return seen

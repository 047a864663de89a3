"""A JupyterLab with all that is measured of it: an index, a database, a folder for frames."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from shutil import copytree

from demo.serving import Serving, publish, serving

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from labs import Lab, serve_lab
from services import run_postgres

ROOT = Path(__file__).parents[1]
EXTENSIONS = ROOT / "kernel_bridge" / "labextensions"
FRAMES = ROOT / "dist" / "bridge"
# Ten imports: three of these are compiled, and the index has them of FRAMES.
COMPILED = ("numpy", "pandas", "nanoarrow")
PURE = ("attrs", "click", "toolz", "fsspec", "cloudpickle", "sortedcontainers", "tblib")
# What pandas requires.
REQUIRED = ("python-dateutil", "six", "tzdata")
TEN = (
    "import attr, click, toolz, fsspec, cloudpickle, sortedcontainers, tblib\n"
    "import numpy, pandas, nanoarrow\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A lab, and the folder that everything of it is in."""

    lab: Lab
    index: Serving
    folder: Path


@contextmanager
def serve_place(folder: Path) -> Iterator[Place]:
    """All of it on this machine, until the context ends."""
    if not EXTENSIONS.is_dir() or len(list(FRAMES.glob("*.whl"))) < len(COMPILED):
        sys.exit("run: make labextension frames")
    extensions = copytree(EXTENSIONS, folder / "labextensions")
    (folder / "lake").mkdir()
    config: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": [str(extensions)]},
        "PorterJobs": {
            "targets": {"lake": str(folder / "lake")},
            "spool": str(folder / "spool"),
            "workers": 1,
        },
    }
    with serving(folder / "index") as index, run_postgres() as postgres:
        publish(wheels(folder / "wheels"), index)
        (folder / "dsn").write_text(postgres.new_database())
        services = {"warehouse": {"kind": "postgresql", "dsn-file": str(folder / "dsn")}}
        bridge = {"index": index.url, "hosts": ["127.0.0.1"], "services": services}
        with serve_lab(folder, bridge, config=config) as lab:
            yield Place(lab=lab, index=index, folder=folder)


def wheels(folder: Path) -> list[Path]:
    """Compiled ones of this checkout, and the pure ones that the server's kernel has, by pip."""
    names = [f"{name}=={version(name)}" for name in (*PURE, *REQUIRED)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), *names]
    subprocess.run(command, check=True)
    newest = (max(FRAMES.glob(f"{name}-*.whl")) for name in COMPILED)
    return [*newest, *sorted(folder.glob("*-none-any.whl"))]

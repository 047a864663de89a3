"""A JupyterLab with all that is measured of it: an index, a database, a folder for frames."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from labs import EXTENSIONS, Lab, serve_bridged
from services import run_postgres

ROOT = Path(__file__).parents[1]
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
    folder: Path


@contextmanager
def serve_place(folder: Path) -> Iterator[Place]:
    """All of it on this machine, until the context ends."""
    if not EXTENSIONS.is_dir() or len(list(FRAMES.glob("*.whl"))) < len(COMPILED):
        sys.exit("run: make labextension frames")
    (folder / "lake").mkdir()
    lake, spool = str(folder / "lake"), str(folder / "spool")
    jobs = {"targets": {"lake": lake}, "spool": spool, "workers": 1}
    with run_postgres() as postgres:
        (folder / "dsn").write_text(postgres.new_database())
        services = {"warehouse": {"kind": "postgresql", "dsn-file": str(folder / "dsn")}}
        bridge = {"hosts": ["127.0.0.1"], "services": services}
        found = wheels(folder / "wheels")
        with serve_bridged(folder, *found, bridge=bridge, config={"PorterJobs": jobs}) as lab:
            yield Place(lab=lab, folder=folder)


def wheels(folder: Path) -> list[Path]:
    """Compiled ones of this checkout, and the pure ones that the server's kernel has, by pip."""
    names = [f"{name}=={version(name)}" for name in (*PURE, *REQUIRED)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), *names]
    subprocess.run(command, check=True)
    newest = (max(FRAMES.glob(f"{name}-*.whl")) for name in COMPILED)
    return [*newest, *sorted(folder.glob("*-none-any.whl"))]

"""In which kind of kernel this runs."""

import sys
from importlib.metadata import PackageNotFoundError, version

IN_BROWSER = sys.platform == "emscripten"
# Libraries whose values travel, and whose releases may differ between two kernels.
COMPARED = ("ipython", "numpy", "pandas", "pyarrow", "nanoarrow")


def kind() -> str:
    """`browser` in Pyodide, `server` anywhere else."""
    return "browser" if IN_BROWSER else "server"


def versions() -> dict[str, str]:
    """The releases of those libraries that are installed."""
    found = {}
    for name in COMPARED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

"""One file → a Notebook."""

from mmap import mmap
from pathlib import Path

from compat_report.model import Notebook


def read_notebook(path: Path, *, name: str) -> Notebook:
    """Read one file; what is wrong with it is a finding of the notebook. Never raises OSError."""
    raise NotImplementedError(path, name)


def parse_notebook(data: bytes | mmap, *, name: str, folder: str | None) -> Notebook:
    """The notebook that a file's bytes hold; its format follows from `name` and the bytes."""
    raise NotImplementedError(data, name, folder)

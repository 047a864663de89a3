"""What is named on a command line → the notebooks there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from compat_report.model import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Notebooks by path, sorted, each once; `findings` tell what could not be looked into.

    A path of "-" is standard input.
    """

    paths: tuple[Path, ...] = ()
    findings: tuple[Finding, ...] = ()


def find_notebooks(given: Iterable[str], *, folder: Path) -> Found:
    """The notebooks that files, folders, globs and "-" stand for; relative ones are below `folder`."""
    raise NotImplementedError(given, folder)

"""Notebooks of a few cells, and what is read of them."""

import json
from collections.abc import Iterable
from pathlib import Path

from compat_report.model import Cell, CellKind, Facts, Finding, Notebook
from compat_report.reading.read import parse_notebook
from compat_report.syntax.facts import read_facts
from compat_report.syntax.watch import Watch

WATCH = Watch.of(
    [
        "builtins.input",
        "builtins.open",
        "concurrent.futures.ThreadPoolExecutor.submit",
        "google.cloud.*",
        "multiprocessing.Pool",
        "multiprocessing.Pool.map",
        "numpy.zeros",
        "os.fork",
        "os.system",
        "pandas.read_csv",
        "pyspark.*",
        "requests.Session.get",
        "requests.get",
        "subprocess.run",
        "threading.Thread",
    ]
)


def notebook_bytes(*sources: str, **top: object) -> bytes:
    """A file of nbformat 4.5 with a code cell for each source."""
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **top}
    return json.dumps(tree).encode()


def facts_of(*sources: str, folder: Path | None = None, watch: Watch = WATCH) -> Facts:
    """What a notebook of these cells says."""
    cells = tuple(
        Cell(index=number, kind=CellKind.CODE, source=source)
        for number, source in enumerate(sources)
    )
    notebook = Notebook(
        path="n.ipynb",
        format="nbformat 4.5",
        sha256="",
        folder=None if folder is None else str(folder),
        cells=cells,
    )
    return read_facts(notebook, watch=watch)


def read(data: bytes, name: str = "n.ipynb") -> Notebook:
    """The notebook that a file of these bytes holds."""
    return parse_notebook(data, name=name, folder=None)


def codes(findings: Iterable[Finding]) -> list[str]:
    """The findings' codes in their order."""
    return [finding.code for finding in findings]


def found(facts: Facts) -> list[Finding]:
    """The findings of all cells."""
    return [finding for cell in facts.cells for finding in cell.findings]


def imported(facts: Facts) -> list[tuple[str, str]]:
    """Names and guards of all imports."""
    return [(one.name, str(one.guard)) for cell in facts.cells for one in cell.imports]


def used(facts: Facts) -> list[tuple[str, str]]:
    """Names and guards of all uses."""
    return [(use.name, str(use.guard)) for cell in facts.cells for use in cell.uses]


def required(facts: Facts) -> list[tuple[str, str, str]]:
    """Names, texts and tools of all requirements."""
    return [(it.name, it.text, it.tool) for cell in facts.cells for it in cell.requirements]

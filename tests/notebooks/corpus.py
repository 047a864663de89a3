"""The notebooks of this folder and what is expected of them, for every test that measures by them."""

import ast
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compat_report.reported import Report

HERE = Path(__file__).parent
# Modules: what notebooks import, and what runs them.
BESIDE = {"cleaning.py", "corpus.py", "shell.py", "workers.py"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What expected.toml says of one notebook; its fields are told of there."""

    name: str
    verdict: str
    why: str
    run: str | None = None
    raises: str | None = None
    about: str | None = None
    cell: int | None = None
    sure: bool = True

    @property
    def path(self) -> Path:
        return HERE / self.name


def read_expected() -> Mapping[str, Expected]:
    """By file name."""
    data = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))
    return {name: Expected(name=name, **fields) for name, fields in data["notebook"].items()}


def read_wheels() -> list[str]:
    """The package URLs, with hashes, of the pure wheels that the notebooks need."""
    wheels: list[str] = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))["wheels"]
    return wheels


def notebooks() -> list[Path]:
    """Every notebook there is."""
    found = [path for path in HERE.iterdir() if path.suffix in (".ipynb", ".py")]
    return sorted(
        path for path in found if not path.name.startswith("test_") and path.name not in BESIDE
    )


def files_beside() -> list[Path]:
    """The data and modules that they read."""
    found = [path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".ipynb"]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def compare(report: Report) -> list[str]:
    """What a report of this folder has otherwise than expected, a line each; empty where nothing is.

    A verdict must be the one expected; where one is expected to be about something, a finding
    that decides must name it, in the cell that is told.
    """
    expected = read_expected()
    wrong = []
    for notebook in report.notebooks:
        it = expected[Path(notebook.path).name]
        if notebook.verdict != it.verdict:
            wrong.append(f"{it.name}: {notebook.verdict}, not {it.verdict}: {it.why}")
        elif it.verdict != "browser" and not any(
            (it.about or "") in f"{found.subject} {found.message}"
            for found in notebook.all_findings
            if found.severity == it.verdict and it.cell in (None, found.location.cell)
        ):
            wrong.append(f"{it.name}: no finding is about {it.about} in cell {it.cell}")
    missing = set(expected) - {Path(notebook.path).name for notebook in report.notebooks}
    return [*wrong, *(f"{name}: not in the report" for name in sorted(missing))]


def read_code(path: Path) -> list[str]:
    """The sources of its code cells, in their order, as they were written."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        document = json.loads(text)
        sheets = document.get("worksheets", [document])
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        sources = [
            cell.get("source", cell.get("input")) for cell in cells if cell["cell_type"] == "code"
        ]
        return ["".join(source) for source in sources]
    if "marimo.App(" in text:
        bodies = [it.body for it in ast.parse(text).body if isinstance(it, ast.FunctionDef)]
        return [
            "\n".join(ast.unparse(s) for s in body if not isinstance(s, ast.Return))
            for body in bodies
        ]
    parts = re.split(r"^# %%", text, flags=re.MULTILINE)[1:]
    return [part.partition("\n")[2] for part in parts if not part.startswith(" [markdown]")]

"""How often notebooks are run, as a table of two columns tells."""

import csv
import math
import os
from collections.abc import Mapping
from pathlib import Path

from compat_report.errors import BadPolicy

COLUMNS = ["path", "runs"]
# So many lines are named where more are wrong.
TOLD = 10


def read_runs(file: Path) -> Mapping[str, float]:
    """The runs of each path in a CSV file; raises BadPolicy."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise BadPolicy(
            f"{file}: it cannot be read: {error}", advice="give another file"
        ) from error
    return parse_runs(text, where=str(file))


def parse_runs(text: str, *, where: str) -> Mapping[str, float]:
    """Runs by path, from lines of CSV (RFC 4180) with two columns: path, runs.

    A first line that names the columns is passed over; a path that is there twice has the sum.
    Raises BadPolicy that tells the lines which are wrong.
    """
    runs: dict[str, float] = {}
    wrong: list[str] = []
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        for row in reader:
            if not row or (reader.line_num == 1 and [c.strip().lower() for c in row] == COLUMNS):
                continue
            mistake = _add(runs, row)
            if mistake:
                wrong.append(f"line {reader.line_num}: {mistake}")
    except csv.Error as error:
        wrong.append(f"line {reader.line_num}: {error}")
    if wrong:
        more = f"; and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise BadPolicy(
            f"{where}: {'; '.join(wrong[:TOLD])}{more}",
            advice="each line is a notebook's path and a number of runs: team/a.ipynb,120",
        )
    return runs


def _add(runs: dict[str, float], row: list[str]) -> str:
    if len(row) != len(COLUMNS):
        return f"{len(row)} columns in place of 2"
    path, text = row[0].strip(), row[1].strip()
    if not path:
        return "no path"
    try:
        count = float(text)
    except ValueError:
        return f"{text!r} is no number"
    if not math.isfinite(count) or count < 0:
        return f"{text!r} is no number of runs"
    name = path if "://" in path else os.path.normpath(path)
    runs[name] = runs.get(name, 0.0) + count
    return ""

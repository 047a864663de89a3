"""One page for a report, or an index with pages of parts where it is too long for one."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from compat_report.render.html.chart import CANDIDATES, draw_candidates, draw_verdicts
from compat_report.render.html.view import (
    HEAP_LIMIT,
    Group,
    Slice,
    group_by_path,
    name_platforms,
    view_notebook,
)
from compat_report.render.totals import OnDisk, Totals, count_notebooks
from compat_report.render.visible import show_line, show_share, show_size
from compat_report.reported import Candidate, Report
from porter.home import new_file, new_folder

MOST_NOTEBOOKS = 1000
MOST_TEXT = 8_000_000
"""What one page may hold: notebooks, and characters that they are expected to take."""
_CELL_TEXT = 40_000
_CELL_MARKUP = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One page of several: `totals` has a value for each report."""

    number: int
    file: str
    groups: Sequence[Group]
    totals: tuple[Totals, ...]

    @property
    def span(self) -> tuple[str, str]:
        """The paths it begins and ends with."""
        return show_line(self.groups[0][0][1].path), show_line(self.groups[-1][0][1].path)


def render_html(reports: Sequence[Report]) -> str:
    """Everything on one page, whatever its length."""
    return "".join(_whole(reports, tuple(group_by_path(reports))))


def write_html(reports: Sequence[Report], target: Path) -> tuple[Path, ...]:
    """The page as a file; where it would be too long, an index, and its parts in a folder beside.

    Gives the paths written. No more than one notebook is held as markup at a time.
    """
    parts = _split(reports, target)
    if len(parts) < 2:
        groups = parts[0].groups if parts else ()
        return (_write(target, _whole(reports, groups)),)
    folder = target.with_name(f"{target.stem}-parts")
    with new_folder(folder) as fresh:
        for part in parts:
            _write(fresh / f"{part.number}.html", _part(reports, parts, part, target))
    index = _template("index.html").generate(**_frame(reports), pages=parts)
    return (_write(target, index), *(folder / f"{part.number}.html" for part in parts))


def _whole(reports: Sequence[Report], groups: Sequence[Group]) -> Iterator[str]:
    return _template("report.html").generate(**_frame(reports), **_notebooks(groups))


def _part(
    reports: Sequence[Report], parts: Sequence[Part], part: Part, target: Path
) -> Iterator[str]:
    return _template("part.html").generate(
        **_frame(reports),
        **_notebooks(part.groups),
        part=part,
        count=len(parts),
        index=f"../{quote(target.name)}",
    )


def _notebooks(groups: Sequence[Group]) -> dict[str, object]:
    return {
        "groups": groups,
        "notebooks": (view_notebook(it, number=n) for n, it in enumerate(groups, 1)),
        # What differs from platform to platform comes first.
        "rows_by_platform": sorted(enumerate(groups, 1), key=lambda row: _agree(row[1])),
    }


def _agree(group: Group) -> bool:
    return len({notebook.verdict for _, notebook in group}) == 1


def _frame(reports: Sequence[Report]) -> dict[str, object]:
    totals = [count_notebooks(report.notebooks) for report in reports]
    candidates = _candidates(reports)
    return {
        "reports": reports,
        "platforms": name_platforms(reports),
        "totals": totals,
        "bars": [draw_verdicts(total) for total in totals],
        "candidates": candidates[:CANDIDATES],
        "left_out": max(0, len(candidates) - CANDIDATES),
        "rows": draw_candidates(candidates, room=500.0),
        "limit": HEAP_LIMIT,
    }


def _candidates(reports: Sequence[Report]) -> Sequence[Candidate]:
    # The first report that names a project has the word: each platform has its own order.
    known: dict[str, Candidate] = {}
    for report in reports:
        for candidate in report.port_next:
            known.setdefault(candidate.project, candidate)
    return tuple(known.values())


def _split(reports: Sequence[Report], target: Path) -> tuple[Part, ...]:
    parts: list[Part] = []
    gathered: list[Group] = []
    text = begun = 0
    on_disk = all(isinstance(report.notebooks, OnDisk) for report in reports)

    def finish() -> None:
        if gathered:
            number = len(parts) + 1
            parts.append(
                Part(
                    number=number,
                    file=f"{quote(target.stem)}-parts/{number}.html",
                    groups=(
                        Slice(reports, begun, begun + len(gathered)) if on_disk else tuple(gathered)
                    ),
                    totals=_totals(gathered, name_platforms(reports)),
                )
            )
            gathered.clear()

    for number, group in enumerate(group_by_path(reports)):
        size = _weigh(group)
        if len(gathered) == MOST_NOTEBOOKS or (gathered and text + size > MOST_TEXT):
            finish()
            text = 0
            begun = number
        # Places on disk are those of paths as long as each report has each path.
        on_disk = on_disk and len(group) == len(reports)
        gathered.append(group)
        text += size
    finish()
    return tuple(parts)


def _totals(groups: Sequence[Group], platforms: Sequence[str]) -> tuple[Totals, ...]:
    return tuple(
        count_notebooks(it for group in groups for name, it in group if name == platform)
        for platform in platforms
    )


def _weigh(group: Group) -> int:
    first = group[0][1]
    source = sum(min(len(cell.source), _CELL_TEXT) + _CELL_MARKUP for cell in first.cells)
    return source + _CELL_MARKUP * sum(2 + len(notebook.all_findings) for _, notebook in group)


def _write(target: Path, chunks: Iterator[str]) -> Path:
    with new_file(target) as path, path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(chunks)
    return target


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("compat_report.render.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"size": show_size, "share": show_share, "line": show_line}
    style, script = _read("report.css"), _read("report.js")
    icon = base64.b64encode(_read("icon.svg").encode()).decode()
    made.globals |= {
        "style": Markup(style),  # noqa: S704 # our own file
        "script": Markup(script),  # noqa: S704
        "icon": f"data:image/svg+xml;base64,{icon}",
        "policy": (
            f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
    }
    return made


def _template(name: str) -> Template:
    return _environment().get_template(name)


def _read(name: str) -> str:
    return files("compat_report.render.html").joinpath("static", name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"

"""Reports to where they were asked for: a file, a terminal, a pipe."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from compat_report.render.html.pages import render_html, write_html
from compat_report.render.json import iter_reports
from compat_report.render.sarif import serialize_sarif
from compat_report.render.text import iter_text
from compat_report.reported import Report
from porter import __version__
from porter.home import new_file
from porter.table import LOG_WIDTH


def write_reports(reports: Sequence[Report], form: str, out: Path | None) -> None:
    """Write reports of the same notebooks, one a platform; without `out`, on standard output.

    JSON of several is a list. HTML in a file may become several files beside each other.
    """
    if form == "html" and out is not None:
        write_html(reports, out)
        return
    parts = iter_serialized(reports, form, terminal=out is None and sys.stdout.isatty())
    if out is None:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
        return
    with new_file(out) as path, path.open("wb") as file:
        file.writelines(parts)


def serialize_reports(reports: Sequence[Report], form: str, *, terminal: bool = False) -> bytes:
    """Reports as the bytes of one document; `terminal`: as wide, and with colours."""
    return b"".join(iter_serialized(reports, form, terminal=terminal))


def iter_serialized(
    reports: Sequence[Report], form: str, *, terminal: bool = False
) -> Iterator[bytes]:
    """The same in parts: of JSON and text, no more than some notebooks are in memory at a time."""
    match form:
        case "html":
            yield render_html(reports).encode()
        case "sarif":
            yield serialize_sarif(reports, version=__version__)
        case "json":
            yield from iter_reports(reports)
        case _:
            width = shutil.get_terminal_size().columns if terminal else LOG_WIDTH
            for report in reports:
                if len(reports) > 1:
                    yield f"Pyodide {report.platform}\n".encode()
                for text in iter_text(report, width=width, colour=terminal):
                    yield text.encode()

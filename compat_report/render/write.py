"""Reports to where they were asked for: a file, a terminal, a pipe."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from compat_report.model import Report
from compat_report.render.html.pages import render_html, write_html
from compat_report.render.json import serialize_report
from compat_report.render.sarif import serialize_sarif
from compat_report.render.text import render_text
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
    data = serialize_reports(reports, form, terminal=out is None and sys.stdout.isatty())
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    with new_file(out) as path:
        path.write_bytes(data)


def serialize_reports(reports: Sequence[Report], form: str, *, terminal: bool = False) -> bytes:
    """Reports as the bytes of one document; `terminal`: as wide, and with colours."""
    match form:
        case "html":
            return render_html(reports).encode()
        case "sarif":
            return serialize_sarif(reports, version=__version__)
        case "json":
            documents = [serialize_report(report).rstrip() for report in reports]
            return (
                documents[0] if len(documents) == 1 else b"[" + b",".join(documents) + b"]"
            ) + b"\n"
    width = shutil.get_terminal_size().columns if terminal else LOG_WIDTH
    parts = []
    for report in reports:
        if len(reports) > 1:
            parts.append(f"Pyodide {report.platform}\n")
        parts.append(render_text(report, width=width, colour=terminal))
    return "".join(parts).encode()

"""Each form, to a file and to standard output."""

import json
import re
from pathlib import Path

import pytest
from reports import make_report

from compat_report.render.html.pages import render_html
from compat_report.render.parse import parse_reports
from compat_report.render.text import render_text
from compat_report.render.write import serialize_reports, write_reports
from porter import __version__, cli

REPORTS = [make_report("0.29.5"), make_report("314.0.7")]
FORMS = ("text", "json", "sarif", "html")


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_same_in_a_file_and_on_standard_output(
    form: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    out = tmp_path / "report"
    write_reports(REPORTS, form, out)
    assert capfdbinary.readouterr().out == b""
    assert list(tmp_path.iterdir()) == [out]
    write_reports(REPORTS, form, None)
    assert capfdbinary.readouterr().out == out.read_bytes() == serialize_reports(REPORTS, form)


def test_what_several_platforms_make_of_each_form() -> None:
    read = {form: serialize_reports(REPORTS, form) for form in FORMS}
    assert parse_reports(read["json"]) == tuple(REPORTS)
    assert read["html"].decode() == render_html(REPORTS)
    assert read["text"].decode().endswith(render_text(REPORTS[1]))
    runs = json.loads(read["sarif"])["runs"]
    assert [run["tool"]["driver"]["version"] for run in runs] == [__version__] * 2


def test_only_text_on_a_terminal_has_colours() -> None:
    coloured = {form: b"\x1b[" in serialize_reports(REPORTS, form, terminal=True) for form in FORMS}
    assert coloured == {"text": True, "json": False, "sarif": False, "html": False}


def test_the_hook_for_commits_is_a_command_that_there_is() -> None:
    text = (Path(__file__).parents[3] / ".pre-commit-hooks.yaml").read_text("utf-8")
    [entry] = re.findall(r"^  entry: porter (.*)$", text, re.MULTILINE)
    arguments = cli._parser().parse_args([*entry.split(), "a.ipynb", "b.ipynb"])
    assert arguments.require == "browser"
    assert arguments.notebooks == ["a.ipynb", "b.ipynb"]

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from pypi_simple import ProjectPage
from wheels import make_file

from index_server.model import ProjectDetail, ProjectList, Status
from index_server.web.serialize import (
    format_moment,
    render_detail,
    render_list,
    serialize_detail,
    serialize_list,
)

BASE = "https://wheels.example.org/t/x"
FILE = replace(
    make_file("acme-1.0-py3-none-any.whl"),
    size=909,
    sha256="ab" * 32,
    requires_python=">=3.11,<4",
    metadata_sha256="cd" * 32,
    uploaded_at=datetime(2026, 11, 25, 21, 49, 35, 968989, tzinfo=UTC),
    attested=True,
)
PROJECT = ProjectDetail(name="acme", shown="Acme", serial=7, files=(FILE,))


def parsed_json(project: ProjectDetail = PROJECT) -> dict[str, object]:
    document: dict[str, object] = json.loads(serialize_detail(project, project.files, BASE))
    return document


def test_json_has_the_fields_of_its_peps() -> None:
    document = parsed_json()
    assert document["name"] == "acme"
    assert document["versions"] == ["1.0"]
    assert document["project-status"] == {"status": "active"}
    assert document["files"] == [
        {
            "filename": "acme-1.0-py3-none-any.whl",
            "url": f"{BASE}/files/ab/{'ab' * 31}/acme-1.0-py3-none-any.whl",
            "hashes": {"sha256": "ab" * 32},
            "size": 909,
            "upload-time": "2026-11-25T21:49:35.968989Z",
            "requires-python": ">=3.11,<4",
            "core-metadata": {"sha256": "cd" * 32},
            "data-dist-info-metadata": {"sha256": "cd" * 32},
            "provenance": f"{BASE}/integrity/acme/1.0/acme-1.0-py3-none-any.whl/provenance",
        }
    ]


def test_metadata_that_is_not_there_is_not_spoken_of() -> None:
    bare = replace(FILE, metadata_sha256="", attested=False, requires_python="")
    document = parsed_json(replace(PROJECT, files=(bare,)))
    text = json.dumps(document)
    assert "metadata" not in text
    assert "provenance" not in text
    assert "requires-python" not in text
    assert b"metadata" not in render_detail(PROJECT, (bare,), BASE)


def test_a_yank_without_a_reason_is_a_yank() -> None:
    yanked = replace(PROJECT, files=(replace(FILE, yanked=""),))
    assert '"yanked": true' in json.dumps(parsed_json(yanked))
    assert b'data-yanked=""' in render_detail(yanked, yanked.files, BASE)


def test_a_client_reads_the_same_from_both_forms() -> None:
    yanked = replace(FILE, yanked="it <b>broke</b> & more")
    project = replace(PROJECT, files=(yanked,), status=Status.ARCHIVED, status_reason="see next")
    page = ProjectPage.from_html("acme", render_detail(project, project.files, BASE))
    data = ProjectPage.from_json_data(json.loads(serialize_detail(project, project.files, BASE)))
    (html,), (told,) = page.packages, data.packages
    for name in ("filename", "url", "digests", "requires_python", "yanked_reason"):
        assert getattr(html, name) == getattr(told, name), name
    assert html.has_metadata
    assert told.has_metadata
    assert page.repository_version == data.repository_version == "1.4"


class Seen(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_becomes_markup(reason: str, requires: str) -> None:
    hostile = replace(FILE, yanked=f'"><script>{reason}', requires_python=f"'<img src=x>{requires}")
    project = replace(PROJECT, files=(hostile,), status_reason=f"</title><svg>{reason}")
    seen = Seen(render_detail(project, project.files, BASE))
    assert seen.tags <= {"html", "head", "meta", "title", "body", "h1", "a", "br"}
    assert not any(name.startswith("on") for name in seen.attributes)
    json.loads(serialize_detail(project, project.files, BASE))


def test_lists_name_every_project() -> None:
    projects = ProjectList(names=("acme", "widgets"), serial=7)
    assert json.loads(serialize_list(projects))["projects"] == [
        {"name": "acme"},
        {"name": "widgets"},
    ]
    page = render_list(projects, BASE, "/r/0.29").decode()
    assert f'href="{BASE}/r/0.29/simple/acme/"' in page


def test_moments_are_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    moment = datetime(2026, 11, 25, 1, 0, 0, tzinfo=east)
    assert format_moment(moment) == "2026-11-24T23:00:00.000000Z"

from dataclasses import replace
from typing import Any

import pytest
from entries import PLATFORMS, WASM, WASM_314, make_file, make_project

from index_server.model import File, Stage, Status
from index_server.pages.detail import Detail, find_dependency, make_detail, make_snippet
from index_server.pages.overview import paginate
from index_server.pages.render import render
from index_server.web.address import BASE

BY_NAME = {platform.name: platform for platform in PLATFORMS}


def detail(*files: File, hidden: bool = False, **fields: Any) -> Detail:
    return make_detail(make_project(*files, **fields), BY_NAME, ("base",), hidden=hidden)


def test_each_runtime_gets_the_newest_version_it_can_install() -> None:
    made = detail(
        make_file("1.0", tag=WASM),
        make_file("2.0", tag=WASM_314),
        make_file("3.0", tag="cp313-cp313-manylinux_2_28_x86_64"),
        make_file("0.9"),
        make_file("4.0", tag=WASM, yanked="bad"),
        make_file("5.0", tag=WASM, requires_python=">=3.99"),
    )
    assert [(c.platform.name, c.version, c.path) for c in made.choices] == [
        ("0.29", "1.0", "/r/0.29"),
        ("314", "2.0", "/r/314"),
    ]
    assert made.version == "5.0"
    assert not made.native


def test_what_is_in_staging_alone_is_tried_from_there() -> None:
    staged = make_file("2.0", tag=WASM, stage=Stage.STAGING)
    assert detail(staged).choices == ()
    made = detail(staged, hidden=True)
    assert made.view == "/staging"
    assert [choice.path for choice in made.choices] == ["/staging/r/0.29"]
    both = detail(make_file("1.0", tag=WASM), staged, hidden=True)
    assert [choice.version for choice in both.choices] == ["1.0"]


@pytest.mark.parametrize(
    ("fields", "project"),
    [
        ({"quarantine": "audit"}, {}),
        ({"yanked": ""}, {}),
        ({}, {"status": Status.QUARANTINED}),
    ],
)
def test_nobody_is_told_to_install_what_is_not_offered(
    fields: dict[str, Any], project: dict[str, Any]
) -> None:
    made = detail(make_file(tag=WASM, **fields), hidden=True, **project)
    assert made.view is None
    assert made.choices == ()
    assert len(made.releases) == 1


def test_versions_come_newest_first_with_what_their_files_have_in_common() -> None:
    made = detail(
        make_file("1.9", yanked="", tag=WASM),
        make_file("1.9", yanked="", tag=WASM_314, stage=Stage.STAGING),
        make_file("1.10"),
        hidden=True,
    )
    assert [release.version for release in made.releases] == ["1.10", "1.9"]
    assert made.releases[1].marks == ("yanked",)
    assert [view.marks for view in made.releases[1].files] == [("yanked",), ("staging", "yanked")]


@pytest.mark.parametrize(
    ("text", "project"),
    [
        ("Base>=1; python_version > '3'", "base"),
        ("other", ""),
        ("not a requirement <script>", ""),
    ],
)
def test_dependencies_lead_to_projects_of_this_index(text: str, project: str) -> None:
    assert find_dependency(text, ("base",)).project == project


def test_the_snippet_imports_what_can_be_imported() -> None:
    names = ("acme", "acme.deep", "_acme", "class", 'x"; import os', "a b", "")
    snippet = make_snippet("acme", names)
    assert "import acme\nimport acme.deep\n" in snippet
    assert "import _acme" not in snippet
    assert "class" not in snippet
    assert "os" not in snippet.replace("works", "")
    compile(snippet, "snippet", "exec")


def test_a_snippet_of_private_names_alone_imports_them() -> None:
    assert "import _acme\n" in make_snippet("acme", ("_acme",))


def test_a_project_without_files_has_a_page() -> None:
    made = detail()
    scope = {"type": "http", "headers": [], BASE: "http://127.0.0.1:1"}
    shown = replace(made.project, status=Status.QUARANTINED, status_reason="<b>malware</b>")
    text = render("project.html", scope, detail=made, project=shown, page=paginate((), 1))
    assert "&lt;b&gt;malware" in text
    assert "Install" not in text

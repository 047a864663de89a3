from dataclasses import replace
from datetime import timedelta

import pytest
from entries import NOW, PLATFORMS, WASM, make_file, make_project

from index_server.model import File, ProjectDetail, Snapshot, Stage, Status
from index_server.pages.overview import Overview, make_row, newest, paginate, search


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ([make_file("1.0"), make_file("1.10"), make_file("1.9")], "1.10"),
        ([make_file("1.0"), make_file("2.0rc1")], "1.0"),
        ([make_file("2.0rc1"), make_file("2.0rc2")], "2.0rc2"),
        ([make_file("1.0"), make_file("2.0", yanked="bad")], "1.0"),
        ([make_file("1.0", yanked=""), make_file("2.0", yanked="bad")], "2.0"),
        ([make_file("1.0"), make_file("2.0", quarantine="bad")], "1.0"),
    ],
)
def test_the_newest_version(files: list[File], version: str) -> None:
    assert {file.version for file in newest(files)} == {version}


def test_a_row() -> None:
    files = (
        make_file("1.0", size=5000, uploaded_at=NOW - timedelta(days=1)),
        make_file("2.0", tag=WASM, size=70, summary="It sums", imports=("acme.sub",)),
        make_file("2.0", tag="cp313-cp313-manylinux_2_28_x86_64", size=80, summary="It sums"),
    )
    row = make_row(make_project(*files), PLATFORMS, hidden=False)
    assert row is not None
    assert (row.version, row.size, row.wheels, row.total) == ("2.0", 80, 3, 5150)
    assert row.platforms == ("Pyodide 0.29", "Linux")
    assert row.uploaded_at == NOW
    assert row.marks == ()
    assert "it sums" in row.searched
    assert "acme.sub" in row.searched


HIDDEN = [
    make_project(make_file(stage=Stage.STAGING)),
    make_project(make_file(quarantine="audit")),
    make_project(make_file(), status=Status.QUARANTINED),
]


@pytest.mark.parametrize(
    ("held", "mark"), list(zip(HIDDEN, ["staging", "quarantined", "quarantined"], strict=True))
)
def test_what_is_held_back_is_for_those_who_may_see_it(held: ProjectDetail, mark: str) -> None:
    assert make_row(held, PLATFORMS, hidden=False) is None
    row = make_row(held, PLATFORMS, hidden=True)
    assert row is not None
    assert row.marks == (mark,)


def test_rows_are_made_anew_only_where_a_project_changed() -> None:
    overview = Overview(PLATFORMS)
    one, two = make_project(make_file(), name="one"), make_project(make_file(), name="two")
    first = overview.rows(Snapshot(serial=1, projects={"one": one, "two": two}), lambda _: False)
    changed = replace(two, files=(make_file("3.0"),))
    later = overview.rows(
        Snapshot(serial=2, projects={"one": one, "two": changed}), lambda _: False
    )
    assert later[0] is first[0]
    assert [row.version for row in later] == ["1.0", "3.0"]


def test_search_finds_every_word_in_names_summaries_and_imports() -> None:
    overview = Overview(PLATFORMS)
    projects = [
        make_project(make_file(summary="Draws maps"), name="zeta-map"),
        make_project(make_file(summary="Reads Tiles of maps"), name="map"),
        make_project(make_file(imports=("cartography",)), name="other"),
        make_project(make_file(), name="map-tools"),
    ]
    rows = overview.rows(Snapshot(projects={p.name: p for p in projects}), lambda _: False)

    def found(query: str) -> list[str]:
        return [row.name for row in search(rows, query)]

    assert found("map") == ["map", "map-tools", "zeta-map"]
    assert found("TILES map") == ["map"]
    assert found("cartography") == ["other"]
    assert found("zeta_map") == ["zeta-map"]
    assert found("nothing") == []
    assert found("") == ["map", "map-tools", "other", "zeta-map"]


@pytest.mark.parametrize(
    ("asked", "number", "items"),
    [(1, 1, [0, 1]), (2, 2, [2, 3]), (3, 3, [4]), (0, 1, [0, 1]), (99, 3, [4])],
)
def test_pages(asked: int, number: int, items: list[int]) -> None:
    page = paginate(range(5), asked, 2)
    assert (page.number, page.last, page.found) == (number, 3, 5)
    assert list(page.items) == items


def test_an_empty_list_has_one_page() -> None:
    assert paginate([], 7).last == 1

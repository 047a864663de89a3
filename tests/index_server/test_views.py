from dataclasses import replace

import pytest
from wheels import make_file

from index_server.model import File, ProjectDetail, Stage, Status
from index_server.views import View, visible
from porter.platform import read_platform

OLD, NEW = read_platform("0.29"), read_platform("314")


def project(*files: File, status: Status = Status.ACTIVE) -> ProjectDetail:
    return ProjectDetail(name="acme", shown="acme", serial=1, files=files, status=status)


PURE = make_file("acme-1.0-py3-none-any.whl")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (PURE, True, True),
        (make_file("acme-1.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl"), True, False),
        (make_file("acme-1.0-cp313-cp313-pyodide_2025_0_wasm32.whl"), True, False),
        (make_file("acme-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl"), False, True),
        (make_file("acme-1.0-cp312-abi3-pyemscripten_2025_0_wasm32.whl"), True, False),
        (make_file("acme-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"), False, False),
        (make_file("acme-1.0.tar.gz"), False, False),
        (replace(PURE, requires_python=">=3.14"), False, True),
        (replace(PURE, requires_python="<3"), False, False),
        (replace(PURE, requires_python="not a specifier"), True, True),
        (replace(PURE, yanked=""), False, False),
        (replace(PURE, quarantine="broken"), False, False),
        (replace(PURE, stage=Stage.STAGING), False, False),
    ],
)
def test_a_runtime_sees_what_it_can_install(file: File, *, old: bool, new: bool) -> None:
    assert (visible(project(file), platform=OLD) == (file,)) is old
    assert (visible(project(file), platform=NEW) == (file,)) is new


def test_all_clients_see_yanked_files_and_sdists() -> None:
    files = (make_file("acme-1.0.tar.gz"), replace(PURE, yanked="a mistake"))
    assert set(visible(project(*files))) == set(files)


def test_staging_shows_more() -> None:
    staged = replace(PURE, stage=Stage.STAGING)
    assert visible(project(staged)) == ()
    assert visible(project(staged), staging=True) == (staged,)
    assert visible(project(replace(staged, quarantine="broken")), staging=True) == ()


def test_a_quarantined_project_shows_nothing() -> None:
    assert visible(project(PURE, status=Status.QUARANTINED)) == ()
    assert visible(project(PURE, status=Status.ARCHIVED)) == (PURE,)


def test_versions_are_in_their_own_order() -> None:
    names = ["acme-1.10-py3-none-any.whl", "acme-1.9-py3-none-any.whl", "acme-1.9rc1.tar.gz"]
    shown = visible(project(*map(make_file, names)))
    assert [file.version for file in shown] == ["1.9rc1", "1.9", "1.10"]


def test_the_newest_build_of_a_version_is_listed_first() -> None:
    builds = [
        make_file(f"acme-1.0{build}-py3-none-any.whl") for build in ("", "-2", "-10", "-10b", "-1")
    ]
    listed = visible(project(*builds, make_file("acme-0.9-py3-none-any.whl")))
    assert [file.filename.split("-")[1:3] for file in listed] == [
        ["0.9", "py3"], ["1.0", "10b"], ["1.0", "10"], ["1.0", "2"], ["1.0", "1"], ["1.0", "py3"],
    ]  # fmt: skip


def test_views_have_paths() -> None:
    assert View().path == ""
    assert View(platform=OLD).path == "/r/0.29"
    assert View(platform=OLD, staging=True).path == "/staging/r/0.29"

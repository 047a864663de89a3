"""One wheel a version: the best tag as micropip has it, then the highest build number."""

from datetime import UTC, datetime

import pytest
from offering import offer

from index_server.model import File
from index_server.runtimes.offers import (
    merge_offers,
    newest_offers,
    parse_version,
    read_requirement,
    requirements_of,
)
from porter.platform import Platform, read_platform

OLD = read_platform("0.29")
NEW = read_platform("314")


def file(filename: str) -> File:
    return File(
        project=filename.partition("-")[0],
        version=filename.split("-")[1],
        filename=filename,
        size=1,
        sha256="0" * 64,
        uploaded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("filenames", "chosen"),
    [
        (
            ["a-1-py3-none-any.whl", "a-2-py3-none-any.whl", "a-10-py3-none-any.whl"],
            ["10", "2", "1"],
        ),
        (["a-1.0-py3-none-any.whl", "a-1-py2.py3-none-any.whl"], ["1.0"]),
    ],
)
def test_each_version_once_and_the_newest_first(filenames: list[str], chosen: list[str]) -> None:
    assert [one.version for one in newest_offers([file(f) for f in filenames], OLD)] == chosen


@pytest.mark.parametrize("platform", [OLD, NEW], ids=lambda platform: platform.name)
def test_the_best_tag_of_a_version(platform: Platform) -> None:
    python = f"cp{platform.python_short.replace('.', '')}"
    ranked = [
        f"a-1-{python}-{python}-{platform.tag}.whl",
        f"a-1-{python}-{python}-pyodide_{platform.abi}_wasm32.whl",
        f"a-1-cp311-abi3-{platform.tag}.whl",
        f"a-1-py3-none-{platform.tag}.whl",
        "a-1-2-py3-none-any.whl",
        "a-1-1-py3-none-any.whl",
        "a-1-py3-none-any.whl",
    ]
    while ranked:
        files = [file(name) for name in reversed(ranked)]
        assert [one.filename for one in newest_offers(files, platform)] == [ranked[0]]
        ranked.pop(0)


def test_of_one_version_the_first_groups_offer_counts() -> None:
    mine, other = offer("a", "1.0"), offer("a", "1.0.0")
    assert merge_offers([mine], [other, offer("a", "2")])[1] is mine


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("sys_platform == 'emscripten'", True),
        ("sys_platform != 'emscripten'", False),
        ("platform_machine == 'wasm32'", True),
        ("platform_system == 'Emscripten'", True),
        ("os_name == 'posix'", True),
        ("platform_python_implementation == 'CPython'", True),
        ("implementation_name == 'cpython'", True),
        ("python_version >= '3.14'", False),
        ("python_full_version < '3.13.3'", True),
        ("sys_platform == 'win32' or python_version >= '3.9'", True),
        ("extra == 'fast'", False),
    ],
)
def test_markers_hold_as_in_the_runtime(marker: str, holds: bool) -> None:
    assert bool(read_requirement(f"b; {marker}", OLD)) is holds


def test_the_python_of_markers_is_the_platforms() -> None:
    line = "b; python_version >= '3.14'"
    assert (bool(read_requirement(line, OLD)), bool(read_requirement(line, NEW))) == (False, True)


def test_an_extra_adds_its_own_requirements() -> None:
    one = offer("a", "1", "b", "c; extra == 'Fast_er'", "d; extra == 'other'")
    assert [want.project for want in requirements_of(one, OLD)] == ["b"]
    assert [want.project for want in requirements_of(one, OLD, "fast-er")] == ["c"]
    assert requirements_of(one, OLD, "unknown") == ()


def test_extras_of_a_requirement_are_wanted_beside_it() -> None:
    found = read_requirement("B_b[x, y]>=1", OLD)
    assert [want.key for want in found] == ["b-b", "b-b[x]", "b-b[y]"]
    assert found[0].text == "B_b[x,y]>=1"


@pytest.mark.parametrize("line", ["not a requirement", "b @ file:///x/b-1-py3-none-any.whl", ""])
def test_what_no_index_can_meet_has_a_problem(line: str) -> None:
    assert read_requirement(line, OLD)[0].problem


def test_what_is_no_version_is_the_oldest() -> None:
    assert parse_version("1.1.1w") < parse_version("0.0.1.dev1")

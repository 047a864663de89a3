"""The lock file's fields, its addresses, and projects that need each other."""

import json

import pytest
from offering import among, offer, table

from index_server.runtimes.lockfile import find_circles, make_packages, render_lock
from index_server.runtimes.locks import split_requirements
from index_server.runtimes.resolve import resolve
from porter.platform import read_platform

PLATFORM = read_platform("0.29")
INFO = {"abi_version": "2025_0", "arch": "wasm32"}
BASE = "https://wheels.example/t/abc"


def packages(*offers: object, ask: str = "a") -> dict[str, dict[str, object]]:
    pins, extras = resolve([ask], among(table(*offers)), PLATFORM)  # type: ignore[arg-type]
    return make_packages(pins, PLATFORM, extras)


def test_a_package_has_the_fields_that_pyodide_reads() -> None:
    one = offer("a", "1.0", "b_b")
    made = packages(one, offer("b-b", "2"))
    lock = json.loads(render_lock(INFO, made, base=BASE))
    assert lock["info"] == INFO
    assert lock["packages"]["a"] == {
        "name": "a",
        "version": "1.0",
        "file_name": f"{BASE}{one.path}",
        "install_dir": "site",
        "sha256": one.sha256,
        "package_type": "package",
        "imports": ["a"],
        "depends": ["b-b"],
        "unvendored_tests": False,
    }
    assert list(lock["packages"]) == ["a", "b-b"]


def test_relative_names_are_bare() -> None:
    lock = json.loads(render_lock(INFO, packages(offer("a", "1")), base=BASE, relative=True))
    assert lock["packages"]["a"]["file_name"] == "a-1-py3-none-any.whl"


def test_an_extra_of_what_is_asked_for_is_loaded_with_it() -> None:
    offers = [offer("a", "1", "b; extra == 'x'"), offer("b", "1")]
    assert packages(*offers, ask="a")["a"]["depends"] == []
    assert packages(*offers, ask="a[x]")["a"]["depends"] == ["b"]


def test_an_optional_dependency_that_is_not_there_is_none() -> None:
    made = packages(offer("a", "1", "nowhere; extra == 'x'", "other; sys_platform == 'linux'"))
    assert made["a"]["depends"] == []


def test_projects_that_need_each_other_do_not_wait_for_each_other() -> None:
    made = packages(
        offer("a", "1", "b", "z"), offer("b", "1", "c"), offer("c", "1", "a"), offer("z", "1")
    )
    assert made["a"]["depends"] == ["z", "b-again", "c-again"]
    assert made["b"]["depends"] == ["z", "a-again", "c-again"]
    assert made["b-again"] == {**made["b"], "imports": [], "depends": ["z"]}


def test_second_entries_take_nobodys_name() -> None:
    made = packages(offer("a", "1", "b"), offer("b", "1", "a", "a-again"), offer("a-again", "1"))
    assert made["a-again"]["imports"] == ["a_again"]
    assert made["b"]["depends"] == ["a-again", "a-again-again"]


def test_circles() -> None:
    assert find_circles({"a": ["b"], "b": [], "c": ["a"]}) == []
    told = find_circles({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["e"], "e": ["c"], "f": ["a"]})
    assert told == [{"a", "b"}, {"c", "d", "e"}]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], ()),
        ([""], ()),
        (["b,a"], ("a", "b")),
        (["a", "b>=2", "a"], ("a", "b>=2")),
        (["a>=1,<2,b"], ("a>=1,<2", "b")),
        (["a>=1, != 1.5 ,b"], ("a>=1, != 1.5", "b")),
        (["a[x,y]>=1,<2,b[z]"], ("a[x,y]>=1,<2", "b[z]")),
        (["a~=1.0,==1.*"], ("a~=1.0,==1.*",)),
        ([",a,,"], ("a",)),
    ],
)
def test_requirements_between_commas(values: list[str], found: tuple[str, ...]) -> None:
    assert split_requirements(values) == found

"""Lock files of an index whose projects need public ones."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from upstreams import Public, run_public
from wheels import make_wheel, put_wheel

from index_server.errors import Unresolvable, UpstreamFailed
from index_server.holdings import Holdings
from index_server.runtimes.borrowing import borrow_once
from index_server.runtimes.environments import create_environment, read_environment
from index_server.runtimes.fetching import Runtimes
from index_server.runtimes.locks import Locks, Resolved
from index_server.settings import Upstream
from porter.platform import read_platform

PLATFORM = read_platform("0.29")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with run_public(tmp_path_factory.mktemp("public")) as public:
        folder = public.wheels
        make_wheel(folder, "publib", "1.0", requires=["pubdep<3"])
        make_wheel(folder, "publib", "2.0", requires=["pubdep>=2", "pubextra; extra == 'more'"])
        make_wheel(folder, "publib", "9.0", tag="cp313-cp313-manylinux_2_28_x86_64")
        make_wheel(folder, "pubdep", "1.0", members={"other_name/__init__.py": b""})
        make_wheel(folder, "pubdep", "2.5", members={"other_name/__init__.py": b""})
        make_wheel(folder, "pubdep", "3.0")
        make_wheel(folder, "pubextra", "1.0")
        make_wheel(folder, "acme-base", "99.0")
        yield public


@pytest.fixture
def lending(index: Holdings, running: Public, tmp_path: Path) -> Holdings:
    """An index that has three projects, and lets others come from the public index."""
    running.be("up")
    running.forget()
    upstream = Upstream(allow=("*",), index=running.url)
    index.settings = replace(index.settings, upstream=upstream)
    put_wheel(index, make_wheel(tmp_path, "acme-base", "1.0"))
    put_wheel(index, make_wheel(tmp_path, "acme-tools", requires=["publib", "acme-base"]))
    put_wheel(index, make_wheel(tmp_path, "acme-old", requires=["publib<2", "acme-tools"]))
    return index


def lock(index: Holdings, *requirements: str) -> Resolved:
    locks = Locks(index, Runtimes(index, patience=60, compress=False))
    borrowed = asyncio.run(borrow_once(index, locks, PLATFORM, requirements))
    return locks.resolve(PLATFORM, requirements, borrowed=borrowed)


def versions(resolved: Resolved) -> dict[str, object]:
    return {name: package["version"] for name, package in sorted(resolved.packages.items())}


def test_what_a_project_needs_comes_with_it(lending: Holdings, running: Public) -> None:
    resolved = lock(lending, "acme-tools")
    assert versions(resolved) == {
        "acme-base": "1.0",
        "acme-tools": "1.0",
        "pubdep": "3.0",
        "publib": "2.0",
    }
    package = resolved.packages["publib"]
    (wheel,) = running.wheels.glob("publib-2.0-*")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert package["sha256"] == sha256
    assert package["file_name"] == f"/upstream/{sha256[:2]}/{sha256[2:]}/{wheel.name}"


def test_older_versions_and_extras_are_looked_for_where_they_are_asked_for(
    lending: Holdings,
) -> None:
    resolved = lock(lending, "acme-old")
    assert {name: versions(resolved)[name] for name in ("publib", "pubdep")} == {
        "publib": "1.0",
        "pubdep": "2.5",
    }
    assert resolved.packages["pubdep"]["imports"] == ["other_name"]
    assert versions(lock(lending, "publib[more]"))["pubextra"] == "1.0"


def test_a_private_name_never_comes_from_there(lending: Holdings, running: Public) -> None:
    assert versions(lock(lending, "acme-tools"))["acme-base"] == "1.0"
    with pytest.raises(Unresolvable, match=r"of acme-base there is 1\.0"):
        lock(lending, "acme-base>=99")
    assert not [path for path in running.asked if "acme" in path]


def test_the_lock_file_of_everything_has_what_everything_needs(lending: Holdings) -> None:
    resolved = lock(lending)
    assert not resolved.left_out
    for package in resolved.packages.values():
        assert set(package["depends"]) <= resolved.packages.keys()  # type: ignore[call-overload]
    assert versions(resolved)["publib"] == "1.0"


def test_upstream_is_away(lending: Holdings, running: Public) -> None:
    running.be("500")
    with pytest.raises(UpstreamFailed):
        lock(lending, "acme-tools")
    resolved = lock(lending)
    assert versions(resolved) == {"acme-base": "1.0", "micropip": "0.11.1"}
    assert resolved.left_out.keys() == {"acme-old", "acme-tools"}


def test_nothing_is_asked_where_nothing_may_come(lending: Holdings, running: Public) -> None:
    lending.settings = replace(lending.settings, upstream=Upstream(index=running.url))
    with pytest.raises(Unresolvable, match="of publib nothing is here"):
        lock(lending, "acme-tools")
    assert running.asked == []


def test_an_environment_may_need_public_projects(lending: Holdings) -> None:
    name = create_environment(lending, PLATFORM, ["acme-tools"], "tests")
    assert read_environment(lending, name).packages["publib"]["version"] == "2.0"

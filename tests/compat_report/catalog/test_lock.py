"""Lock files: the release's, an index's, and what is none."""

import json

import pytest

from compat_report.catalog.lock import Lock, add_own, parse_lock
from porter.runtime import Runtime


def package(name: str, *depends: str, **fields: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "name": name,
        "version": "1.0",
        "file_name": f"{name}-1.0-py3-none-any.whl",
        "imports": [name.replace("-", "_")],
        "depends": list(depends),
        "package_type": "package",
    }
    return plain | fields


def lock(*packages: dict[str, object]) -> Lock:
    named = {str(index): one for index, one in enumerate(packages)}
    return parse_lock(json.dumps({"info": {}, "packages": named}).encode())


def names(found: Lock, *asked: str, loaded: tuple[str, ...] = ()) -> list[str]:
    return [one.name for one in found.closure(asked, loaded)]


def test_what_is_loaded_comes_after_what_it_needs() -> None:
    found = lock(package("A", "b_", "c"), package("b-", "C"), package("c"), package("d", "e.e"))
    assert set(found.packages) == {"a", "b-", "c", "d"}
    assert names(found, "a") == ["c", "b-", "a"]
    assert names(found, "a", loaded=("b-",)) == ["c", "a"]
    assert names(found, "a", loaded=("c",)) == ["b-", "a"]
    assert names(found, "d", "nothing", "a") == ["d", "c", "b-", "a"]


def test_a_circle_ends() -> None:
    found = lock(package("a", "b"), package("b", "a"))
    assert names(found, "a") == ["b", "a"]


def test_second_entries_and_tests_have_no_imports() -> None:
    found = lock(
        package("a", "a-tests"),
        package("a", imports=[], file_name="a-1.0-again.whl"),
        package("a-tests", imports=["a"]),
        package("b-tests", imports=["b"]),
    )
    assert found.packages["a"].filename == "a-1.0-py3-none-any.whl"
    assert found.imports == {"a": "a", "b": "b-tests"}


def test_what_an_index_adds() -> None:
    release = lock(package("a"), package("b", imports=["b", "shared"]))
    index = lock(
        package("b", version="2.0", imports=["b", "more"]),
        package("c", file_name="https://wheels.example/files/00/00/c-1.0-py3-none-any.whl"),
        package("d", imports=["shared"]),
    )
    found = add_own(release, index)
    assert sorted(one.name for one in found.packages.values() if one.own) == ["c", "d"]
    assert found.packages["b"].version == "1.0"
    assert found.imports == {"a": "a", "b": "b", "shared": "b", "c": "c"}
    assert found.packages["c"].url.startswith("https://")


def test_the_release_s_own(runtime: Runtime) -> None:
    found = parse_lock((runtime.folder / "pyodide-lock.json").read_bytes())
    assert len(found.packages) > 300
    assert found.imports["cv2"] == "opencv-python"
    assert found.imports["google"] == "protobuf"
    assert found.imports["_ssl"] == "ssl"
    assert found.packages["ssl"].kind == "cpython_module"
    assert names(found, "ssl") == ["libopenssl", "ssl"]
    assert not any(name.endswith("-tests") for name in found.imports.values())
    loaded = names(found, *found.packages)
    assert sorted(loaded) == sorted(found.packages)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"packages": []}', b'{"packages": {"a": 1}}',
     b'{"packages": {"a": {"name": "a"}}}', b"\xff\xfe", b'{"packages": {"a": {"depends": 3}}}'],
)  # fmt: skip
def test_what_is_no_lock_file(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_lock(body)

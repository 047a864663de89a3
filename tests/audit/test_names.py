import pytest

from porter.audit.names import import_names


@pytest.mark.parametrize(
    ("members", "names"),
    [
        (["a.py", "a-1.dist-info/RECORD"], ("a",)),
        (["a/__init__.py", "a/b.py", "a/c/__init__.py"], ("a",)),
        (
            ["a/__init__.py", "a/_core.cpython-313-wasm32-emscripten.so"],
            ("a", "a._core"),
        ),
        (["a.abi3.so"], ("a",)),
        (["_a.cpython-313-wasm32-emscripten.so"], ("_a",)),
        (["_a.cpython-313-wasm32-emscripten.so", "a.py"], ("a", "_a")),
        (["a/__init__.py", "tests/__init__.py", "a/tests/_x.so"], ("a",)),
        (["space/part/__init__.py"], ("space",)),
        (["a-1.data/scripts/tool.py", "not-a-name.py", "a/data.txt"], ()),
        (
            ["a/__init__.py", "a.libs/libz.so", "a/libgeos.so", "a/libc.abi3.so"],
            ("a", "a.libc"),
        ),
        (["a.py", "test_a.py", "conftest.py", "a/test_b.py"], ("a",)),
        ([], ()),
    ],
)
def test_import_names(members: list[str], names: tuple[str, ...]) -> None:
    assert import_names(members) == names

"""A wheel's structure: each way to be wrong is found, and a right one is clean."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from audit.corpus import make_wheel
from hypothesis import given
from hypothesis import strategies as st

from porter.audit.wheel import check_structure, read_wheel

INFO = "m-1.0.dist-info"
PLAIN = "Metadata-Version: 2.1\nName: m\nVersion: 1.0\n"


def rewrite(
    path: Path,
    *,
    replace: dict[str, bytes | None] | None = None,
    add: list[tuple[str | zipfile.ZipInfo, bytes]] | None = None,
) -> None:
    """Change members of a wheel without telling its RECORD; None takes one out."""
    changes = replace or {}
    with zipfile.ZipFile(path) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for entry, data in members:
            new = changes.get(entry.filename, data)
            if new is not None:
                archive.writestr(entry, new)
        for name, data in add or []:
            archive.writestr(name, data)


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


def deflated(name: str, size: int) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info, bytes(size)


def metadata(text: str) -> dict[str, bytes | None]:
    return {f"{INFO}/METADATA": text.encode()}


def wheel_file(text: str) -> dict[str, bytes | None]:
    return {f"{INFO}/WHEEL": text.encode()}


def codes(path: Path) -> set[str]:
    contents, findings = read_wheel(path)
    return {f.code for f in (findings if contents is None else check_structure(contents))}


def test_a_right_wheel_is_clean(tmp_path: Path) -> None:
    assert codes(make_wheel(tmp_path, {"m.py": b"", "m/data.bin": b"\0" * 10})) == set()


# What is done to a right wheel, and what must be found; RECORD tells of most of it too.
CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "escaping": (lambda p: rewrite(p, add=[("../evil.py", b"")]), "unsafe-member"),
    "absolute": (lambda p: rewrite(p, add=[("/etc/evil", b"")]), "unsafe-member"),
    "drive": (lambda p: rewrite(p, add=[("C:evil", b"")]), "unsafe-member"),
    "symbolic link": (lambda p: rewrite(p, add=[(link("l"), b"/etc/passwd")]), "unsafe-member"),
    "control character": (lambda p: rewrite(p, add=[("a\nb.py", b"")]), "unsafe-member"),
    "a folder outside": (lambda p: rewrite(p, add=[("../x/", b"")]), "unsafe-member"),
    "no name of its own": (lambda p: rewrite(p, add=[("./n.py", b"")]), "unsafe-member"),
    "another case": (lambda p: rewrite(p, add=[("M.py", b"")]), "colliding-member"),
    "composed and not": (
        lambda p: rewrite(p, add=[("\u00e9.py", b""), ("e\u0301.py", b"")]),
        "colliding-member",
    ),
    "below a file": (lambda p: rewrite(p, add=[("M.py/n.py", b"")]), "colliding-member"),
    "bytes before": (lambda p: void(p.write_bytes(b"x" + p.read_bytes())), "ambiguous-archive"),
    "bytes after": (lambda p: void(p.write_bytes(p.read_bytes() + b"x")), "ambiguous-archive"),
    "a bomb": (lambda p: rewrite(p, add=[deflated("z", 65 << 20)]), "zip-bomb"),
    "changed": (lambda p: rewrite(p, replace={"m.py": b"evil"}), "record-differs"),
    "added": (lambda p: rewrite(p, add=[("n.py", b"")]), "unrecorded"),
    "taken out": (lambda p: rewrite(p, replace={"m.py": None}), "record-without-file"),
    "no RECORD": (lambda p: rewrite(p, replace={f"{INFO}/RECORD": None}), "no-record"),
    "binary RECORD": (lambda p: rewrite(p, replace={f"{INFO}/RECORD": b"\xff\0"}), "no-record"),
    "weak hash": (
        lambda p: rewrite(p, replace={f"{INFO}/RECORD": b"m.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n"}),
        "record-differs",
    ),
    "no hash": (lambda p: rewrite(p, replace={f"{INFO}/RECORD": b"m.py,,\n"}), "record-differs"),
    "RECORD twice": (
        lambda p: rewrite(p, replace={f"{INFO}/RECORD": b"m.py,sha256=x,0\nm.py,,\n"}),
        "no-record",
    ),
    "a dependency in the description": (
        lambda p: rewrite(p, replace=metadata(f"{PLAIN}\nUse\nRequires-Dist: evil\n")),
        "metadata-misread",
    ),
    "an extra in the description": (
        lambda p: rewrite(p, replace=metadata(f"{PLAIN}\nProvides-Extra: evil\n")),
        "metadata-misread",
    ),
    "a folded dependency": (
        lambda p: rewrite(p, replace=metadata(f"{PLAIN}Requires-Dist: a\n (>1)\n")),
        "metadata-misread",
    ),
    "a dependency in small letters": (
        lambda p: rewrite(p, replace=metadata(f"{PLAIN}requires-dist: a\n")),
        "metadata-misread",
    ),
    "METADATA that is no UTF-8": (
        lambda p: rewrite(p, replace={f"{INFO}/METADATA": PLAIN.encode() + b"Summary: \xff\n"}),
        "metadata-invalid",
    ),
    "no METADATA": (lambda p: rewrite(p, replace={f"{INFO}/METADATA": None}), "metadata-invalid"),
    "empty METADATA": (lambda p: rewrite(p, replace=metadata("")), "metadata-invalid"),
    "another name": (
        lambda p: rewrite(p, replace=metadata("Metadata-Version: 2.1\nName: n\nVersion: 1.0\n")),
        "metadata-differs",
    ),
    "another version": (
        lambda p: rewrite(p, replace=metadata("Metadata-Version: 2.1\nName: m\nVersion: 2\n")),
        "metadata-differs",
    ),
    "bad requirement": (
        lambda p: rewrite(
            p,
            replace=metadata("Metadata-Version: 2.1\nName: m\nVersion: 1.0\nRequires-Dist: a b\n"),
        ),
        "metadata-invalid",
    ),
    "no WHEEL": (lambda p: rewrite(p, replace={f"{INFO}/WHEEL": None}), "wheel-invalid"),
    "another format": (
        lambda p: rewrite(p, replace=wheel_file("Wheel-Version: 2.0\nTag: py3-none-any\n")),
        "wheel-invalid",
    ),
    "another tag": (
        lambda p: rewrite(
            p,
            replace=wheel_file(
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp39-cp39-win32\nTag: nonsense\n"
            ),
        ),
        "tags-differ",
    ),
    "two dist-info folders": (
        lambda p: rewrite(p, add=[("n-1.dist-info/METADATA", b"")]),
        "not-a-wheel",
    ),
    "not a zip": (lambda p: void(p.write_bytes(b"PK nothing")), "not-a-wheel"),
    "cut off": (lambda p: void(p.write_bytes(p.read_bytes()[:200])), "not-a-wheel"),
    "damaged": (
        lambda p: void(p.write_bytes(p.read_bytes().replace(b"VALUE", b"value"))),
        "not-a-wheel",
    ),
}


def void(result: object) -> None:
    """An expression where a statement is wanted."""


@pytest.mark.parametrize("name", CASES)
def test_each_way_to_be_wrong(name: str, tmp_path: Path) -> None:
    spoil, code = CASES[name]
    wheel = make_wheel(tmp_path, {"m.py": b"VALUE = 1\n"})
    spoil(wheel)
    assert code in codes(wheel)


def test_a_large_wheel_is_read_and_its_ratio_can_be_chosen(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"m.py": b""})
    rewrite(wheel, add=[deflated("z", 65 << 20)])
    assert read_wheel(wheel, ratio=10_000)[0] is not None
    bomb, findings = read_wheel(wheel, ratio=2)
    assert bomb is None
    assert findings[0].code == "zip-bomb"


def test_what_the_description_may_say(tmp_path: Path) -> None:
    text = "Requires-Dist: a (>1)\nProvides-Extra: x\n\nWrite ``Requires-Dist: b``.\n"
    assert codes(make_wheel(tmp_path, {"m.py": b""}, metadata=text)) == set()


def test_a_member_twice(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"m.py": b""})
    with pytest.warns(UserWarning, match="Duplicate"):
        rewrite(wheel, add=[("m.py", b"evil")])
    assert "duplicate-member" in codes(wheel)


@pytest.mark.parametrize(
    "name", ["m.whl", "m-1.0-py3-none.whl", "m-1.0.zip", "m-x-py3-none-any.whl"]
)
def test_a_name_that_is_no_wheels(name: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"m.py": b""}).rename(tmp_path / name)
    assert codes(wheel) == {"bad-filename"}


def test_old_metadata_with_a_newer_field_is_what_installers_take(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"m.py": b""}, metadata="License-File: LICENSE\n")
    assert codes(wheel) == set()


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{INFO}/RECORD", data)
        archive.writestr(f"{INFO}/METADATA", data)
        archive.writestr(f"{INFO}/WHEEL", data)
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for content in (buffer.getvalue(), data):
            path = Path(folder) / "m-1.0-py3-none-any.whl"
            path.write_bytes(content)
            assert codes(path)

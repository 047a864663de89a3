from pathlib import Path

import pytest
from wheels import make_wheel

from porter.compare import compare_wheels
from porter.errors import ConfigurationError


def told(old: Path, new: Path) -> list[str]:
    return [str(difference) for difference in compare_wheels(old, new)]


def test_where_two_wheels_differ(tmp_path: Path) -> None:
    old = make_wheel(tmp_path / "a", members={"a.py": b"x = 1\n", "b.py": b"", "c.py": b"123"})
    assert (
        told(
            old,
            make_wheel(tmp_path / "b", members={"a.py": b"x = 1\n", "b.py": b"", "c.py": b"123"}),
        )
        == []
    )
    new = make_wheel(tmp_path / "c", members={"a.py": b"x = 2\n", "d.py": b"", "c.py": b"1234"})
    assert told(old, new) == [
        "a.py: 6 bytes, the first that differs is byte 4",
        "b.py: is gone",
        "c.py: 3 → 4 bytes, the first that differs is byte 3",
        "d.py: is new",
    ]
    # What follows from the others is told of only where it is all.
    info = "acme_tools-1.0.dist-info"
    sbom = make_wheel(tmp_path / "d", members={f"{info}/sboms/porter.cdx.json": b"1"})
    other = make_wheel(tmp_path / "e", members={f"{info}/sboms/porter.cdx.json": b"2"})
    assert [text.split(":")[0] for text in told(sbom, other)] == [
        f"{info}/RECORD",
        f"{info}/sboms/porter.cdx.json",
    ]
    order = make_wheel(tmp_path / "f", members={"b.py": b"", "a.py": b"x = 1\n", "c.py": b"123"})
    # RECORD has the members in another order, too.
    assert told(old, order)[0].startswith(f"{info}/RECORD")


def test_what_is_no_wheel(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"x")
    with pytest.raises(ConfigurationError, match="no wheel"):
        compare_wheels(make_wheel(tmp_path), tmp_path / "a.whl")

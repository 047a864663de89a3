"""What a wheel tells of its build is read with care: anybody may have written it."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wheels import make_wheel

from porter.disclosed import MEMBER, parse_disclosed, read_disclosed
from porter.errors import ConfigurationError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
COMPONENT = {"name": "a", "version": "1", "hashes": [{"content": "0"}], "properties": []}


@pytest.mark.parametrize("field", [*COMPONENT])
@given(value=JSON)
def test_any_value_is_told_or_refused(field: str, value: object) -> None:
    document = json.dumps({"metadata": {"component": {**COMPONENT, field: value}}})
    try:
        told = parse_disclosed(document.encode())
    except ConfigurationError:
        return
    assert isinstance(told.key, str)


def test_a_wheel_without_one_says_so(tmp_path: Path) -> None:
    plain = make_wheel(tmp_path, "plain")
    with pytest.raises(ConfigurationError, match="no bill of materials"):
        read_disclosed(plain)
    two = {f"{name}.dist-info/{MEMBER}": b"{}" for name in ("a-1", "b-1")}
    with pytest.raises(ConfigurationError, match="no bill of materials"):
        read_disclosed(make_wheel(tmp_path, "two", members=two))
    foreign = {f"odd-1.0.dist-info/{MEMBER}": b"[" * 100_000}
    with pytest.raises(ConfigurationError, match="none of Porter's"):
        read_disclosed(make_wheel(tmp_path, "odd", members=foreign))
    (tmp_path / "no.whl").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(ConfigurationError, match="no wheel"):
        read_disclosed(tmp_path / "no.whl")
    bomb = tmp_path / "bomb-1-py3-none-any.whl"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"bomb-1.dist-info/{MEMBER}", bytes(9_000_000))
    with pytest.raises(ConfigurationError, match="no bill of materials"):
        read_disclosed(bomb)

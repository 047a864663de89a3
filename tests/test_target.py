"""Wheels by the names people give them."""

from pathlib import Path

import pytest
from audit.corpus import make_wheel

from porter.errors import SourceNotFound, UsageError
from porter.home import Home
from porter.platform import Platform
from porter.target import find_wheel


def test_a_file_and_a_project(
    platform: Platform, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, {"m.py": b""})
    assert find_wheel(str(wheel), platform, home=home, env=env) == wheel
    found = find_wheel("pkg:pypi/iniconfig@2.1.0", platform, home=home, env=env)
    assert found.name == "iniconfig-2.1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("absent.whl", SourceNotFound, "no such wheel"),
        ("pkg:pypi/regex@2026.11.15", SourceNotFound, "no wheel of it that Pyodide"),
        ("pkg:npm/x@1", UsageError, "only projects of the Python package index"),
    ],
)
def test_what_cannot_be_found(
    text: str,
    error: type[Exception],
    message: str,
    platform: Platform,
    home: Home,
    env: dict[str, str],
) -> None:
    with pytest.raises(error, match=message):
        find_wheel(text, platform, home=home, env=env)

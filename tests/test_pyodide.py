import subprocess
import sys

import pytest

from porter.backend import PYODIDE


@pytest.mark.parametrize(
    ("command", "option"), [("build", "--exports"), ("build-recipes-no-deps", "--skip-rust-setup")]
)
def test_commands_are_those_of_pyodide_build(command: str, option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", PYODIDE, command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert option in done.stdout

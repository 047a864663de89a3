"""`porter test` on wheels that are not for this runtime."""

from collections.abc import Callable
from pathlib import Path

import pytest
from running import Ran

Porter = Callable[..., Ran]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sample-1.0-cp313-cp313-manylinux_2_17_x86_64.whl", "pyemscripten_2025_0_wasm32"),
        ("sample-1.0-cp312-cp312-pyodide_2024_0_wasm32.whl", "pyemscripten_2025_0_wasm32"),
        ("sample.whl", "not the name of a wheel"),
        ("sample-1.0-py3-none-any.whl", "is not a wheel"),
    ],
)
def test_what_the_runtime_does_not_take(
    porter: Porter, tmp_path: Path, name: str, words: str
) -> None:
    wheel = tmp_path / name
    wheel.write_text("no zip")
    ran = porter("test", wheel)
    assert ran.code == 2, ran.err
    assert words in ran.err
    assert "Traceback" not in ran.err

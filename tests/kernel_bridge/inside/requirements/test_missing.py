"""What cells import and a kernel has not."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from kernel_bridge.inside.requirements.missing import is_there, missing_imports
from kernel_bridge.inside.requirements.projects import project_of


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("import json, no_such", ["no_such"]),
        ("from no_such.part import x\nimport no_such.part", ["no_such.part"]),
        ("%time import no_such", ["no_such"]),
        ("%%time\nimport no_such", ["no_such"]),
        ("try:\n    import no_such\nexcept ImportError:\n    pass", []),
        ("try:\n    import no_such\nexcept KeyError:\n    pass", ["no_such"]),
        ("try:\n    import no_such\nexcept ImportError:\n    import no_other", []),
        ("import contextlib\nwith contextlib.suppress(ImportError):\n    import no_such", []),
        ("if TYPE_CHECKING:\n    import no_such", []),
        ("import sys\nif sys.platform == 'emscripten':\n    import no_such", []),
        ("def f():\n    import no_such", ["no_such"]),
        ("import importlib\nimportlib.import_module('no_such')", ["no_such"]),
        ("importlib.import_module(name)", []),
        ("from . import x", []),
        ("import xml.no_such", []),
        ("x = (", []),
        ("!ls\nimport no_such", ["no_such"]),
    ],
)
def test_missing(source: str, missing: list[str]) -> None:
    assert missing_imports(source) == missing


def test_what_is_there_in_part_is_missing() -> None:
    source = "import json, xml.dom\nfrom json import loads\ntry:\n    import csv\nexcept ImportError:\n    pass"
    assert missing_imports(source, there=lambda _: False) == ["json", "xml.dom"]


@pytest.mark.skipif(find_spec("matplotlib") is not None, reason="it is not missing here")
@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("%matplotlib inline\nimport no_such", ["matplotlib", "no_such"]),
        ("x = 1\n%matplotlib inline\nimport matplotlib", ["matplotlib"]),
        ("%pylab", ["matplotlib"]),
        ("%%time\n%matplotlib inline", ["matplotlib"]),
        ("# %matplotlib inline", []),
        ("%config InlineBackend.figure_format = 'svg'", []),
    ],
)
def test_magics_that_import(source: str, missing: list[str]) -> None:
    assert [name for name in missing_imports(source) if name != "numpy"] == missing


def test_a_namespace_may_lack_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spread" / "out" / "here").mkdir(parents=True)
    (tmp_path / "spread" / "out" / "here" / "__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert is_there("spread.out.here")
    assert not is_there("spread.out.there")
    assert missing_imports("from spread.out import there, here") == ["spread.out.there"]
    assert "spread.out.here" not in sys.modules
    for name in ("spread", "spread.out"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("module", "project"),
    [
        ("sklearn.linear_model", "scikit-learn"),
        ("google.cloud.storage", "google-cloud-storage"),
        ("google.protobuf.message", "protobuf"),
        ("google.something", None),
        ("some_thing.part", "some-thing"),
        ("locked", "of-the-lock"),
    ],
)
def test_projects(module: str, project: str | None) -> None:
    assert project_of(module, {"locked": "of-the-lock", "google": "protobuf"}) == project

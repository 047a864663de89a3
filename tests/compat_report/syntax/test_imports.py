"""What a cell imports, and under which guard."""

from pathlib import Path

import pytest
from celling import codes, facts_of, found, imported, used


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a, b.c as d", [("a", None), ("b.c", None)]),
        ("from a import b, c as d", [("a.b", "a"), ("a.c", "a")]),
        ("from google.cloud import storage", [("google.cloud.storage", "google.cloud")]),
        ("from . import x", [(".x", ".")]),
        ("from .m import x", [(".m.x", ".m")]),
        ("from ..m import x", [("..m.x", "..m")]),
        ("from a import *", [("a", None)]),
        ("from __future__ import annotations", []),
        ("import importlib\nimportlib.import_module('a.b')", [("importlib", None), ("a.b", None)]),
        (
            "from importlib import import_module as im\nN = 'a'\nim(N)",
            [("importlib.import_module", "importlib"), ("a", None)],
        ),
        ("__import__('a')", [("a", None)]),
        ("if x:\n  for y in z:\n    with q:\n      import a", [("a", None)]),
        ("import a; import b", [("a", None), ("b", None)]),
        ("x = 'import a'\n# import b\n'''\nimport c\n'''", []),
        ("match x:\n    case 1:\n        import a", [("a", None)]),
    ],
)
def test_names(source: str, expected: list[tuple[str, str | None]]) -> None:
    told = [(one.name, one.parent) for one in facts_of(source).cells[0].imports]
    assert told == expected


TRY = "try:\n    import a\n{handler}\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (TRY.format(handler="except ImportError:\n    a = None"), [("a", "optional")]),
        (TRY.format(handler="except ModuleNotFoundError:\n    a = None"), [("a", "optional")]),
        (TRY.format(handler="except (ImportError, OSError):\n    pass"), [("a", "optional")]),
        (TRY.format(handler="except:\n    pass"), [("a", "optional")]),
        (TRY.format(handler="except Exception:\n    pass"), [("a", "optional")]),
        (TRY.format(handler="except ValueError:\n    pass"), [("a", "none")]),
        (TRY.format(handler="except ImportError:\n    raise"), [("a", "none")]),
        (TRY.format(handler="except ImportError:\n    sys.exit(1)"), [("a", "none")]),
        (TRY.format(handler="finally:\n    pass"), [("a", "none")]),
        (
            TRY.format(handler="except ImportError:\n    import b"),
            [("a", "optional"), ("b", "optional")],
        ),
        (
            "from contextlib import suppress\nwith suppress(ImportError):\n    import a",
            [("contextlib.suppress", "none"), ("a", "optional")],
        ),
        ("def f():\n    import a", [("a", "lazy")]),
        ("async def f():\n    import a", [("a", "lazy")]),
        ("class C:\n    def f(self):\n        import a", [("a", "lazy")]),
        ("class C:\n    import a", [("a", "none")]),
        ("def f():\n    import a\nf()", [("a", "none")]),
        ("def f():\n    import a\nbutton.on_click(f)", [("a", "none")]),
        ("def f():\n    import a\ndef g():\n    f()", [("a", "lazy")]),
        ("def f():\n    import a\ndef g():\n    f()\ng()", [("a", "none")]),
        ("def f():\n    g()\ndef g():\n    import a\nf()", [("a", "none")]),
        ("def f():\n    import a\n    f()", [("a", "lazy")]),
        ("class C:\n    def f(self):\n        import a\nC()", [("a", "none")]),
        (
            "def f():\n    try:\n        import a\n    except ImportError:\n        pass\nf()",
            [("a", "optional")],
        ),
    ],
)
def test_guards(source: str, expected: list[tuple[str, str]]) -> None:
    assert imported(facts_of(source)) == expected


@pytest.mark.parametrize(
    ("test", "body", "other"),
    [
        ("TYPE_CHECKING", "typing", "none"),
        ("typing.TYPE_CHECKING", "typing", "none"),
        ("sys.platform == 'emscripten'", "none", "elsewhere"),
        ("'emscripten' == sys.platform", "none", "elsewhere"),
        ("sys.platform != 'emscripten'", "elsewhere", "none"),
        ("sys.platform == 'win32'", "elsewhere", "none"),
        ("sys.platform.startswith('linux')", "elsewhere", "none"),
        ("sys.platform in ('win32', 'cygwin')", "elsewhere", "none"),
        ("sys.platform not in ('win32', 'cygwin')", "none", "elsewhere"),
        ("'win' in sys.platform", "elsewhere", "none"),
        ("platform.system() == 'Windows'", "elsewhere", "none"),
        ("platform.system().lower() == 'emscripten'", "none", "elsewhere"),
        ("platform.machine() == 'wasm32'", "none", "elsewhere"),
        ("os.name == 'nt'", "elsewhere", "none"),
        ("os.name == 'posix'", "none", "elsewhere"),
        ("'pyodide' in sys.modules", "none", "elsewhere"),
        ("'pyodide' not in sys.modules", "elsewhere", "none"),
        ("'google.colab' in sys.modules", "elsewhere", "none"),
        ("'google.colab' in str(get_ipython())", "elsewhere", "none"),
        ("IN_COLAB", "elsewhere", "none"),
        ("not IN_COLAB", "none", "elsewhere"),
        ("IN_COLAB and x", "elsewhere", "none"),
        ("x or not IN_COLAB", "none", "elsewhere"),
        ("x or IN_COLAB", "none", "none"),
        ("False", "elsewhere", "none"),
        ("__name__ == '__main__'", "none", "elsewhere"),
        ("x", "none", "none"),
        ("x == 'emscripten'", "none", "none"),
        ("sys.platform == x", "none", "none"),
        ("sys.version_info > (3, 9)", "none", "none"),
    ],
)
def test_branches_that_a_browser_does_not_take(test: str, body: str, other: str) -> None:
    facts = facts_of(
        "import sys, os, platform, typing\nfrom typing import TYPE_CHECKING\n"
        "IN_COLAB = 'google.colab' in sys.modules",
        f"if {test}:\n    import a\n    open('x')\nelse:\n    import b",
    )
    assert imported(facts)[-2:] == [("a", body), ("b", other)]
    assert used(facts) == [("builtins.open", body)]


def test_what_cannot_be_told_is_a_finding() -> None:
    facts = facts_of(
        "import importlib\nfor n in names:\n    importlib.import_module(n)", "__import__(x)"
    )
    assert codes(found(facts)) == ["dynamic-import", "dynamic-import"]
    assert codes(found(facts_of("from threading import *"))) == ["star-import"]
    assert codes(found(facts_of("from pyspark.sql import *"))) == ["star-import"]
    assert codes(found(facts_of("from math import *"))) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text(
        "import os\nfrom threading import Thread\nimport psycopg2\nT = Thread\n"
        "def go():\n    import redis\n    os.fork()\n"
    )
    package = tmp_path / "tools"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("from .first import one\nfrom . import second\n")
    (package / "first.py").write_text("from .second import two\nimport numpy\none = 1\n")
    (package / "second.py").write_text("from tools import first\nopen('x')\ntwo = 2\n")
    (package / "deep" / "__init__.py").write_text("from ..first import one\nimport scipy\n")
    spaced = tmp_path / "spaced"
    spaced.mkdir()
    (spaced / "inner.py").write_text("import sympy\n")
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "data").mkdir()
    return tmp_path


def test_local_modules_are_read_where_they_are_imported(folder: Path) -> None:
    facts = facts_of("x = 1\nimport helper", "import helper", folder=folder)
    assert imported(facts) == [
        ("os", "none"),
        ("threading.Thread", "none"),
        ("psycopg2", "none"),
        ("redis", "lazy"),
    ]
    assert {(it.location.cell, it.location.line) for it in facts.cells[0].imports} == {(0, 2)}
    assert used(facts) == [("threading.Thread", "none"), ("os.fork", "lazy")]
    assert facts.modules == (str(folder / "helper.py"),)


@pytest.mark.parametrize(
    "source",
    [
        "from helper import go\ngo()",
        "import helper\nhelper.go()",
        "import helper as h\nh.go()",
        "from helper import *\ngo()",
        "from helper import go as g\ndef f():\n    g()\nf()",
    ],
)
def test_functions_of_local_modules_count_where_they_are_called(folder: Path, source: str) -> None:
    assert ("os.fork", "none") in used(facts_of(source, folder=folder))
    assert ("redis", "none") in imported(facts_of(source, folder=folder))


def test_names_of_local_modules_are_followed(folder: Path) -> None:
    for source in ("from helper import T\nT()", "import helper\nhelper.T()"):
        facts = facts_of("import os", source, folder=folder)
        assert [use.called for use in facts.cells[1].uses if use.name == "threading.Thread"] == [
            False,
            True,
        ]


def test_packages_relative_imports_and_circles(folder: Path) -> None:
    facts = facts_of("import tools.deep", "from spaced import inner", folder=folder)
    assert [name for name, _ in imported(facts)] == ["numpy", "scipy", "sympy"]
    assert used(facts) == [("builtins.open", "none")]
    assert [Path(path).relative_to(folder).as_posix() for path in facts.modules] == [
        "spaced/inner.py",
        "tools/__init__.py",
        "tools/deep/__init__.py",
        "tools/first.py",
        "tools/second.py",
    ]


def test_what_is_no_module_is_an_import(folder: Path) -> None:
    facts = facts_of("import data, data.x, nothing, spaced", folder=folder)
    assert [name for name, _ in imported(facts)] == ["data", "data.x", "nothing", "spaced"]


def test_a_broken_module_is_a_finding(folder: Path) -> None:
    (finding,) = found(facts_of("import os\nimport broken", folder=folder))
    assert finding.code == "unreadable-cell"
    assert (finding.location.path, finding.location.line) == ("n.ipynb", 2)


def test_a_guard_of_a_local_module_guards_what_it_imports(folder: Path) -> None:
    facts = facts_of("try:\n    import helper\nexcept ImportError:\n    pass", folder=folder)
    assert set(dict(imported(facts)).values()) == {"optional"}
    facts = facts_of("def f():\n    import helper", "import helper", folder=folder)
    assert ("psycopg2", "none") in imported(facts)

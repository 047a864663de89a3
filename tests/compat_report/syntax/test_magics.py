"""What magics and commands mean."""

from pathlib import Path

import pytest
from celling import codes, facts_of, found, imported, required, used

from compat_report.model import Severity
from compat_report.reading.magic_table import cell_language, read_magics

MEANINGS = {
    "",
    "body",
    "code",
    "file",
    "fine",
    "install",
    "language",
    "limited",
    "load",
    "markup",
    "run",
    "server",
    "shell",
}


def test_the_table_says_what_its_words_need() -> None:
    for name, meaning in read_magics().items():
        assert {meaning.line, meaning.cell} <= MEANINGS, name
        assert meaning.line or meaning.cell, name
        words = {meaning.line, meaning.cell}
        assert bool(words & {"server", "limited"}) == bool(meaning.why), name
        assert ("install" in words) == bool(meaning.tool), name
        assert bool(words & {"language", "markup"}) == bool(meaning.language), name


@pytest.mark.parametrize(
    "source",
    [
        "%config InlineBackend.figure_format = 'svg'",
        "%load_ext autoreload\n%autoreload 2",
        "%env X=1",
        "%cd ..",
        "%pwd",
        "%who",
        "%%html\n<b>x</b>",
        "%%javascript\nalert(1 +)",
        "%%latex\n$x$",
        "%%markdown\n# x",
        "%%svg\n<svg/>",
        "%%writefile a.txt\nnot python at all (",
        "%%capture\nx = 1",
        "%%time\nx = 1",
        "%%timeit\nx = 1",
        "%timeit -n 10 -r3 x = 1",
        "%time x = 1",
        "x?",
        "%time?",
        "?%time",
    ],
)
def test_what_works_in_a_browser(source: str) -> None:
    assert found(facts_of(source)) == []


@pytest.mark.parametrize(
    ("source", "code", "severity"),
    [
        ("!ls", "shell-command", Severity.SERVER),
        ("x = !ls", "shell-command", Severity.SERVER),
        ("!cd x", "shell-command", Severity.SERVER),
        ("!echo x", "shell-command", Severity.SERVER),
        ("!pip install x && echo done", "shell-install", Severity.WARNING),
        ("!cd x && ls", "shell-command", Severity.SERVER),
        ("%ls", "shell-command", Severity.SERVER),
        ("%%sx\nls", "shell-command", Severity.SERVER),
        ("!pip list", "shell-command", Severity.SERVER),
        ("!pip install x", "shell-install", Severity.WARNING),
        ("%%bash\nls", "other-language-cell", Severity.SERVER),
        ("%%sh\nls", "other-language-cell", Severity.SERVER),
        ("%%script perl\nls", "other-language-cell", Severity.SERVER),
        ("%%R\nx", "other-language-cell", Severity.SERVER),
        ("%%cython\ncdef x", "server-magic", Severity.SERVER),
        ("%%sql\nselect 1", "server-magic", Severity.SERVER),
        ("%sql select 1", "server-magic", Severity.SERVER),
        ("%store x", "limited-magic", Severity.WARNING),
        ("%debug", "limited-magic", Severity.WARNING),
        ("%foo", "unknown-magic", Severity.UNKNOWN),
        ("%%foo\nx", "unknown-magic", Severity.UNKNOWN),
        ("x = %foo", "unknown-magic", Severity.UNKNOWN),
        ("%html x", "unknown-magic", Severity.UNKNOWN),
        ("%run a.py", "missing-file", Severity.UNKNOWN),
        ("%run {name}", "missing-file", Severity.UNKNOWN),
        ("%pip install -r gone.txt", "missing-file", Severity.UNKNOWN),
        ("%time x = (", "unreadable-cell", Severity.UNKNOWN),
        ("%time !ls", "shell-command", Severity.SERVER),
        ("%time %foo", "unknown-magic", Severity.UNKNOWN),
        ("get_ipython().system('ls')", "shell-command", Severity.SERVER),
        ("get_ipython().run_line_magic('foo', '')", "unknown-magic", Severity.UNKNOWN),
        ("get_ipython().run_cell_magic('bash', '', 'ls')", "other-language-cell", Severity.SERVER),
        ("ip = get_ipython()\nip.getoutput('ls')", "shell-command", Severity.SERVER),
        ("def f():\n    !ls", "shell-command", Severity.WARNING),
        ("def f():\n    !ls\nf()", "shell-command", Severity.SERVER),
        ("try:\n    !ls\nexcept Exception:\n    pass", "shell-command", Severity.INFO),
        (
            "import sys\nif sys.platform == 'win32':\n    !dir",
            "shell-command",
            Severity.INFO,
        ),
    ],
)
def test_what_does_not(source: str, code: str, severity: Severity) -> None:
    facts = facts_of(source)
    assert [(finding.code, finding.severity) for finding in found(facts)] == [(code, severity)]


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("%time open('x')", 1, 6),
        ("x = 1\n%timeit -n 10 open('x')", 2, 14),
        ("if x:\n    %time open('x')", 2, 10),
        ("%%time\n\nopen('x')", 3, 0),
        ("%%timeit open('x')\npass", 1, 9),
        ("%%capture out\nopen('x')", 2, 0),
        ("é = 'é'; open('x')\n!ls", 1, 9),
        ("!ls \\\n -l\nopen('x')", 3, 0),
        (">>> open('x')", 1, 4),
    ],
)
def test_code_in_magics_is_code(source: str, line: int, column: int) -> None:
    (use,) = facts_of(source).cells[0].uses
    assert use.name == "builtins.open"
    assert (use.location.line, use.location.column) == (line, column)


def test_an_extension_is_a_module() -> None:
    facts = facts_of("%load_ext sql", "%load_ext autoreload", "%reload_ext a.b")
    assert [name for name, _ in imported(facts)] == ["sql", "a.b"]


def test_magics_of_plots_import_what_plots() -> None:
    facts = facts_of("%matplotlib inline", "%pylab")
    assert [name for name, _ in imported(facts)] == ["matplotlib", "matplotlib"]
    assert codes(found(facts)) == ["late-import"]


def test_what_is_installed_elsewhere_is_not_asked_for() -> None:
    source = "import sys\nif 'google.colab' in sys.modules:\n    %pip install x"
    assert required(facts_of(source)) == []


def test_files_beside_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("a>=1\n-r s.txt\n")
    (tmp_path / "s.txt").write_text("b\n-r r.txt\n")
    facts = facts_of("%pip install -r r.txt c", folder=tmp_path)
    assert [name for name, _, _ in required(facts)] == ["a", "b", "c"]
    assert found(facts) == []


def test_scripts_and_notebooks_that_are_run(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import psycopg2\nfrom threading import Thread as T\n")
    (tmp_path / "b.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "source": "def go():\\n    open(3)\\n!ls"}]}'
    )
    facts = facts_of("%run a.py --fast\nT()", "%run a", "%run b.ipynb\ngo()", folder=tmp_path)
    assert imported(facts)[0] == ("psycopg2", "none")
    assert used(facts) == [
        ("threading.Thread", "none"),
        ("builtins.open", "lazy"),
        ("builtins.open", "none"),
    ]
    assert [
        (f.code, f.location.cell, f.location.line) for f in found(facts) if f.code != "late-import"
    ] == [("shell-command", 2, 1)]
    assert [Path(path).name for path in facts.modules] == ["a.py", "b.ipynb"]


def test_a_module_that_a_cell_writes_is_known() -> None:
    facts = facts_of(
        "%%writefile helper.py\nimport psycopg2\ndef go():\n    open('x')\n",
        "from helper import go\ngo()",
        "%%writefile -a helper.py\nimport redis",
        "import helper as h",
    )
    assert imported(facts) == [("psycopg2", "none")]
    assert used(facts) == [("builtins.open", "lazy"), ("builtins.open", "none")]
    assert facts.modules == ()


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["%time 1\nimport attr"], 2),
        (["!ls\nimport os, attr"], 2),
        (["%%time\nimport attr"], 2),
        (["x?\nif y:\n    from attr.sub import z"], 3),
        (["%pip install numpy\nimport attr"], 2),
        (["%time 1\nimport os"], 0),
        (["import attr"], 0),
        (["import attr", "%time 1\nimport attr"], 0),
        (["%pip install attr", "%time 1\nimport attr"], 0),
        (["%pip install attr\nimport attr"], 0),
        (["%time 1\nimport micropip, js"], 0),
        (["%time 1\ntry:\n    import attr\nexcept ImportError:\n    pass"], 0),
    ],
)
def test_imports_that_a_browser_does_not_see(cells: list[str], line: int) -> None:
    late = [f.location.line for f in found(facts_of(*cells)) if f.code == "late-import"]
    assert late == ([line] if line else [])


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("%%bash\nls", "bash"),
        ("\n %%R -i x\nls", "r"),
        ("%%html\nx", "html"),
        ("%%time\nx", None),
        ("%%foo\nx", None),
        ("x = '%%bash'", None),
        ("%%sql\nselect", "sql"),
    ],
)
def test_language_of_a_cell(source: str, language: str | None) -> None:
    assert cell_language(source) == language


def test_codes_are_those_of_rules() -> None:
    assert codes(found(facts_of("!ls", "%foo"))) == ["shell-command", "unknown-magic"]

"""Every kind of file is a notebook, with findings where it is not one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from celling import codes, notebook_bytes, read
from hypothesis import given
from hypothesis import strategies as st

from compat_report.model import CellKind, Notebook, Severity
from compat_report.reading.read import parse_notebook, read_notebook

GOOD = notebook_bytes("x = 'é'")
V3 = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": ""},
    "worksheets": [
        {
            "cells": [
                {"cell_type": "heading", "level": 2, "source": ["A\n", "b"], "metadata": {}},
                {
                    "cell_type": "code",
                    "input": ["import os\n", "x = 1"],
                    "language": "python",
                    "outputs": [{"output_type": "pyout", "text": ["1"], "prompt_number": 1}],
                    "prompt_number": 1,
                },
            ]
        },
        {"cells": [{"cell_type": "code", "input": "y = 2", "outputs": []}]},
    ],
}


def sources(notebook: Notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


def test_cells_are_as_they_were_written() -> None:
    data = notebook_bytes(
        cells=[
            {"cell_type": "markdown", "source": ["# A\n", "b"], "metadata": {}},
            {"cell_type": "code", "source": "x = 1", "id": "abc", "metadata": {"tags": ["t", 1]}},
            {"cell_type": "raw", "source": []},
            {"cell_type": "code", "source": "%%bash\nls"},
            {"cell_type": "code", "source": "%%time\nx", "metadata": {"vscode": {}}},
        ]
    )
    notebook = read(data)
    assert notebook.format == "nbformat 4.5"
    assert notebook.language == "python"
    assert [cell.kind for cell in notebook.cells] == [
        CellKind.MARKDOWN,
        CellKind.CODE,
        CellKind.RAW,
        CellKind.CODE,
        CellKind.CODE,
    ]
    assert sources(notebook) == ["# A\nb", "x = 1", "", "%%bash\nls", "%%time\nx"]
    assert (notebook.cells[1].id, notebook.cells[1].tags) == ("abc", ("t",))
    assert [cell.language for cell in notebook.cells[3:]] == ["bash", "python"]
    assert notebook.findings == ()
    assert len(notebook.sha256) == 64


@pytest.mark.parametrize(
    ("metadata", "language", "code"),
    [
        ({}, "python", None),
        (None, "python", None),
        ([], "python", None),
        ({"language_info": {"name": "python"}}, "python", None),
        ({"language_info": {"name": "ipython"}}, "python", None),
        ({"kernelspec": {"language": "python3", "name": "x"}}, "python", None),
        ({"kernelspec": {"name": "conda-env-ml-py"}}, "python", None),
        ({"kernelspec": {"name": "myenv"}}, "python", None),
        ({"language": "Python"}, "python", None),
        ({"kernelspec": {"name": "python2"}}, "python", "python-2"),
        ({"language_info": {"name": "python", "version": "2.7.18"}}, "python", "python-2"),
        ({"language_info": {"name": "R"}}, "r", "other-language"),
        ({"kernelspec": {"name": "ir"}}, "r", "other-language"),
        ({"kernelspec": {"name": "julia-1.9"}}, "julia", "other-language"),
        ({"kernelspec": {"language": "scala", "name": "x"}}, "scala", "other-language"),
        ({"language_info": {"name": 3}, "kernelspec": 4}, "python", None),
    ],
)
def test_languages(metadata: object, language: str, code: str | None) -> None:
    notebook = read(notebook_bytes("x = 1", metadata=metadata))
    assert notebook.language == language
    assert codes(notebook.findings) == ([code] if code else [])


def test_r_may_run_in_a_browser_and_scala_may_not() -> None:
    for name, severity in (("R", Severity.UNKNOWN), ("scala", Severity.SERVER)):
        (finding,) = read(notebook_bytes(metadata={"language_info": {"name": name}})).findings
        assert finding.severity is severity


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b"not json",
        GOOD[: len(GOOD) // 2],
        b"[]",
        b"3",
        b"null",
        b'"text"',
        b'{"a": 1}',
        b'{"cells": 3}',
        b'{"cells": {}}',
        b'{"nbformat": 3, "worksheets": 3}',
        b'{"nbformat": 3, "worksheets": [3]}',
        b'{"nbformat": 3, "worksheets": [{"cells": [{}]}]}',
        b'{"nbformat": 1, "cells": 3}',
        b"[" * 5000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"cells": ' + b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"}",
        b"\0" * 100,
        b"\xff\xfe",
        b"\x80\x81\x82",
        bytes(range(200)).replace(b"{", b"").replace(b"[", b""),
    ],
)
def test_what_is_no_notebook_is_a_finding(data: bytes) -> None:
    notebook = read(data)
    assert notebook.cells == ()
    assert "unreadable-notebook" in codes(notebook.findings)
    assert any(finding.severity is Severity.UNKNOWN for finding in notebook.findings)


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        ({"cell_type": "code"}, ""),
        ({"cell_type": "code", "source": None}, ""),
        ({"cell_type": "code", "source": 3}, ""),
        ({"cell_type": "code", "source": ["a", 3]}, ""),
        ({"cell_type": "code", "source": {"a": 1}}, ""),
        ({"cell_type": "code", "source": [["a"]]}, ""),
        ({"cell_type": "new", "source": "x"}, "x"),
        ({"cell_type": ["code"], "source": "x"}, "x"),
        ({"source": "x"}, "x"),
        ([], ""),
        ("x = 1", ""),
        (None, ""),
    ],
)
def test_a_bad_cell_is_kept_with_a_finding(cell: object, source: str) -> None:
    notebook = read(notebook_bytes(cells=[{"cell_type": "code", "source": "y"}, cell]))
    assert sources(notebook) == ["y", source]
    (finding,) = notebook.findings
    assert (finding.code, finding.severity) == ("unreadable-cell", Severity.UNKNOWN)
    assert finding.location.cell == 1


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbf" + GOOD, "utf-8-sig"),
        (GOOD.decode().encode("utf-16"), "utf-16"),
        (GOOD.decode().encode("utf-16-le"), "utf-16-le"),
        (GOOD.decode().encode("utf-32"), "utf-32"),
        (GOOD.replace(b"\\u00e9", "é".encode("latin-1")), "latin-1"),
    ],
)
def test_other_encodings_are_read_and_told(data: bytes, encoding: str) -> None:
    notebook = read(data)
    assert sources(notebook) == ["x = 'é'"]
    assert [(f.code, f.subject) for f in notebook.findings] == [("wrong-encoding", encoding)]


@pytest.mark.parametrize(
    "data",
    [
        notebook_bytes("x = 1", metadata={"a": float("nan")}),
        notebook_bytes("x = 1", metadata={"a": "\ud800"}),
        notebook_bytes("x = 1", metadata={"a": 10**400}),
        notebook_bytes("x = 1").replace(
            b'"outputs": []', b'"outputs": ' + b"[" * 3000 + b"]" * 3000
        ),
        notebook_bytes("x = 1").replace(b'"outputs": []', b'"outputs": 3'),
        notebook_bytes("x = 1") + b"\n\n",
        notebook_bytes("x = 1", nbformat="4"),
        notebook_bytes("x = 1", nbformat=2),
        notebook_bytes("x = 1", nbformat=True, nbformat_minor=[]),
    ],
)
def test_what_is_odd_and_harmless_is_read(data: bytes) -> None:
    notebook = read(data)
    assert sources(notebook) == ["x = 1"]
    assert notebook.findings == ()


def test_older_formats_are_upgraded() -> None:
    notebook = read(json.dumps(V3).encode())
    assert notebook.format == "nbformat 3.0"
    assert sources(notebook) == ["## A b", "import os\nx = 1", "y = 2"]
    assert notebook.findings == ()
    assert all(cell.id is None for cell in notebook.cells)
    first = {"cells": [{"cell_type": "code", "code": "z = 3", "prompt_number": 1}]}
    assert sources(read(json.dumps({"nbformat": 1, **first}).encode())) == ["z = 3"]


def test_a_big_cell_is_read() -> None:
    source = "x = 1\n" * 900_000
    assert sources(read(notebook_bytes(source))) == [source]


def test_no_file_is_a_finding(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name in ("gone.ipynb", "pipe.ipynb", ".", "a\0.ipynb", "x" * 300):
        notebook = read_notebook(tmp_path / name, name="n")
        assert codes(notebook.findings) == ["unreadable-notebook"]


@pytest.mark.skipif(os.getuid() == 0, reason="root reads every file")
def test_a_closed_file_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(GOOD)
    (tmp_path / "a.ipynb").chmod(0)
    assert codes(read_notebook(tmp_path / "a.ipynb", name="n").findings) == ["unreadable-notebook"]


def test_a_file_is_read_as_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(GOOD)
    notebook = read_notebook(tmp_path / "a.ipynb", name="sub/a.ipynb")
    assert notebook == parse_notebook(GOOD, name="sub/a.ipynb", folder=str(tmp_path))


PEAK = """
import resource, sys
from pathlib import Path
from compat_report.reading.read import read_notebook
read_notebook(Path(sys.argv[1]), name="small")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
notebook = read_notebook(Path(sys.argv[2]), name="big")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, len(notebook.cells))
print(notebook.sha256, *[finding.code for finding in notebook.findings])
"""


def write_big(path: Path, megabytes: int) -> None:
    """A notebook whose outputs are lines, pictures, and numbers in lists."""
    line = json.dumps('a line of \\ "text" with [brackets] {and} more\n' * 3).encode()
    lines = b",".join([line] * 6000)
    begin, end = GOOD.split(b'"outputs": []')
    with path.open("wb") as file:
        file.write(begin + b'"outputs": [')
        for _ in range(megabytes // 4):
            file.write(b'{"output_type": "stream", "text": [' + lines + b"]},")
            file.write(b'{"data": {"image/png": "' + b"A" * 2_500_000 + b'"}},')
            file.write(b'{"rows": [' + b"[1],[]," * 70_000 + b"0]},")
        file.write(b"{}]" + end)


@pytest.mark.parametrize("megabytes", [40, pytest.param(500, marks=pytest.mark.journey)])
def test_memory_is_bounded_whatever_a_notebook_printed(tmp_path: Path, megabytes: int) -> None:
    (tmp_path / "a.ipynb").write_bytes(GOOD)
    write_big(tmp_path / "b.ipynb", megabytes)
    assert (tmp_path / "b.ipynb").stat().st_size > megabytes * 900_000
    told = subprocess.run(
        [sys.executable, "-c", PEAK, tmp_path / "a.ipynb", tmp_path / "b.ipynb"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    ).stdout
    first, second = told.splitlines()
    kilobytes, cells = map(int, first.split())
    assert cells == 1
    assert len(second) == 64, "no findings"
    assert kilobytes < 100_000


@given(st.binary(max_size=200))
def test_any_bytes_are_a_notebook(data: bytes) -> None:
    for name in ("a.ipynb", "a.py", "-"):
        notebook = read(data, name)
        assert notebook.cells or notebook.findings


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "worksheets", "source", "input", "cell_type", "metadata", "nbformat"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([1, 2, 3, 4, 5]))
def test_any_json_is_a_notebook(tree: object, major: int) -> None:
    shapes: tuple[object, ...] = (
        tree,
        {"nbformat": major, "cells": tree},
        {"nbformat": major, "worksheets": tree},
        {"nbformat": major, "worksheets": [{"cells": tree}]},
    )
    for shape in shapes:
        notebook = read(json.dumps(shape).encode())
        assert notebook.cells or notebook.findings or "[]" in json.dumps(shape)

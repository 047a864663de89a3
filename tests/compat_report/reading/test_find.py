"""What a command line names."""

import os
from pathlib import Path

import pytest
from celling import codes

from compat_report.reading.find import find_notebooks, looks_like_notebook


def put(folder: Path, *names: str, text: str = "{}") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def named(folder: Path, *given: str) -> list[str]:
    found = find_notebooks(given, folder=folder)
    assert found.findings == ()
    return [path.relative_to(folder).as_posix() for path in found.paths]


def test_folders_are_walked_and_sorted(tmp_path: Path) -> None:
    put(tmp_path, "b.ipynb", "a.ipynb", "in/c.ipynb", "in/notes.txt", "x.json")
    assert named(tmp_path, ".") == ["a.ipynb", "b.ipynb", "in/c.ipynb"]


def test_what_nobody_wrote_is_not_walked(tmp_path: Path) -> None:
    put(
        tmp_path,
        "kept.ipynb",
        ".ipynb_checkpoints/kept-checkpoint.ipynb",
        ".git/a.ipynb",
        "node_modules/x/a.ipynb",
        "__pycache__/a.ipynb",
        "env/pyvenv.cfg",
        "env/lib/a.ipynb",
        "lib/site-packages/a.ipynb",
    )
    assert named(tmp_path, ".") == ["kept.ipynb"]


def test_a_virtual_environment_that_is_named_is_walked(tmp_path: Path) -> None:
    put(tmp_path, "env/pyvenv.cfg", "env/a.ipynb")
    assert named(tmp_path, "env") == ["env/a.ipynb"]


@pytest.mark.parametrize(
    "text",
    [
        "# %%\nx = 1\n",
        "#%%\nx = 1\n",
        "# %% [markdown]\n# hi\n",
        "# +\nx = 1\n",
        "# ---\n# jupyter:\n#   jupytext:\n#     formats: py:light\n# ---\nx = 1\n",
        "#!/usr/bin/env python\n# ---\n# jupyter:\n#   kernelspec: x\n# ---\n",
        "import marimo\n\napp = marimo.App(width='medium')\n",
        "# In[ ]:\n\nx = 1\n",
        "x = 1\r\n# %%\r\ny = 2\r\n",
    ],
)
def test_scripts_that_say_so_are_notebooks(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_bytes(text.encode())
    assert looks_like_notebook(tmp_path / "a.py")
    assert named(tmp_path, ".") == ["a.py"]


@pytest.mark.parametrize("text", ["", "x = 1\n", "# +1 for this\n# 100 %% of it\n", "# ---\n"])
def test_other_scripts_are_only_when_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    assert named(tmp_path, ".") == []
    assert named(tmp_path, "a.py") == ["a.py"]


def test_markdown_that_says_so(tmp_path: Path) -> None:
    put(tmp_path, "a.md", text="---\njupytext:\n  x: y\n---\n# hi\n")
    put(tmp_path, "b.md", text="# hi\n\n```{code-cell}\nx\n```\n")
    put(tmp_path, "README.md", text="# hi\n\n```python\nx\n```\n")
    assert named(tmp_path, ".") == ["a.md", "b.md"]


def test_globs_and_names_give_each_file_once(tmp_path: Path) -> None:
    put(tmp_path, "a.ipynb", "in/b.ipynb", "in/.ipynb_checkpoints/b.ipynb", "x[1].ipynb")
    assert named(tmp_path, "*.ipynb", "a.ipynb") == ["a.ipynb", "x[1].ipynb"]
    assert named(tmp_path, "**/*.ipynb") == ["a.ipynb", "in/b.ipynb", "x[1].ipynb"]
    assert named(tmp_path, "x[1].ipynb") == ["x[1].ipynb"]


def test_standard_input_is_a_dash(tmp_path: Path) -> None:
    assert find_notebooks(["-"], folder=tmp_path).paths == (Path("-"),)


def test_links_in_a_circle_are_walked_once(tmp_path: Path) -> None:
    put(tmp_path, "a/n.ipynb")
    (tmp_path / "a/again").symlink_to(tmp_path / "a")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/gone.ipynb").symlink_to(tmp_path / "nowhere")
    assert named(tmp_path, ".") == ["a/gone.ipynb", "a/n.ipynb"]


@pytest.mark.parametrize("name", ["gone.ipynb", "gone/*.ipynb", "gone", "a\0b"])
def test_what_is_not_there_is_a_finding(tmp_path: Path, name: str) -> None:
    found = find_notebooks([name], folder=tmp_path)
    assert found.paths == ()
    assert codes(found.findings) == ["unreadable-path"]


@pytest.mark.skipif(os.getuid() == 0, reason="root reads every folder")
def test_a_closed_folder_is_a_finding(tmp_path: Path) -> None:
    put(tmp_path, "a.ipynb", "closed/b.ipynb")
    (tmp_path / "closed").chmod(0)
    found = find_notebooks(["."], folder=tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert [path.name for path in found.paths] == ["a.ipynb"]
    assert codes(found.findings) == ["unreadable-path"]

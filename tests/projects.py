"""Projects to build: one that is real and quick, and ways for it to be broken."""

import io
import tarfile
from pathlib import Path

SETUPTOOLS = (
    '[build-system]\nrequires = ["setuptools>=80"]\nbuild-backend = "setuptools.build_meta"\n'
)
IN_TREE = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'

SOURCE = """\
#include <Python.h>

static PyObject *answer(PyObject *module, PyObject *unused) { return PyLong_FromLong(42); }

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tiny", NULL, 0, methods};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&module); }
"""

SETUP = """\
from setuptools import Extension, setup

setup(name="tiny", version="1.0", ext_modules=[Extension("tiny", ["tiny.c"])])
"""


PURE = """\
import os, pathlib, time, zipfile

info = "{name}-1.dist-info"
tag = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_wheel(folder, config_settings=None, metadata_directory=None):
{begin}
    with zipfile.ZipFile(pathlib.Path(folder, "{name}-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("{name}.py", "x = 1")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n")
        wheel.writestr(info + "/WHEEL", tag)
        wheel.writestr(info + "/RECORD", "")
    return "{name}-1-py3-none-any.whl"
"""


def make_tiny(folder: Path, *, source: str = SOURCE) -> Path:
    """A C extension module of one function."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETUPTOOLS)
    (folder / "setup.py").write_text(SETUP)
    (folder / "tiny.c").write_text(source)
    (folder / "test_tiny.py").write_text(
        "import tiny\n\n\ndef test_answer():\n    assert tiny.answer() == 42\n"
    )
    return folder


def make_in_tree(folder: Path, body: str) -> Path:
    """A project whose build backend is `body`, the statements of its `build_wheel`."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'{IN_TREE}[project]\nname = "odd"\nversion = "1"\n')
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    (folder / "backend.py").write_text(
        "def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n"
        + indented
    )
    return folder


def make_pure(folder: Path, name: str, *, begin: str = "pass") -> Path:
    """A project of one module, `x = 1`, whose build needs nothing and begins with `begin`."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'{IN_TREE}[project]\nname = "{name}"\nversion = "1"\n')
    indented = "".join(f"    {line}\n" for line in begin.splitlines())
    (folder / "backend.py").write_text(PURE.format(name=name, begin=indented))
    return folder


def make_sdist(folder: Path, target: Path, extra: dict[str, bytes] | None = None) -> Path:
    """An sdist of `folder`, its name and version from the file name; `extra` members as they are."""
    top = target.name.removesuffix(".tar.gz")
    with tarfile.open(target, "w:gz") as archive:
        archive.add(folder, top)
        for name, content in (extra or {}).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target

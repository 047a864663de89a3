"""Which source trees declare extension modules."""

from pathlib import Path

import pytest

from porter.extensions import declared_extensions


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.py", "setup(ext_modules=modules)"),
        ("setup.py", "from setuptools import Extension\nExtension('a', ['a.c'])"),
        ("setup.py", "cythonize('a.pyx')"),
        ("pyproject.toml", "[tool.setuptools]\next-modules = []"),
        ("meson.build", "py.extension_module('a', 'a.c')"),
        ("CMakeLists.txt", "pybind11_add_module(a a.cpp)"),
        ("src/CMakeLists.txt", "python_add_library(a MODULE a.c)"),
        ("Cargo.toml", '[lib]\ncrate-type = ["cdylib"]'),
    ],
)
def test_each_build_systems_word(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert declared_extensions(tmp_path) == (name,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.py", "from setuptools import setup\nsetup()"),
        ("setup.py", "# ext_modules=...\nsetup()"),
        ("tests/setup.py", "setup(ext_modules=x)"),
        ("a/b/c/d/setup.py", "setup(ext_modules=x)"),
        (".hidden/setup.py", "setup(ext_modules=x)"),
        ("readme.md", "Extension("),
    ],
)
def test_what_declares_none(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    assert declared_extensions(tmp_path) == ()

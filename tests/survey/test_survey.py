"""Source trees of every kind, surveyed without running a line of them."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import make_in_tree, make_tiny

from porter.recipe import parse_recipe
from porter.survey.model import Guess, Survey
from porter.survey.read import survey_source
from porter.survey.render import render_recipe
from porter.survey.setup import parse_setup
from porter.survey.words import backend_name, library_guesses

MESON = """\
project('waves', 'c', 'fortran')
py = import('python').find_installation()
# dependency('commented')
zlib = dependency('zlib', required: true)
numpy = dependency('numpy')
png = cc.find_library('png')
dependency('pybind11')
py.extension_module('_core', 'core.c')
"""


def put(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_setup_py(tmp_path: Path) -> None:
    survey = survey_source(make_tiny(tmp_path / "tiny"))
    assert survey == Survey(
        name="tiny",
        version="1.0",
        backend="setuptools",
        requires=("setuptools>=80",),
        imports=("tiny",),
        compiled=("setup.py",),
    )
    assert survey_source(make_in_tree(tmp_path / "odd", "pass")).backend == "backend"


def test_a_meson_project_with_everything(tmp_path: Path) -> None:
    folder = put(
        tmp_path,
        {
            "pyproject.toml": (
                '[build-system]\nbuild-backend = "mesonpy"\n'
                'requires = ["meson-python>=0.15", "numpy>=2 ; python_version >= \'3\'", "Cython"]\n'
                '[project]\nname = "Waves"\nversion = "2.1"\n'
                'dependencies = ["numpy>=1.23", "attrs", "tomli; python_version < \'3.11\'"]\n'
            ),
            "meson.build": MESON,
            "subprojects/x/meson.build": "dependency('nobody')\n",
            "waves/__init__.py": "",
            "waves/core.f90": "",
            "tests/test_waves.py": "",
            "tests/meson.build": "dependency('testlib')\n",
            "setup_tools/notes.txt": "",
        },
    )
    survey = survey_source(folder)
    assert (survey.name, survey.version, survey.backend) == ("Waves", "2.1", "Meson")
    assert survey.imports == ("waves",)
    assert [(guess.value, guess.evidence) for guess in survey.host] == [
        ("numpy", "build requirement numpy>=2 ; python_version >= '3'"),
        ("zlib", "meson.build:4: zlib"),
        ("libpng", "meson.build:6: png"),
    ]
    assert [guess.value for guess in survey.run] == ["numpy", "attrs"]
    assert [guess.value for guess in survey.executable] == ["gfortran"]
    assert survey.tests == (Guess(value="tests", evidence="tests/"),)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "PKG-INFO": "Metadata-Version: 2.1\nName: acme\nVersion: 3\nRequires-Dist: a>1\n\nx",
                "setup.py": "import x\nsetup(version=x.v, ext_modules=cythonize('*.pyx'))\n",
                "src/acme/__init__.py": "",
                "noxfile.py": "",
            },
            ("acme", "3", "setuptools", ("acme",), ["a"], []),
        ),
        (
            {
                "pyproject.toml": '[build-system]\nbuild-backend = "maturin"\nrequires = ["maturin>=1"]\n',
                "Cargo.toml": '[lib]\ncrate-type = ["cdylib"]\n',
            },
            ("", "", "maturin", (), [], ["cargo"]),
        ),
        (
            {
                "pyproject.toml": "[build-system\n",
                "setup.py": "def (:\n",
                "one.py": "",
                "conftest.py": "",
            },
            ("", "", "setuptools", ("one",), [], []),
        ),
        ({"README": ""}, ("", "", "", (), [], [])),
        (
            {"pyproject.toml": "build-system = 1\nproject = []\ntool = 3\n"},
            ("", "", "", (), [], []),
        ),
        (
            {
                "pyproject.toml": '[build-system]\nrequires = ["!!", "setuptools-rust"]\n'
                '[[tool.setuptools.ext-modules]]\nname = "pkg._fast"\n',
                "pkg/__init__.py": "",
            },
            ("", "", "setuptools-rust", ("pkg", "pkg._fast"), [], ["cargo"]),
        ),
    ],
)
def test_trees(files: dict[str, str], expected: tuple[object, ...], tmp_path: Path) -> None:
    survey = survey_source(put(tmp_path, files))
    run = [guess.value for guess in survey.run]
    programs = [guess.value for guess in survey.executable]
    told = (survey.name, survey.version, survey.backend, survey.imports, run, programs)
    assert told == expected


def test_constants_of_a_setup_py() -> None:
    call = parse_setup(
        "import setuptools\nNAME = 'acme'\nLIBS = ['z', 'png']\nVERSION = compute()\n"
        "setuptools.setup(name=NAME, version=VERSION, install_requires=['a', NAME, *more],\n"
        "  ext_modules=[Extension('acme._x', ['x.c'], libraries=LIBS), CUDAExtension(name='y')])\n"
        "setup(install_requires=['a'], setup_requires='b c')\n"
    )
    assert (call.name, call.version) == ("acme", "")
    assert (call.extensions, call.libraries) == (("acme._x", "y"), ("z", "png"))
    assert (call.install_requires, call.setup_requires) == (("a",), ("b", "c"))


def test_backends() -> None:
    assert backend_name("setuptools.build_meta:__legacy__", setup_py=True) == "setuptools"
    assert backend_name("poetry.core.masonry.api", setup_py=False) == "Poetry"
    assert backend_name("other.backend", setup_py=False) == "other.backend"
    assert backend_name(1, setup_py=False) == ""


def test_cmake_libraries() -> None:
    text = "find_package(Python REQUIRED)\nFIND_PACKAGE ( HDF5 )\n# find_package(no)\nfind_package(Foo)"
    assert [guess.value for guess in library_guesses({"CMakeLists.txt": text})] == [
        "libhdf5",
        "libfoo",
    ]


def test_what_was_guessed_says_so() -> None:
    survey = Survey(
        name="x",
        version="1",
        backend="Meson",
        imports=("x", "x._core"),
        compiled=("meson.build",),
        host=(Guess(value="numpy", evidence="a"), Guess(value="zlib", evidence="b")),
        executable=(Guess(value="cargo", evidence="c"),),
        tests=(Guess(value="tests", evidence="tests/"),),
    )
    text = render_recipe(
        survey, name="x", origin="x-1.tar.gz", source={"path": "../x"}, known={"numpy"}
    )
    assert text == (
        "# x 1, from x-1.tar.gz.\n"
        "# Build system: Meson. What was guessed says so: check it.\n"
        '\n[package]\nversion = "1"\n'
        '\n[source]\npath = "../x"\n'
        "\n[requirements]\n"
        "# Guessed: host numpy, by a\n"
        "# Guessed: host zlib, by b; no recipe has it, so it is left out\n"
        'host = ["numpy"]\n'
        "# Guessed: executable cargo, by c\n"
        'executable = ["cargo"]\n'
        '\n[test]\nimports = ["x", "x._core"]\n'
        "# Guessed: its own tests are in tests/: porter test --suite\n"
    )


TEXT = st.text(max_size=30)


@given(TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3))
def test_whatever_a_source_says_the_recipe_can_be_read(
    version: str, evidence: str, path: str, imports: list[str]
) -> None:
    guess = Guess(value=path, evidence=evidence)
    survey = Survey(
        version=version,
        backend=evidence,
        imports=tuple(imports),
        host=(guess,),
        run=(guess,),
        executable=(guess,),
        tests=(guess,),
    )
    text = render_recipe(survey, name="x", origin=evidence, source={"path": path}, known={path})
    recipe = parse_recipe(tomllib.loads(text), name="x", folder=Path("/r"), where="x")
    assert (recipe.version, recipe.imports, recipe.executable) == (version, tuple(imports), (path,))


MATURIN = '[build-system]\nrequires = ["maturin>=1.8"]\nbuild-backend = "maturin"\n'


@pytest.mark.parametrize(
    ("files", "backend", "imports"),
    [
        (
            {"pyproject.toml": MATURIN, "Cargo.toml": '[package]\nname = "fast-thing"\n'},
            "maturin",
            ("fast_thing",),
        ),
        (
            {"pyproject.toml": MATURIN, "Cargo.toml": '[package]\nname = "a"\n[lib]\nname = "b"\n'},
            "maturin",
            ("b",),
        ),
        (
            {
                "pyproject.toml": f'{MATURIN}[tool.maturin]\nmodule-name = "words._core"\n',
                "Cargo.toml": '[package]\nname = "a"\n',
                "python/words/__init__.py": "",
            },
            "maturin",
            ("words", "words._core"),
        ),
        (
            {
                "pyproject.toml": '[build-system]\nrequires = ["setuptools-rust"]\n'
                'build-backend = "setuptools.build_meta"\n'
                '[[tool.setuptools-rust.ext-modules]]\ntarget = "tiny"\n',
                "Cargo.toml": "",
            },
            "setuptools-rust",
            ("tiny",),
        ),
    ],
)
def test_projects_in_rust(
    files: dict[str, str], backend: str, imports: tuple[str, ...], tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    survey = survey_source(tmp_path)
    assert (survey.backend, survey.imports) == (backend, imports)
    assert [guess.value for guess in survey.executable] == ["cargo"]

"""Words of build files that tell what a project is compiled with, and against. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from porter.survey.model import Guess

# The module that a `build-backend` begins with → what people call the build system.
BACKENDS = {
    "setuptools": "setuptools",
    "hatchling": "Hatchling",
    "flit_core": "Flit",
    "flit_scm": "Flit",
    "poetry": "Poetry",
    "pdm": "PDM",
    "mesonpy": "Meson",
    "scikit_build_core": "scikit-build-core",
    "skbuild": "scikit-build",
    "maturin": "maturin",
    "sipbuild": "SIP",
    "py_build_cmake": "py-build-cmake",
    "uv_build": "uv",
    "whey": "whey",
}
# Build requirements whose headers and libraries differ by platform, and the project that has them.
COMPILED_AGAINST = {
    "numpy": "numpy",
    "oldest-supported-numpy": "numpy",
    "scipy": "scipy",
    "cffi": "cffi",
    "pyarrow": "pyarrow",
    "petsc4py": "petsc4py",
    "mpi4py": "mpi4py",
    "blosc2": "blosc2",
}
# Of a project in Rust, which tool starts cargo.
RUST = {"maturin": "cargo", "setuptools-rust": "cargo"}
FORTRAN = frozenset({".f", ".f77", ".f90", ".f95", ".for"})
# What build files call a library → what its recipe is mostly called.
LIBRARIES = {
    "zlib": "zlib",
    "z": "zlib",
    "png": "libpng",
    "jpeg": "libjpeg",
    "tiff": "libtiff",
    "xml2": "libxml",
    "libxml2": "libxml",
    "xslt": "libxslt",
    "freetype": "freetype",
    "freetype2": "freetype",
    "openssl": "libopenssl",
    "hdf5": "libhdf5",
    "openblas": "libopenblas",
    "blas": "libopenblas",
    "lapack": "libopenblas",
    "boost": "libboost",
    "gmp": "libgmp",
    "mpfr": "libmpfr",
    "geos": "libgeos",
    "proj": "libproj",
    "yaml": "libyaml",
    "iconv": "libiconv",
    "fftw3": "fftw",
    "eigen3": "eigen",
    "numpy": "numpy",
}
DEPENDENCY = re.compile(r"\bdependency\s*\(\s*'([\w.+-]+)'")
FIND_LIBRARY = re.compile(r"\bfind_library\s*\(\s*'([\w.+-]+)'")
FIND_PACKAGE = re.compile(r"\bfind_package\s*\(\s*([\w.+-]+)", re.IGNORECASE)
# What `dependency()` and `find_package()` find in the toolchain, or in a build requirement.
BUILT_IN = frozenset(
    {"python", "python3", "pybind11", "nanobind", "threads", "openmp", "openmp_c", "cython", "dl",
     "m", "pkgconfig", "git", "doxygen", "gtest", "catch2", "pythonextensions", "swig",
     "pythoninterp", "pythonlibs"}
)  # fmt: skip


def backend_name(backend: object, *, setup_py: bool, requires: Sequence[str] = ()) -> str:
    """The build system of a `build-backend` (PEP 517), setuptools for a bare setup.py.

    Of setuptools the plug-in for Rust is told too, by the build requirements.
    """
    text = backend if isinstance(backend, str) else ""
    if not text or text.startswith("setuptools."):
        rust = any(_name(each) == "setuptools-rust" for each in requires)
        return "setuptools-rust" if rust else "setuptools" if setup_py or text else ""
    return BACKENDS.get(text.partition(".")[0].partition(":")[0], text)


def build_requirement_guesses(requires: Sequence[str]) -> Iterator[Guess]:
    """Host requirements that build requirements suggest: those with files of the platform."""
    found: dict[str, str] = {}
    for text in requires:
        project = COMPILED_AGAINST.get(_name(text))
        if project is not None:
            found.setdefault(project, text)
    for project, text in found.items():
        yield Guess(value=project, evidence=f"build requirement {text}")


def library_guesses(files: Mapping[str, str]) -> Iterator[Guess]:
    """Libraries that meson.build and CMakeLists.txt ask for, each once; `files` by their name."""
    found: dict[str, str] = {}
    for file, text in files.items():
        patterns = (DEPENDENCY, FIND_LIBRARY) if file.endswith("meson.build") else (FIND_PACKAGE,)
        for number, line in enumerate(text.splitlines(), 1):
            bare = line.partition("#")[0]
            for pattern in patterns:
                for word in pattern.findall(bare):
                    if word.lower() not in BUILT_IN:
                        found.setdefault(library_name(word), f"{file}:{number}: {word}")
    for library, evidence in found.items():
        yield Guess(value=library, evidence=evidence)


def library_name(word: str) -> str:
    """What the recipe of a library is mostly called, of its name in a build file."""
    known = word.lower()
    return LIBRARIES.get(known, f"lib{known.removeprefix('lib')}")


def executable_guesses(requires: Sequence[str], suffixes: Collection[str]) -> Iterator[Guess]:
    """Programs that the machine must have besides the C compiler."""
    for text in requires:
        if (program := RUST.get(_name(text))) is not None:
            yield Guess(value=program, evidence=f"build requirement {text}")
            return
    if fortran := sorted(FORTRAN.intersection(suffixes)):
        yield Guess(value="gfortran", evidence=f"files *{fortran[0]}")


def _name(text: str) -> str:
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return ""

"""Libraries reach the builds of their users, by recipes as Pyodide's own repository has them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import Porter
from projects import SETUPTOOLS

STATIC = """\
package:
  name: libdouble
  version: 1.2
  tag: [library, static_library]
source:
  path: src
build:
  type: static_library
  script: |
    emcc $SIDE_MODULE_CFLAGS -c double.c -o double.o
    emar rcs libdouble.a double.o
    cp double.h ${WASM_LIBRARY_DIR}/include
    cp libdouble.a ${WASM_LIBRARY_DIR}/lib
    printf 'Name: double\\nDescription: x\\nVersion: 1\\nCflags: -I%s/include\\n' \\
        ${WASM_LIBRARY_DIR} > ${WASM_LIBRARY_DIR}/lib/pkgconfig/double.pc
"""
SHARED = """\
package:
  name: libtriple
  version: 3.0
source:
  path: src
requirements:
  host: [libdouble]
build:
  type: shared_library
  script: |
    emcc $(pkg-config --cflags double) $SIDE_MODULE_CFLAGS -c triple.c -o triple.o
    emcc ${SIDE_MODULE_LDFLAGS} triple.o ${WASM_LIBRARY_DIR}/lib/libdouble.a -o libtriple.so
    cp triple.h ${WASM_LIBRARY_DIR}/include
    cp libtriple.so ${DISTDIR}
"""
USER = """\
package:
  name: {name}
  version: "0.5"
source:
  path: src
build:
  cflags: |
    -I$(WASM_LIBRARY_DIR)/include
    -DCALL={call}
  ldflags: -L$(WASM_LIBRARY_DIR)/lib
requirements:
  host: [{library}]
"""
SCRIPTED = """\
  script: |
    export MARK=7
    cp $PKGDIR/more.txt {name}/more.txt
    test "$PKG_VERSION" = 0.5
  post: echo "MARK = $MARK" > {name}/posted.py
  unvendor-tests: true
"""
CORE = """\
#include <Python.h>
#include HEADER
static PyObject *answer(PyObject *module, PyObject *unused) { return PyLong_FromLong(CALL); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods};
PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&module); }
"""
SETUP = """\
from setuptools import Extension, setup

core = Extension("{name}._core", ["core.c"], libraries=["{link}"],
                 define_macros=[("HEADER", '"{link}.h"')])
setup(name="{name}", version="0.5", packages=["{name}", "{name}.tests"], ext_modules=[core],
      package_data={{"{name}": ["*.txt"]}})
"""


def put(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes"
    double, triple = "int twice(int x)", "int thrice(int x)"
    put(
        folder / "libdouble",
        {
            "meta.yaml": STATIC,
            "src/double.h": f"{double};\n",
            "src/double.c": f'#include "double.h"\n{double} {{ return 2 * x; }}\n',
        },
    )
    put(
        folder / "libtriple",
        {
            "meta.yaml": SHARED,
            "src/triple.h": f"{triple};\n",
            "src/triple.c": f'#include "double.h"\n#include "triple.h"\n'
            f"{triple} {{ return twice(x) + x; }}\n",
        },
    )
    for name, library, link, call in (
        ("usesdouble", "libdouble", "double", "twice(21)"),
        ("usestriple", "libtriple", "triple", "thrice(14)"),
    ):
        put(
            folder / name,
            {
                "meta.yaml": USER.format(name=name, library=library, call=call),
                "src/pyproject.toml": SETUPTOOLS,
                "src/setup.py": SETUP.format(name=name, link=link),
                "src/core.c": CORE,
                f"src/{name}/__init__.py": "",
                f"src/{name}/tests/__init__.py": "",
                "test_it.py": f"def test_answer():\n    from {name}._core import answer\n"
                "    assert answer() == 42\n",
            },
        )
    return folder


def test_a_static_library_reaches_its_user(porter: Porter, recipes: Path) -> None:
    ran = porter("build", "usesdouble", "--recipes", recipes, "--json")
    assert ran.code == 0, ran.err
    library, user = ran.json["wheels"]
    assert (library["name"], library["version"]) == ("libdouble", "1.2")
    assert library["wheel"].endswith(".library.tar")
    assert (user["name"], user["audit"]) == ("usesdouble", "clean")
    plan = porter("plan", "usesdouble", "--recipes", recipes, "--json").json["plans"][0]["steps"]
    assert {step["name"]: step["action"] for step in plan} == {
        "libdouble": "reuse",
        "usesdouble": "reuse",
    }
    header = recipes / "libdouble" / "src" / "double.h"
    header.write_text(f"{header.read_text()}/* changed */\n")
    plan = porter("plan", "usesdouble", "--recipes", recipes, "--json").json["plans"][0]["steps"]
    assert [step["changes"][0]["input"] for step in plan] == ["source", "host"]
    # Its bytes are the same, but for the header: its user is built again.
    put(recipes / "libdouble", {"meta.yaml": STATIC.replace("emar", "false #")})
    failed = porter("build", "usesdouble", "--recipes", recipes, "--json")
    assert failed.code == 3
    assert [failure["name"] for failure in failed.json["failures"]] == ["libdouble", "usesdouble"]
    assert "waits for libdouble" in failed.json["failures"][1]["message"]


def test_build_requirements_are_held_down(porter: Porter, recipes: Path, tmp_path: Path) -> None:
    meta = recipes / "usesdouble" / "meta.yaml"
    held = "requirements:\n  constraint: ['setuptools<81']\n"
    meta.write_text(meta.read_text().replace("requirements:\n", held))
    setup = recipes / "usesdouble" / "src" / "setup.py"
    tell = 'import setuptools\nopen("usesdouble/told.txt", "w").write(setuptools.__version__)\n'
    setup.write_text(f"{tell}{setup.read_text()}")
    ran = porter("build", "usesdouble", "--recipes", recipes, "--json")
    assert ran.code == 0, ran.err
    with zipfile.ZipFile(tmp_path / "cwd" / ran.json["wheels"][-1]["wheel"]) as wheel:
        assert int(wheel.read("usesdouble/told.txt").split(b".")[0]) == 80


@pytest.mark.journey
def test_a_shared_library_is_vendored_and_scripts_run(
    porter: Porter, recipes: Path, tmp_path: Path
) -> None:
    meta = recipes / "usestriple" / "meta.yaml"
    meta.write_text(
        meta.read_text().replace(
            "requirements:", f"{SCRIPTED.format(name='usestriple')}requirements:"
        )
    )
    put(recipes / "usestriple", {"more.txt": "more"})
    ran = porter("build", "usestriple", "--recipes", recipes, "--test", "--json")
    assert ran.code == 0, ran.err
    built = {item["name"]: item for item in ran.json["wheels"]}
    assert [*built] == ["libdouble", "libtriple", "usestriple"]
    assert built["usestriple"]["checks"][0]["summary"] == "2 imports, 1 test passed"
    with zipfile.ZipFile(tmp_path / "cwd" / built["usestriple"]["wheel"]) as wheel:
        names = wheel.namelist()
        assert wheel.read("usestriple/posted.py") == b"MARK = 7\n"
    assert "usestriple/more.txt" in names
    assert any(name.startswith("usestriple.libs/libtriple-") for name in names)
    assert not any("tests" in name for name in names)

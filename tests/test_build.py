"""From a source to a wheel: what is in it, what is kept, what is left alone."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import SOURCE, make_sdist, make_tiny
from running import Ran, run_porter

from porter.backend import parse_phase
from porter.home import Home
from porter.platform import Platform
from porter.toolchain.model import Toolchain
from porter.tree import hash_tree, list_tree

Porter = Callable[..., Ran]


def test_a_folder_becomes_a_wheel_that_runs(
    porter: Porter, build_home: Home, tmp_path: Path, platform: Platform, toolchain: Toolchain
) -> None:
    project = make_tiny(tmp_path / "tiny")
    before = hash_tree(list_tree(project)), sorted(path.name for path in project.iterdir())
    ran = porter("build", project, "--test", "--json")
    assert ran.code == 0, ran.err
    (built,) = ran.json["wheels"]
    wheel = tmp_path / "cwd" / built["wheel"]
    assert wheel.name == f"tiny-1.0-cp313-cp313-{platform.tag}.whl"
    assert built["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert built["size"] == wheel.stat().st_size
    assert built["reused"] is False
    assert built["checks"][0]["summary"] == "1 import, 1 test passed"
    assert (hash_tree(list_tree(project)), sorted(p.name for p in project.iterdir())) == before
    assert list(build_home.work.iterdir()) == [], "the scratch copy is gone"

    with zipfile.ZipFile(wheel) as archive:
        assert "tiny.cpython-313-wasm32-emscripten.so" in archive.namelist()
        sbom = json.loads(archive.read("tiny-1.0.dist-info/sboms/porter.cdx.json"))
    tools = {tool["name"]: tool["version"] for tool in sbom["metadata"]["tools"]["components"]}
    assert tools["emscripten"] == toolchain.emscripten
    told = {p["name"]: p["value"] for p in sbom["metadata"]["component"]["properties"]}
    assert told["porter:platform:emscripten"] == platform.emscripten

    again = porter("build", project, "--json").json["wheels"][0]
    assert again["reused"] is True
    assert again["sha256"] == built["sha256"]
    wheel.unlink()
    assert porter("build", project).code == 0
    assert wheel.is_file(), "a wheel that was deleted comes back without a build"

    (project / "tiny.c").write_text((project / "tiny.c").read_text().replace("42", "43"))
    changed = porter("build", project, "--test", "--json")
    assert changed.code == 1, "its test wants 42"
    assert changed.json["wheels"][0]["reused"] is False
    (failed,) = [r for r in changed.json["wheels"][0]["checks"][0]["results"] if r["reason"]]
    assert failed["name"] == "test_tiny.py::test_answer"
    assert "43" in failed["reason"]


def test_the_same_source_gives_the_same_bytes_anywhere(
    porter: Porter, other_home: Home, tmp_path: Path
) -> None:
    # Headers with assertions in them, whose path must not come to stand in the module.
    body = 'return PyTuple_GET_SIZE(Py_BuildValue("(i)", 1)) ? PyLong_FromLong(42) : NULL;'
    source = SOURCE.replace("return PyLong_FromLong(42);", body)
    assert body in source
    sdist = make_sdist(make_tiny(tmp_path / "tiny", source=source), tmp_path / "tiny-1.0.tar.gz")
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    first = porter("build", f"{sdist}#sha256={digest}", "--json").json["wheels"][0]
    second = run_porter("build", sdist, "--json", home=other_home.root, cwd=other_home.root).json[
        "wheels"
    ][0]
    assert (first["reused"], second["reused"]) == (False, False)
    assert first["sha256"] == second["sha256"]


@pytest.mark.journey
def test_the_recipe_decides_flags_patches_and_environment(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    sdist = make_sdist(project, tmp_path / "tiny-1.0.tar.gz")
    recipe = tmp_path / "recipes" / "tiny"
    (recipe / "patches").mkdir(parents=True)
    (recipe / "patches" / "answer.patch").write_text(
        "--- a/tiny.c\n+++ b/tiny.c\n@@ -1,3 +1,3 @@\n #include <Python.h>\n \n"
        "-static PyObject *answer(PyObject *module, PyObject *unused) "
        "{ return PyLong_FromLong(42); }\n"
        "+static PyObject *answer(PyObject *module, PyObject *unused) "
        "{ return PyLong_FromLong(ANSWER); }\n"
    )
    # setuptools takes CFLAGS for all of its flags, -DNDEBUG among them.
    (project / "tiny.c").write_text(
        (project / "tiny.c").read_text() + "#ifndef NDEBUG\n#error assertions are on\n#endif\n"
    )
    sdist = make_sdist(project, tmp_path / "tiny-1.0.tar.gz")
    (recipe / "recipe.toml").write_text(
        '[build]\ncflags = "-DANSWER=7"\npatches = ["patches/answer.patch"]\n'
        'env = { TINY = "${MESON_CROSS_FILE}" }\n[test]\nimports = ["tiny"]\n'
    )
    (recipe / "test_seven.py").write_text(
        "import tiny\n\n\ndef test_seven():\n    assert tiny.answer() == 7\n"
    )
    ran = porter("build", sdist, "--recipes", recipe.parent, "--test", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["wheels"][0]["checks"][0]["summary"] == "1 import, 1 test passed"
    (recipe / "recipe.toml").write_text('[build]\nenv = { TINY = "${NOTHING}" }\n')
    refused = porter("build", sdist, "--recipes", recipe.parent)
    assert refused.code == 2
    assert "MESON_CROSS_FILE" in refused.err


def test_one_failure_stops_no_other(porter: Porter, tmp_path: Path) -> None:
    good = make_tiny(tmp_path / "good")
    bad = make_tiny(tmp_path / "bad", source="#error this is why\n")
    ran = porter("build", bad, good, "--json")
    assert ran.code == 3
    assert [built["name"] for built in ran.json["wheels"]] == ["good"]
    (failure,) = ran.json["failures"]
    assert (failure["name"], failure["error"]) == ("bad", "BuildFailed")
    assert "this is why" in failure["message"]


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        ("[25/100] Compiling C object x.o", ("compiling", 0.25)),
        ("[1/0] odd", None),
        ("[not/it] odd", None),
        ("building 'a.b' extension", ("compiling a.b", None)),
        ('Checking for function "cabs" : YES', ("configuring", None)),
        ("Repacking wheel as /x.whl...OK", ("packing the wheel", None)),
        ("", None),
        ("[", None),
        ("anything else", None),
    ],
)
def test_phases_are_read_from_the_log(line: str, phase: tuple[str, float | None] | None) -> None:
    assert parse_phase(line) == phase

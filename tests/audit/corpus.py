"""Small side modules, each with one defect, and ways to compile, pack and load them."""

import base64
import csv
import hashlib
import io
import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.home import Home
from porter.platform import Platform
from porter.runtime import Runtime, compile_stdlib
from porter.toolchain.model import Toolchain

C = """\
#include <Python.h>
{declare}
static PyObject *call(PyObject *self, PyObject *none) {{ long r = 0; {body} return PyLong_FromLong(r); }}
static PyMethodDef methods[] = {{{{"call", call, METH_NOARGS, NULL}}, {{NULL}}}};
static struct PyModuleDef def = {{PyModuleDef_HEAD_INIT, "m", NULL, 0, methods}};
PyMODINIT_FUNC PyInit_m(void) {{ {init} }}
"""
INIT = "return PyModule_Create(&def);"
PLATFORM_FLAGS = ("-fwasm-exceptions", "-sSUPPORT_LONGJMP=wasm")
SUFFIX = ".cpython-313-wasm32-emscripten.so"
LOAD = Path(__file__).with_name("load.mjs")

type Patch = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A module: what is declared and done in it, how it is compiled, and what must come of it.

    `code` is the finding expected, empty for none; `subject` what it must name; `seen` how the
    last step in the runtime begins. `linker`: wasm-ld links it with these alone.
    `source`: all of it, where it is no extension module.
    """

    name: str
    code: str
    seen: str
    subject: str = ""
    source: str = ""
    declare: str = ""
    body: str = ""
    init: str = INIT
    language: str = "c"
    flags: tuple[str, ...] = PLATFORM_FLAGS
    link: tuple[str, ...] = ("-sSIDE_MODULE=2", "-sWASM_BIGINT", "-sEXPORTED_FUNCTIONS=_PyInit_m")
    linker: tuple[str, ...] = ()
    linked: bool = True
    suffix: str = SUFFIX
    patch: Patch | None = None


def compile_case(
    case: Case, folder: Path, *, toolchain: Toolchain, env: Mapping[str, str]
) -> bytes:
    """The bytes of the case's module."""
    include = next(toolchain.xbuildenv.rglob("cpython/installs/*/include/python3*"))
    source, built = folder / f"m.{case.language}", folder / "m.so"
    source.write_text(case.source or C.format(declare=case.declare, body=case.body, init=case.init))
    compiler = "em++" if case.language == "cpp" else "emcc"
    flags = ["-O1", "-fPIC", "-Wno-everything", f"-I{include}", *case.flags]
    object_only = bool(case.linker) or not case.linked
    link = ["-c"] if object_only else case.link
    target = folder / "m.o" if case.linker else built
    commands = [[compiler, *flags, *link, str(source), "-o", str(target)]]
    if case.linker:
        commands.append(["wasm-ld", *case.linker, str(target), "-o", str(built)])
    for command in commands:
        run_emscripten(command, folder, toolchain=toolchain, env=env)
    data = built.read_bytes()
    return case.patch(data) if case.patch is not None else data


def run_emscripten(
    command: list[str], folder: Path, *, toolchain: Toolchain, env: Mapping[str, str]
) -> None:
    path = os.pathsep.join([*map(str, toolchain.path), env["PATH"]])
    done = subprocess.run(
        command, cwd=folder, env={**env, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def make_wheel(
    folder: Path,
    members: Mapping[str, bytes],
    *,
    platform: Platform | None = None,
    project: str = "m",
    metadata: str = "",
) -> Path:
    """A wheel with a true RECORD; pure where no platform is given."""
    interpreter = "cp{0}{1}-cp{0}{1}".format(*platform.python_minor) if platform else "py3-none"
    tag = f"{interpreter}-{platform.tag if platform else 'any'}"
    info = f"{project}-1.0.dist-info"
    files = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n{metadata}".encode(),
        f"{info}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {str(not platform).lower()}\n"
            f"Tag: {tag}\n"
        ).encode(),
    }
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    path = folder / f"{project}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.writerow((name, f"sha256={digest}", len(data)))
            wheel.writestr(name, data)
        rows.writerow((f"{info}/RECORD", "", ""))
        wheel.writestr(f"{info}/RECORD", record.getvalue())
    return path


def load(wheel: Path, runtime: Runtime, home: Home, env: Mapping[str, str]) -> list[str]:
    """What happened when the module was imported and called, a line a step."""
    stdlib = compile_stdlib(runtime, home=home)
    done = subprocess.run(
        ["node", LOAD, runtime.folder, stdlib, wheel],
        env=dict(env),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=120,
    )
    # A runtime that dies prints its own source between the steps.
    steps = ("importing", "import:", "imported", "called:", "died:")
    return [line for line in done.stdout.splitlines() if line.startswith(steps)]


def rename(old: str, new: str) -> Patch:
    """Another name, of the same length, in a finished module."""
    assert len(old) == len(new)

    def patch(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode())

    return patch

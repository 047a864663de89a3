"""The headers promise what the runtime is: proven by compiling with them and asking both."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from porter.crossenv import render_makefile, render_pyconfig
from porter.home import Home
from porter.platform import Platform, read_platform
from porter.progress import Quiet
from porter.runtime import Runtime, fetch_runtime
from porter.toolchain.builder import builder_path
from porter.toolchain.model import Toolchain
from porter.toolchain.select import have_toolchain

TYPES = {
    "SIZEOF_DOUBLE": "double",
    "SIZEOF_FLOAT": "float",
    "SIZEOF_FPOS_T": "fpos_t",
    "SIZEOF_INT": "int",
    "SIZEOF_LONG": "long",
    "SIZEOF_LONG_DOUBLE": "long double",
    "SIZEOF_LONG_LONG": "long long",
    "SIZEOF_OFF_T": "off_t",
    "SIZEOF_PID_T": "pid_t",
    "SIZEOF_PTHREAD_KEY_T": "pthread_key_t",
    "SIZEOF_PTHREAD_T": "pthread_t",
    "SIZEOF_SHORT": "short",
    "SIZEOF_SIZE_T": "size_t",
    "SIZEOF_TIME_T": "time_t",
    "SIZEOF_UINTPTR_T": "uintptr_t",
    "SIZEOF_VOID_P": "void *",
    "SIZEOF_WCHAR_T": "wchar_t",
    "SIZEOF__BOOL": "_Bool",
}
ALIGNED = {
    "ALIGNOF_LONG": "long",
    "ALIGNOF_MAX_ALIGN_T": "max_align_t",
    "ALIGNOF_SIZE_T": "size_t",
}


@pytest.fixture(scope="module", params=[None, pytest.param("314", marks=pytest.mark.journey)])
def platform(request: pytest.FixtureRequest) -> Platform:
    return read_platform(request.param)


@pytest.fixture(scope="module")
def runtime(platform: Platform, home: Home, env: dict[str, str]) -> Runtime:
    return fetch_runtime(platform, home=home, env=env)


@pytest.fixture(scope="module")
def toolchain(platform: Platform, home: Home, env: dict[str, str]) -> Toolchain:
    return have_toolchain(platform, "auto", home=home, env=env, report=Quiet())


@pytest.fixture(scope="module")
def include(toolchain: Toolchain, platform: Platform) -> Path:
    root = toolchain.xbuildenv / "xbuildenv" / "xbuildenv" / "pyodide-root"
    python = f"python{platform.python_short}"
    return root / "cpython" / "installs" / f"python-{platform.python}" / "include" / python


@pytest.fixture(scope="module")
def emcc_env(toolchain: Toolchain, env: dict[str, str]) -> dict[str, str]:
    first = [*map(str, toolchain.path), *builder_path(toolchain.builder)]
    path = os.pathsep.join([*first, env["PATH"]])
    return {**env, "PATH": path, "EMSDK_PYTHON": sys.executable}


def runtime_says(runtime: Runtime, env: dict[str, str]) -> dict[str, Any]:
    """`sysconfig.get_config_vars()` of the running runtime."""
    script = (
        f'const {{ loadPyodide }} = await import("{runtime.folder}/pyodide.mjs");'
        f'const pyodide = await loadPyodide({{ indexURL: "{runtime.folder}" }});'
        'console.log(pyodide.runPython("import json, sysconfig; '
        'json.dumps(sysconfig.get_config_vars())"));'
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_size_in_the_headers_is_the_compilers_and_the_runtimes(
    include: Path, emcc_env: dict[str, str], runtime: Runtime, tmp_path: Path
) -> None:
    config = runtime_says(runtime, emcc_env)
    promised = {name for name in config if name.startswith(("SIZEOF_", "ALIGNOF_"))}
    assert promised == set(TYPES) | set(ALIGNED), "a size that this probe does not know"
    lines = [
        "#include <Python.h>",
        "#include <stddef.h>",
        "#include <pthread.h>",
        "#include <wchar.h>",
    ]
    lines += ["#include <stdint.h>", "#include <stdio.h>", "int main(void) {"]
    for name in sorted(promised):
        real = f"sizeof({TYPES[name]})" if name in TYPES else f"_Alignof({ALIGNED[name]})"
        lines.append(f'printf("{name} %d %d\\n", (int){name}, (int){real});')
    probe = tmp_path / "probe.c"
    probe.write_text("\n".join([*lines, "return 0;", "}", ""]))
    program = tmp_path / "probe.js"
    subprocess.run(
        ["emcc", "-I", include, probe, "-o", program], env=emcc_env, check=True, cwd=tmp_path
    )
    printed = subprocess.run(
        ["node", program], env=emcc_env, check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split() for line in printed.splitlines()]
    assert {row[0] for row in rows} == promised
    for name, header, compiler in rows:
        assert int(header) == config[name], name
        assert int(compiler) == config[name], name


def test_every_definition_in_the_headers_is_the_runtimes(
    include: Path,
    emcc_env: dict[str, str],
    platform: Platform,
    runtime: Runtime,
    tmp_path: Path,
) -> None:
    source = tmp_path / "all.c"
    source.write_text("#include <Python.h>\n")
    macros = subprocess.run(
        ["emcc", "-dM", "-E", "-I", include, source],
        env=emcc_env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    defined = dict(re.findall(r"^#define (\w+) ?(.*)$", macros, re.MULTILINE))
    config = {
        name: value
        for name, value in runtime_says(runtime, emcc_env).items()
        if name.startswith(("HAVE_", "SIZEOF_", "ALIGNOF_", "_POSIX"))
    }
    assert len(config) > 500
    assert config.items() <= runtime.sysconfig().items(), "what is read without running it"
    for name, value in config.items():
        if value == 0:
            assert name not in defined, name
        else:
            assert defined[name] == str(value), name
    # Not told by a prefix: the host's pyconfig.h knows that they are its own.
    assert defined["WITH_DOC_STRINGS"] == "1"
    assert "WITH_PYMALLOC" not in defined
    assert "CFLAGS" not in defined
    # Without these NumPy finds no fdopen.
    assert defined["_GNU_SOURCE"] == "1"
    assert defined["_POSIX_C_SOURCE"] == "200809L"
    assert defined["PY_VERSION"].strip('"').startswith(f"{platform.python_short}.")


def test_pyodide_build_reads_the_environment_unmodified(
    toolchain: Toolchain, platform: Platform, emcc_env: dict[str, str], tmp_path: Path
) -> None:
    def ask(name: str) -> str:
        return subprocess.run(
            ["pyodide", "config", "get", name],
            env={**emcc_env, "PYODIDE_XBUILDENV_PATH": str(toolchain.xbuildenv)},
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    assert ask("python_version") == platform.python
    assert ask("emscripten_version") == toolchain.emscripten
    assert ask("pyodide_abi_version") == platform.abi
    assert Path(ask("python_include_dir"), "Python.h").is_file()
    assert Path(ask("dist_dir"), "pyodide-lock.json").is_file()


def test_pyconfig_tells_the_makefile_apart() -> None:
    target: dict[str, str | int] = {
        "HAVE_X": 1,
        "HAVE_Y": 0,
        "SIZEOF_Z": 0,
        "WITH_W": 1,
        "CFLAGS": "-O2",
        "PLATLIBDIR": '"lib"',
    }
    text = render_pyconfig(target, frozenset({"WITH_W", "PLATLIBDIR"}))
    assert "#define HAVE_X 1\n" in text
    assert "/* #undef HAVE_Y */\n" in text
    assert "#define SIZEOF_Z 0\n" in text
    assert "#define WITH_W 1\n" in text
    assert '#define PLATLIBDIR "lib"\n' in text
    assert "CFLAGS" not in text


def test_makefile_claims_the_compiler_at_hand(platform: Platform) -> None:
    text = render_makefile(platform, "3.1.69")
    assert "export PYODIDE_EMSCRIPTEN_VERSION = 3.1.69\n" in text
    assert "export PYMICRO = 2\n" in text

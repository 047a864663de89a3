"""Assemble the cross-build environment that an unmodified pyodide-build works in.

The layout is pyodide-build's (`xbuildenv.py`, `build_env.py` and `config.py` of
pkg:pypi/pyodide-build); what fills it is the runtime's own files and the headers of an
interpreter of the same minor version.
"""

import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from porter.errors import MissingRequirement
from porter.platform import Platform
from porter.runtime import SYSCONFIG, Runtime

# Autoconf's AC_USE_SYSTEM_EXTENSIONS and CPython's configure.ac define these for every system,
# but their names begin with an underscore, and sysconfig.parse_config_h keeps only the others.
SOURCE_LEVEL = {
    "_ALL_SOURCE": "1",
    "_DARWIN_C_SOURCE": "1",
    "_GNU_SOURCE": "1",
    "_NETBSD_SOURCE": "1",
    "_POSIX_C_SOURCE": "200809L",
    "_POSIX_PTHREAD_SEMANTICS": "1",
    "_TANDEM_SOURCE": "1",
    "_XOPEN_SOURCE": "700",
    "_XOPEN_SOURCE_EXTENDED": "1",
    "__BSD_VISIBLE": "1",
    "__EXTENSIONS__": "1",
}
# CPython's own has about six hundred names; a stub has none.
CONFIG_NAMES_AT_LEAST = 300
CONFIG_PREFIXES = ("HAVE_", "SIZEOF_", "ALIGNOF_")
COMMON_FLAGS = "-g0 -fPIC -fwasm-exceptions -sSUPPORT_LONGJMP=wasm"


def assemble_crossenv(
    folder: Path,
    *,
    runtime: Runtime,
    emscripten: str,
    emsdk: Mapping[str, Path],
    node: Path,
    include: Path,
) -> None:
    """Fill `folder`, which pyodide-build takes as `--xbuildenv-path`.

    `emscripten` is the version of the compiler at hand; pyodide-build demands of the compiler
    what Makefile.envs claims, so the claim is the truth. `emsdk` has the final paths of
    `emscripten` and of `llvm`; `include` has the headers of an interpreter of the platform's
    minor version. Raises MissingRequirement where they are not whole.
    """
    platform = runtime.platform
    release = folder / platform.pyodide
    root = release / "xbuildenv" / "pyodide-root"
    python = root / "cpython" / "installs" / f"python-{platform.python}"
    _copy_headers(include, python / "include" / f"python{platform.python_short}", runtime)
    data = python / "sysconfigdata"
    data.mkdir()
    (data / f"{SYSCONFIG}.py").write_text(runtime.sysconfig_source())
    (python / "lib").mkdir()
    (root / "dist").symlink_to(runtime.folder)
    (root / "tools").mkdir()
    (root / "tools" / "constraints.txt").write_text("")
    (root / "Makefile.envs").write_text(render_makefile(platform, emscripten))
    (release / "xbuildenv" / "requirements.txt").write_text("")
    (release / "xbuildenv" / "site-packages-extras").mkdir()
    upstream = release / "emsdk" / "upstream"
    upstream.mkdir(parents=True)
    (upstream / "emscripten").symlink_to(emsdk["emscripten"])
    (upstream / "bin").symlink_to(emsdk["llvm"])
    (release / "emsdk" / "emsdk_env.sh").write_text(
        f'export PATH="{emsdk["emscripten"]}:$PATH"\nexport EMSDK_NODE="{node}"\n'
    )
    (release / ".build-python-version").write_text(platform.python_short)
    (release / ".emscripten-version").write_text(emscripten)
    (release / ".installed").touch()
    (folder / "xbuildenv").symlink_to(platform.pyodide)


def render_makefile(platform: Platform, emscripten: str) -> str:
    """Makefile.envs: the variables that pyodide-build reads with `make .output_vars`."""
    major, minor = platform.python_minor
    micro = platform.python.split(".")[2]
    values = {
        "PYVERSION": platform.python,
        "PYMAJOR": str(major),
        "PYMINOR": str(minor),
        "PYMICRO": micro,
        "PYODIDE_VERSION": platform.pyodide,
        "PYODIDE_ABI_VERSION": platform.abi,
        "PYODIDE_EMSCRIPTEN_VERSION": emscripten,
        "PLATFORM_TRIPLET": platform.triplet,
        "SYSCONFIG_NAME": SYSCONFIG,
        "CPYTHONINSTALL": "$(PYODIDE_ROOT)/cpython/installs/python-$(PYVERSION)",
        "TARGETINSTALLDIR": "$(CPYTHONINSTALL)",
        "SYSCONFIGDATA_DIR": "$(CPYTHONINSTALL)/sysconfigdata",
        "PYTHONINCLUDE": "$(CPYTHONINSTALL)/include/python$(PYMAJOR).$(PYMINOR)",
        "PIP_CONSTRAINT": "$(PYODIDE_ROOT)/tools/constraints.txt",
        "CFLAGS_BASE": COMMON_FLAGS,
        "CXXFLAGS_BASE": "$(CFLAGS_BASE)",
        "LDFLAGS_BASE": "$(CFLAGS_BASE) -sWASM_BIGINT",
    }
    exports = "".join(f"export {name} = {value}\n" for name, value in values.items())
    return f"{exports}\n.output_vars:\n\tenv\n"


def render_pyconfig(target: Mapping[str, str | int], host_names: frozenset[str]) -> str:
    """pyconfig.h of the runtime, from its sysconfigdata.

    `target` mixes pyconfig.h with the Makefile; `host_names` are the names of the host's
    pyconfig.h, of the same minor version, which tell the two apart. 0 stands for a name that is
    not defined, except where it is a size.
    """
    names = {name for name in target if name in host_names or name.startswith(CONFIG_PREFIXES)}
    lines = ["#ifndef Py_PYCONFIG_H", "#define Py_PYCONFIG_H"]
    for name, level in SOURCE_LEVEL.items():
        lines += [f"#ifndef {name}", f"#define {name} {level}", "#endif"]
    for name in sorted(names):
        value = target[name]
        if value == 0 and not name.startswith(("SIZEOF_", "ALIGNOF_")):
            lines.append(f"/* #undef {name} */")
        else:
            lines.append(f"#define {name} {value}".rstrip())
    return "\n".join([*lines, "#endif", ""])


def _copy_headers(include: Path, target: Path, runtime: Runtime) -> None:
    if not (include / "Python.h").is_file():
        raise MissingRequirement(
            f"{include}/Python.h is not there: this interpreter came without its headers",
            advice=f"as root: apt-get install python{runtime.platform.python_short}-dev",
        )
    shutil.copytree(include, target, symlinks=False)
    names = _config_names(include)
    (target / "pyconfig.h").write_text(render_pyconfig(runtime.sysconfig(), names))


def _config_names(include: Path) -> frozenset[str]:
    """Every name of the host's pyconfig.h; Debian's only includes that of the architecture."""
    found: set[str] = set()
    beside = include.parent.glob(f"*-linux-gnu*/{include.name}/pyconfig.h")
    for path in (include / "pyconfig.h", *sorted(beside)):
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                found |= set(sysconfig.parse_config_h(file))
    if len(found) < CONFIG_NAMES_AT_LEAST:
        raise MissingRequirement(
            f"{include}/pyconfig.h defines {len(found)} names: these headers are not whole",
            advice="install the development package of this interpreter",
        )
    return frozenset(found)

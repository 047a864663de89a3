"""A program: the compilers of a build, `compiler.py PYWASMCROSS PREFIX WRAPPER ARGUMENTS`.

pyodide-build's own wrapper (`pywasmcross.py` of pkg:pypi/pyodide-build) starts a shell, which starts
Emscripten's `emcc.py`: starting takes several times as long as clang does. Here both run in one process.
It is run by a Python without site-packages, and without its own folder among what can be imported (`-P`).
"""

import json
import os
import shutil
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

# What clang writes the names of the included files for.
SOURCES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".C")


def main() -> NoReturn:
    """Compile or link as the program WRAPPER; PREFIX has the Python of the build."""
    # As Emscripten's own scripts do: this Python is the machine's, not the one that is compiled for.
    os.environ.pop("_PYTHON_SYSCONFIGDATA_NAME", None)
    _, module, prefix, wrapper, *words = sys.argv
    folder, name = Path(wrapper).parent, Path(wrapper).name
    told = read_arguments(folder)
    scripts = os.environ["BUILD_ENV_SCRIPTS_DIR"]
    os.environ["PATH"] = f"{scripts}:{told['PATH']}"
    # Includes of the build's own Python are replaced by those of the platform's.
    sys.prefix, sys.base_prefix = str(Path(scripts).parent), prefix
    cross = load_module("pywasmcross", Path(module))
    fields = cross.CrossCompileArgs._fields
    arguments = cross.CrossCompileArgs(**{field: told[field] for field in fields})
    command = cross.handle_command_generate_args([name, *words], arguments)
    if isinstance(command, cross.ExitCodeWithReason):
        print(command.reason, file=sys.stderr)
        sys.exit(command.exitcode)
    if arguments.pkgname == "scipy":
        load_module("_f2c_fixes", folder / "_f2c_fixes.py").scipy_fixes(command)
    if os.environ.get("EM_COMPILER_WRAPPER"):
        command += name_dependencies(command, folder)
    start(command)


def read_arguments(folder: Path) -> dict[str, Any]:
    """What `pypabuild.get_build_env` of pyodide-build tells its wrappers."""
    # A build system may have cleared the environment.
    text = os.environ.get("PYWASMCROSS_ARGS")
    found: dict[str, Any] = json.loads(text or (folder / "pywasmcross_env.json").read_bytes())
    return found


def load_module(name: str, path: Path) -> ModuleType:
    """A module of that file, by the bytecode that lies beside it."""
    loader = SourceFileLoader(name, str(path))
    spec = spec_from_loader(name, loader)
    assert spec is not None  # noqa: S101 # the loader is given
    module = module_from_spec(spec)
    # Its dataclasses look for themselves there.
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def name_dependencies(command: list[str], folder: Path) -> list[str]:
    """What makes clang name the files that it includes, for a compiler cache that asks for nothing more.

    Nothing where the command asks for them itself, or compiles no single source of C or C++.
    """
    sources = [word for word in command if word.endswith(SOURCES) and not word.startswith("-")]
    apart = ("-M", "-Wp,", "@", "-E", "-S")
    if "-c" not in command or len(sources) != 1 or any(w.startswith(apart) for w in command):
        return []
    return ["-MD", "-MF", str(folder / f"{os.getpid()}.d")]


def start(command: list[str]) -> NoReturn:
    """Become the command; Emscripten's compilers run here."""
    program = shutil.which(command[0])
    if program is not None and command[0] in ("emcc", "em++"):
        root = Path(program).resolve().parent
        if (root / f"{command[0]}.py").is_file():
            _run_emscripten(root, command)
    os.execvp(command[0], command)  # noqa: S606 # the build's own program


def _run_emscripten(root: Path, command: list[str]) -> NoReturn:
    sys.path.insert(0, str(root))
    sys.argv = [str(root / f"{command[0]}.py"), *command[1:]]
    import emcc  # type: ignore[import-not-found]

    if command[0] == "em++":
        # As `em++.py` says it.
        from tools import shared  # type: ignore[import-not-found]

        shared.run_via_emxx = True
    sys.exit(emcc.main(sys.argv))


if __name__ == "__main__":
    main()

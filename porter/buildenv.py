"""What a build sees: the environment in which pyodide-build runs."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from porter.errors import ConfigurationError
from porter.home import Home
from porter.pypi import index_url
from porter.recipe import FLAGS, Recipe
from porter.toolchain.builder import builder_path
from porter.toolchain.model import Toolchain
from porter.wheel import SOURCE_DATE_EPOCH

# As meta.yaml's flags name the prefix; the other names pyodide-build fills in.
LIBRARIES = re.compile(r"\$\((WASM_LIBRARY_DIR)\)")


def build_env(
    recipe: Recipe,
    *,
    toolchain: Toolchain,
    home: Home,
    env: Mapping[str, str],
    jobs: int,
    scratch: Path,
    xbuildenv: Path,
    prefix: Path,
    flags: bool,
) -> dict[str, str]:
    """The environment of pyodide-build, the same wherever the build is started.

    `env` is that of every program Porter starts; `scratch` the folder of this build, where a
    configuration for setuptools is left; `xbuildenv` its cross-build environment; `prefix` has
    the libraries that it may link. `flags`: the recipe's flags are added too.
    """
    variables = cross_files()
    if (index := index_url(env)) is not None:
        env = {"UV_DEFAULT_INDEX": index, **env}
    distutils = scratch / "distutils.cfg"
    distutils.write_text(f"[build_ext]\nparallel = {jobs}\n")
    env = dict(env)
    first = [*map(str, toolchain.path), *builder_path(toolchain.builder)]
    env["PATH"] = os.pathsep.join([*first, env["PATH"]])
    env |= {
        "TMPDIR": str(scratch / "tmp"),
        # Progress is read from what the backend prints, as it prints it.
        "PYTHONUNBUFFERED": "1",
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
        "PYODIDE_XBUILDENV_PATH": str(xbuildenv),
        # Asked when the toolchain was installed; asking again costs every build.
        "SKIP_EMSCRIPTEN_VERSION_CHECK": "1",
        # Emscripten's programs start Python for every file: one without site-packages to scan.
        "EMSDK_PYTHON": os.path.realpath(sys.executable),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs),
        "MAKEFLAGS": f"-j{jobs}",
        "DIST_EXTRA_CONFIG": str(distutils),
        "WASM_LIBRARY_DIR": str(prefix),
        "EM_PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig"),
        "PKG_CONFIG_LIBDIR": str(prefix / "lib" / "pkgconfig"),
        "PYODIDE_JOBS": str(jobs),
    }
    if recipe.constraint:
        held = scratch / "constraints.txt"
        held.write_text("".join(f"{line}\n" for line in recipe.constraint))
        # pyodide-build tells uv of them for what uv itself builds, and of nothing else.
        env["UV_CONSTRAINT"] = " ".join([*env.get("UV_CONSTRAINT", "").split(), str(held)])
    if toolchain.ccache is not None:
        env |= {
            # It answers for clang, not for emcc, which would run twice for what is not there.
            "EM_COMPILER_WRAPPER": str(toolchain.ccache),
            # Where a command makes clang name what it includes (`compiler.py`), nothing is preprocessed.
            "CCACHE_DEPEND": "1",
            "CCACHE_DIR": str(home.ccache),
            "CCACHE_BASEDIR": str(scratch),
            "CCACHE_NOHASHDIR": "1",
            "CCACHE_COMPILERCHECK": f"string:{toolchain.identity}",
            # A scratch copy's files are always new; their contents decide.
            "CCACHE_SLOPPINESS": "include_file_ctime,include_file_mtime",
        }
    env |= {name: expand(value, variables, name) for name, value in recipe.env}
    return env | (_flags_env(recipe, env, scratch) if flags else {})


def _flags_env(recipe: Recipe, env: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The recipe's flags after those that pyodide-build adds to every compilation.

    In CFLAGS they would take the place of the backend's own: setuptools would forget -DNDEBUG.
    """
    found = {}
    for flag in FLAGS:
        if mine := getattr(recipe, flag):
            done = subprocess.run(
                ["pyodide", "config", "get", flag],
                env=dict(env),
                cwd=scratch,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise ConfigurationError(
                    f"pyodide-build does not tell its {flag}: {done.stderr.strip()[-200:]}"
                )
            known = LIBRARIES.sub(lambda match: env.get(match[1], match[0]), mine)
            found[f"SIDE_MODULE_{flag.upper()}"] = f"{done.stdout.strip()} {known}"
    return found


def cross_files() -> dict[str, str]:
    """Variables that a recipe's env and config-settings may name: pyodide-build's own files."""
    tools = Path(str(files("pyodide_build"))) / "tools"
    return {
        "MESON_CROSS_FILE": str(tools / "emscripten.meson.cross"),
        "CMAKE_TOOLCHAIN_FILE": str(tools / "cmake/Modules/Platform/Emscripten.cmake"),
    }


def expand(text: str, variables: Mapping[str, str], field: str) -> str:
    """`text` with its `${NAME}` filled in; raises ConfigurationError for a name there is not."""
    try:
        return Template(text).substitute(variables)
    except (KeyError, ValueError) as error:
        raise ConfigurationError(
            f"{field}: {text!r} names a variable that there is not: {error}",
            advice=f"known: {', '.join(variables)}",
        ) from error

"""What the build of a source requires, told by its backend (PEP 517), and kept as wheels."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from porter.errors import CommandFailed, ConfigurationError, Unreachable
from porter.failure import says_offline, summarise_failure
from porter.home import Home
from porter.process import Children, read_tail, run

WHEELS = "wheels"
# Run apart: a backend is the project's own code, and its environment is thrown away.
ASK = """\
import json, sys
from build import BuildBackendException, BuildException, ProjectBuilder
from build.env import DefaultIsolatedEnv

with DefaultIsolatedEnv(installer="uv") as env:
    builder = ProjectBuilder.from_isolated_env(env, sys.argv[1])
    found = set(builder.build_system_requires)
    env.install(found)
    try:
        found |= set(builder.get_requires_for_build("wheel"))
    except (BuildBackendException, BuildException) as error:
        print(error, file=sys.stderr)
print("\\n" + json.dumps(sorted(found)))
"""


def ask_requirements(
    folder: Path,
    *,
    log: Path,
    env: Mapping[str, str],
    python: Path | None = None,
    children: Children | None = None,
) -> list[str]:
    """The build requirements of a source tree, those its backend adds included (PEP 517, 518).

    `python` is what pyodide-build runs on, where that is not Porter's own: requirements may depend
    on its version. Where the backend does not answer natively, what pyproject.toml says. Raises Unreachable where
    the backend cannot be had, ConfigurationError where the project's file cannot be read.
    """
    lines: list[str] = []
    try:
        run(
            [python or sys.executable, "-c", ASK, folder],
            log=log,
            env=env,
            cwd=folder,
            on_line=lines.append,
            children=children,
        )
        return [str(text) for text in json.loads(lines[-1])]
    except (CommandFailed, IndexError, ValueError) as error:
        raise _refusal("its build requirements cannot be told", log) from error


def fetch_requirements(
    requirements: Sequence[str],
    folder: Path,
    *,
    constraints: Sequence[str],
    home: Home,
    env: Mapping[str, str],
    log: Path,
    python: Path | None = None,
    children: Children | None = None,
) -> None:
    """Have wheels of the requirements, and of what these need, in `folder`.

    `constraints` hold versions down; `python` as in `ask_requirements`. Raises Unreachable.
    """
    if not requirements:
        return
    folder.mkdir(parents=True, exist_ok=True)
    home.work.mkdir(parents=True, exist_ok=True)
    held = folder / "constraints.txt"
    held.write_text("".join(f"{line}\n" for line in constraints))
    try:
        run(
            [
                *(sys.executable, "-m", "pip", *(("--python", str(python)) if python else ())),
                *("download", "--quiet", "--only-binary", ":all:"),
                *("--dest", str(folder), "--constraint", str(held), "--", *requirements),
            ],
            log=log,
            env=env,
            children=children,
        )
    except CommandFailed as error:
        raise _refusal("its build requirements cannot be fetched", log) from error
    finally:
        held.unlink(missing_ok=True)


def offline_env(folder: Path) -> dict[str, str]:
    """What makes pip and uv take wheels from `folder` alone."""
    wheels = str((folder / WHEELS).resolve())
    return {
        "UV_FIND_LINKS": wheels,
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        "PIP_FIND_LINKS": wheels,
        "PIP_NO_INDEX": "1",
    }


def _refusal(what: str, log: Path) -> Unreachable | ConfigurationError:
    lines = read_tail(log)
    said = "".join(f"\n  {line}" for line in summarise_failure(lines)[:2])
    if says_offline(lines):
        return Unreachable(
            f"{what}:{said}", advice="check the network and `pip config list`", log=log
        )
    return ConfigurationError(f"{what}:{said}", log=log)

"""The Python that pyodide-build runs on: it has to be of the platform's minor version.

Where Porter runs on that version itself, its own environment does. Where not, pyodide-build gets
an environment of another interpreter: one of this machine, or Debian's, in a private folder. What
is installed into it is pinned by hash in pyodide-build.lock.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from importlib.resources import as_file, files
from pathlib import Path

from porter.errors import CommandFailed, ToolchainNotFound, Unreachable, WrongPython
from porter.home import Home, new_folder
from porter.platform import Platform
from porter.process import run
from porter.progress import Reporter
from porter.pypi import index_url
from porter.toolchain.apt import Suite
from porter.toolchain.packages import SUBJECT, fetch_packages, relocate, unpack_packages
from porter.toolchain.profile import PythonProfile, read_python

ASK = """\
import json, sys, sysconfig
version = "%d.%d.%d" % sys.version_info[:3]
print(json.dumps([version, sysconfig.get_path("include"), sys.version]))
"""
ASK_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python with its headers in `include`; `build` is its whole `sys.version`."""

    program: Path
    version: str
    include: Path
    build: str

    def compile_env(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment in which a compiler finds all its headers.

        Debian's pyconfig.h includes another, relative to the folder above: in a private folder
        that is not where compilers look by themselves.
        """
        return {**env, "CPATH": f"{self.include.parent}:{env.get('CPATH', '')}".rstrip(":")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """What pyodide-build runs on; `folder` is its environment, None where it is Porter's own.

    `components` are (name, version) of what it has of its own.
    """

    interpreter: Interpreter
    folder: Path | None
    components: tuple[tuple[str, str], ...]

    @property
    def python(self) -> Path | None:
        """The environment's interpreter, None where it is Porter's own."""
        return None if self.folder is None else self.folder / "bin" / "python"


def own_interpreter() -> Interpreter:
    """The one that runs Porter."""
    return Interpreter(
        program=Path(sys.executable),
        version="{}.{}.{}".format(*sys.version_info[:3]),
        include=Path(sysconfig.get_path("include")),
        build=sys.version,
    )


def is_own(platform: Platform) -> bool:
    """Whether pyodide-build can run on Porter's own Python."""
    return sys.version_info[:2] == platform.python_minor


def have_builder(
    platform: Platform, *, home: Home, env: Mapping[str, str], report: Reporter
) -> Builder:
    """What builds for the platform run on, made the first time.

    Raises WrongPython where there is no interpreter of that minor version to be had, Unreachable.
    """
    interpreter = have_interpreter(platform, home=home, env=env, report=report)
    if is_own(platform):
        return Builder(interpreter=interpreter, folder=None, components=())
    folder = _environment(interpreter, home=home, env=env, report=report)
    _leave_link(home.interpreter(platform.python_short), interpreter.program)
    return Builder(
        interpreter=interpreter,
        folder=folder,
        components=(
            ("python", interpreter.version),
            ("pyodide-build", _installed_version(folder, "pyodide-build")),
        ),
    )


def have_interpreter(
    platform: Platform, *, home: Home, env: Mapping[str, str], report: Reporter
) -> Interpreter:
    """A Python of the platform's minor version: Porter's own, this machine's, or Debian's.

    Raises WrongPython where there is none to be had, Unreachable.
    """
    if is_own(platform):
        return own_interpreter()
    found = find_interpreter(platform, home=home, env=env)
    return found or _install_interpreter(platform, home=home, env=env, report=report)


def find_interpreter(
    platform: Platform, *, home: Home, env: Mapping[str, str]
) -> Interpreter | None:
    """An interpreter of the platform's minor version that is at hand, with its headers."""
    for program in _candidates(platform.python_short, home, env):
        found = ask_interpreter(program, env)
        if (
            found is not None
            and found.version.startswith(f"{platform.python_short}.")
            and (found.include / "Python.h").is_file()
        ):
            return found
    return None


def ask_interpreter(program: Path, env: Mapping[str, str]) -> Interpreter | None:
    """What an interpreter says of itself; None where it does not run."""
    try:
        done = subprocess.run(
            [program, "-I", "-c", ASK],
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=ASK_TIMEOUT,
            check=True,
        )
        version, include, build = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(program=program, version=version, include=Path(include), build=build)


def builder_digest(platform: Platform) -> str:
    """A hash over how a platform's builder is made; empty where it is Porter's own."""
    if is_own(platform):
        return ""
    profile = read_python(platform.python_short)
    return _hash(_lock(), profile.digest if profile else "")


def _candidates(short: str, home: Home, env: Mapping[str, str]) -> Iterator[Path]:
    """Names on PATH prove nothing (pyenv's shims are there and refuse): what runs counts."""
    if found := shutil.which(f"python{short}", path=env.get("PATH")):
        yield Path(found)
    pyenv = Path(env.get("HOME", "/")) / ".pyenv" / "versions"
    yield from sorted(pyenv.glob(f"{short}.*/bin/python{short}"))
    yield from sorted(Path("/opt/python").glob(f"{short}.*/bin/python{short}"))
    if (profile := read_python(short)) is not None:
        yield _private(profile, home) / profile.program


def _private(profile: PythonProfile, home: Home) -> Path:
    """Where Debian's interpreter lies: caches that share it by a link have one path for it."""
    return home.environments.resolve() / f"python-{profile.version}-debian-{profile.digest[:8]}"


def _install_interpreter(
    platform: Platform, *, home: Home, env: Mapping[str, str], report: Reporter
) -> Interpreter:
    short = platform.python_short
    profile = read_python(short)
    if profile is None or shutil.which("apt-get", path=env.get("PATH")) is None:
        raise WrongPython(
            f"Pyodide {platform.pyodide} is Python {short}, and there is none on this machine: "
            f"Porter runs on {own_interpreter().version}",
            advice=f"install Python {short} with its headers, or Porter with Python {short}",
        )
    target = _private(profile, home)
    log = home.logs / f"{target.name}.log"
    with home.lock(target.name):
        if not (target / profile.program).is_file():
            suite = Suite(
                name=profile.suite,
                folder=home.downloads / f"apt-{target.name}",
                log=log,
                env=env,
            )
            report.phase(SUBJECT, f"getting Python {short}, which Pyodide {platform.name} is")
            fetched = fetch_packages(profile.packages, suite, env=env, report=report)
            with new_folder(target) as folder:
                unpack_packages(fetched, folder, env=env, report=report)
                relocate(
                    folder,
                    target,
                    programs=(profile.program,),
                    libraries=(),
                    loader=profile.loader,
                    env=env,
                    log=log,
                )
            shutil.rmtree(suite.folder, ignore_errors=True)
    found = ask_interpreter(target / profile.program, env)
    if found is None:
        raise ToolchainNotFound(f"{target / profile.program} does not run", log=log)
    return found


def _environment(
    interpreter: Interpreter, *, home: Home, env: Mapping[str, str], report: Reporter
) -> Path:
    """pyodide-build's own environment, made the first time."""
    digest = _hash(_lock(), str(interpreter.program), interpreter.build)[:16]
    target = home.environments.resolve() / f"pyodide-build-{digest}"
    log = home.logs / f"{target.name}.log"
    lock = files("porter.toolchain").joinpath("pyodide-build.lock")
    with home.lock(target.name):
        if target.is_dir():
            return target
        report.phase(SUBJECT, f"installing pyodide-build on Python {interpreter.version}")
        with as_file(lock) as pinned, new_folder(target) as folder:
            venv: list[str | Path] = ["uv", "venv", "--quiet", "--relocatable", "--python"]
            install: list[str | Path] = ["uv", "pip", "install", "--quiet", "--require-hashes"]
            install += ["--no-deps", "--only-binary", ":all:", "--python", folder / "bin/python"]
            if (index := index_url(env)) is not None:
                env = {"UV_DEFAULT_INDEX": index, **env}
            try:
                run([*venv, interpreter.program, folder], log=log, env=env)
                run([*install, "--requirement", pinned], log=log, env=env)
            except CommandFailed as error:
                raise Unreachable(
                    "pyodide-build could not be installed from the Python package index",
                    advice="check the network and `pip config list`",
                    log=log,
                ) from error
    return target


def _leave_link(link: Path, program: Path) -> None:
    """Replaced at once: others may be following it."""
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(program)
    beside.replace(link)


def _installed_version(folder: Path, name: str) -> str:
    places = [str(path) for path in folder.glob("lib/python*/site-packages")]
    return next(found.version for found in distributions(name=name, path=places))


def _lock() -> str:
    return files("porter.toolchain").joinpath("pyodide-build.lock").read_text("utf-8")


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def builder_path(folder: Path | None) -> tuple[str, ...]:
    """What goes before PATH so that `pyodide` is the environment's; nothing for Porter's own."""
    return () if folder is None else (os.fspath(folder / "bin"),)

"""A program: `pyodide build` and `pyodide build-recipes-no-deps`, as pyodide-build declares them.

`pyodide` itself imports the commands of all its plug-ins before it runs one, which takes as long
again as the one that is wanted. This file is run by the Python that pyodide-build is installed for, without
its own folder among what can be imported (`-P`): nothing of Porter's is there.
"""

import fcntl
import io
import os
import runpy
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterator
from contextlib import redirect_stdout
from functools import partial
from importlib.util import cache_from_source, source_hash
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

COMPILERS = ("cc", "c++", "gcc")
# PEP 552: known by the hash of its source, which importing checks.
CHECKED = (3).to_bytes(4, "little")
# Seconds after which is looked again whether a turn is free.
WAIT = 0.02
COMPILER = Path(__file__).with_name("compiler.py")


def main() -> None:
    """Run the command that is the first argument, with those that follow."""
    turn = Turn.parse(os.environ.pop("PORTER_TURNS", ""))
    turn.take()
    command = sys.argv.pop(1)
    if command == "build":
        from pyodide_build.cli.build import main as run  # type: ignore[import-untyped]
    else:
        from pyodide_build.cli.build_recipes import (  # type: ignore[import-untyped]
            build_recipes_no_deps as run,
        )
    from pyodide_build import common, pypabuild  # type: ignore[import-untyped]

    pypabuild.make_command_wrapper_symlinks = with_compilers(
        pypabuild.make_command_wrapper_symlinks
    )
    common.run_command = within(common.run_command)
    tools = Bytecode(os.environ.pop("PORTER_BYTECODE", ""))
    pypabuild.install_reqs = turn.given_away(tools.lent(pypabuild.install_reqs))
    # Its headers' folder is an argument of compilers: a steady one is what their cache can answer.
    plain = pypabuild._DefaultIsolatedEnv  # noqa: SLF001 # there is no other place to say it
    plain.__exit__ = tools.kept(plain.__exit__)
    place = Path(tempfile.gettempdir(), "build-env")
    pypabuild._DefaultIsolatedEnv = partial(plain, path=str(place))  # noqa: SLF001
    run()


class Bytecode:
    """Bytecode of build tools, which every build's environment would compile anew.

    One file for each version of a tool, in `folder`; without a folder there is none.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None
        self._lent: dict[Path, dict[str, bytes]] = {}

    def lent(self, install: Callable[..., Any]) -> Callable[..., Any]:
        """What installs requirements in an environment, then adds the bytecode that is known of them."""

        def installed(build_env: Any, env: Any, requirements: Any) -> Any:
            done = install(build_env, env, requirements)
            for info in _infos(env):
                if (kept := self._file(info)) is not None and kept not in self._lent:
                    self._lent[kept] = known = _read(kept)
                    for name, content in known.items():
                        path = info.parent / name
                        path.parent.mkdir(exist_ok=True)
                        path.write_bytes(content)
            return done

        return installed

    def kept(self, leave: Callable[..., Any]) -> Callable[..., Any]:
        """What removes an environment, after what Python compiled in it was kept."""

        def left(env: Any, *error: Any) -> Any:
            for info in _infos(env):
                if (kept := self._file(info)) is not None:
                    known = self._lent.get(kept, {})
                    if new := dict(_compiled(info, known)):
                        _write(kept, {**known, **new})
            return leave(env, *error)

        return left

    def _file(self, info: Path) -> Path | None:
        name = f"{info.name.removesuffix('.dist-info')}.{sys.implementation.cache_tag}"
        return self._folder / name if self._folder is not None else None


def _infos(env: Any) -> list[Path]:
    """The dist-info folder of each tool in an environment."""
    return sorted(Path(env.path).glob("lib/python*/site-packages/*.dist-info"))


def _compiled(info: Path, known: Container[str]) -> Iterator[tuple[str, bytes]]:
    """The bytecode of a tool's modules by its place, but what is known.

    It is checked by the hash of the source: files of another environment have other times.
    """
    site = info.parent
    for line in (info / "RECORD").read_text("utf-8").splitlines():
        name = line.partition(",")[0]
        if not name.endswith(".py") or name.startswith(".."):
            continue
        place = cache_from_source(name)
        if place in known:
            continue
        try:
            content, source = (site / place).read_bytes(), (site / name).read_bytes()
        except OSError:
            continue
        yield place, content[:4] + CHECKED + source_hash(source) + content[16:]


def _read(file: Path) -> dict[str, bytes]:
    try:
        with ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (OSError, BadZipFile):
        return {}


def _write(file: Path, content: dict[str, bytes]) -> None:
    """The bytes are on disk before the name is; of two that write the last one stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with beside.open("wb") as out:
        with ZipFile(out, "w") as archive:
            for name, code in content.items():
                archive.writestr(name, code)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)


class Turn:
    """One of the turns of `turns.py`; without a file it is always had."""

    def __init__(self, file: int | None, count: int) -> None:
        self._file, self._count = file, count
        self._mine = 0

    @classmethod
    def parse(cls, text: str) -> "Turn":
        """The turn of a build that was told of its file and their number."""
        if not text:
            return cls(None, 0)
        file, count = map(int, text.split())
        # What is started here has no business with it.
        os.set_inheritable(file, False)  # noqa: FBT003 # its name for it
        return cls(file, count)

    def take(self) -> None:
        """Wait until one is free."""
        while self._file is not None:
            for place in range(self._count):
                try:
                    fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                except OSError:
                    continue
                self._mine = place
                return
            time.sleep(WAIT)

    def give(self) -> None:
        """Let another have it."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._mine)

    def given_away(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The work done by whoever has no turn: it waits for the network."""

        def worked(*arguments: Any) -> Any:
            self.give()
            try:
                return work(*arguments)
            finally:
                self.take()

        return worked


def with_compilers(make: Callable[[Path], dict[str, str]]) -> Callable[[Path], dict[str, str]]:
    """What makes the wrappers of compilers, with `compiler.py` in place of the most used."""

    def made(folder: Path) -> dict[str, str]:
        env = make(folder)
        module = sys.modules["pyodide_build.pywasmcross"].__file__ or ""
        python = os.environ.get("EMSDK_PYTHON") or sys.executable
        words = (python, "-E", "-S", "-P", str(COMPILER), module, sys.base_prefix)
        for name in COMPILERS:
            wrapper = folder / name
            wrapper.unlink()
            wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$0" "$@"\n')
            wrapper.chmod(0o755)
        return env

    return made


def within(run: Callable[..., Any]) -> Callable[..., Any]:
    """What runs commands; `python -m wheel` in this process, for it would start another for each step."""

    def ran(command: list[str | Path], **options: Any) -> Any:
        words = [str(word) for word in command]
        if words[:3] != [sys.executable, "-m", "wheel"]:
            return run(command, **options)
        out, argv = io.StringIO(), sys.argv
        sys.argv = ["wheel", *words[3:]]
        try:
            with redirect_stdout(out):
                runpy.run_module("wheel", run_name="__main__")
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            sys.argv = argv
        if not options.get("capture_output", True):
            print(out.getvalue(), end="", flush=True)
        if code:
            sys.exit(f"wheel {shlex.join(words[3:])}: {code}")
        return subprocess.CompletedProcess(words, 0, out.getvalue(), "")

    return ran


if __name__ == "__main__":
    main()

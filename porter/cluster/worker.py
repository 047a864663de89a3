"""What a worker does: it says what it lacks, builds with its own caches, and fills the store."""

import asyncio
import os
import socket
import sys
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from porter import __version__
from porter.audit.surface import LinkSurface
from porter.build import build_here, prepare
from porter.capacity import read_capacity
from porter.changes import explain_changes, render_changes
from porter.cluster.model import Done, Failed, Needs, SentHost, Task
from porter.cluster.send import open_source, receive_file, sent_path
from porter.environment import tool_env
from porter.errors import Interrupted, MissingRequirement, PorterError
from porter.home import Home, new_file
from porter.host import HostFile
from porter.platform import Platform
from porter.process import Children, find_program
from porter.progress import Quiet, Reporter
from porter.runtime import fetch_runtime, read_surface
from porter.source import Git
from porter.store.objects import Objects, open_objects
from porter.store.shared import SharedStore
from porter.toolchain.model import Toolchain, installed_toolchains
from porter.toolchain.rust import find_rust
from porter.toolchain.select import have_toolchain
from porter.turns import Turns
from porter.unexpected import name_error
from porter.workshop import Workshop

if TYPE_CHECKING:
    from distributed import Worker

# What people read of a log is its end.
LOG_LIMIT = 4 << 20
DIGITS = 12


def topic_of(run: str) -> str:
    """Where the workers of a run tell of their progress."""
    return f"porter-{run}"


async def tell_lacks(needs: Needs) -> list[str]:
    """What this worker lacks, as sentences' ends; empty where it can take work."""
    return await asyncio.to_thread(_read_lacks, needs)


def stop_run(run: str) -> None:
    """End what this worker builds for a run, and begin nothing more of it."""
    _children(run).stop()


def run_task(task: Task) -> Done | Failed:
    """Build it. Nothing is raised: the scheduler would give it to another worker."""
    from distributed import get_worker, secede

    warnings: list[str] = []
    home: Home | None = None
    try:
        home = Home.parse(os.environ)
        # The client says how many are begun at once; those take turns.
        secede()  # type: ignore[no-untyped-call]
        report = Telling(get_worker(), task.needs.run)
        return _build(task, home, report, warnings)
    except Exception as error:  # noqa: BLE001 # the client tells of it
        named = error if isinstance(error, PorterError) else name_error(error, home)
        return Failed(error=named, log=_read_log(named), warnings=tuple(warnings))


class Telling:
    """Tells the client; how often it is told how far a build is does not depend on the build."""

    def __init__(self, worker: "Worker", run: str) -> None:
        self._worker = worker
        self._topic = topic_of(run)
        self._last = (0, "")

    def phase(self, subject: str, text: str) -> None:
        """As of `Reporter`."""
        self._worker.log_event(self._topic, ["phase", subject, text])

    def advance(self, subject: str, fraction: float) -> None:
        """As of `Reporter`, each percent once."""
        percent = (int(fraction * 100), subject)
        if percent != self._last:
            self._last = percent
            self._worker.log_event(self._topic, ["advance", subject, percent[0] / 100])

    def done(self, subject: str, text: str) -> None:
        """The client says so itself, once it has the wheel."""


def _build(task: Task, home: Home, report: Reporter, warnings: list[str]) -> Done:
    from distributed import get_worker

    needs, env = task.needs, tool_env(os.environ, home)
    children = _children(needs.run)
    report.phase(task.source.name, f"begun on {socket.gethostname()}")
    lacks, toolchain = _read_lacks(needs), _toolchain(needs, home)
    if lacks or toolchain is None:
        raise MissingRequirement(f"a worker lacks {'; '.join(lacks)}")
    if "rust" in task.inputs and not needs.install and find_rust(home) is None:
        raise MissingRequirement(
            f"a worker lacks Rust {task.inputs['rust'].partition(' ')[0]}",
            advice="on each: porter toolchain install --with-rust, or build with --cluster-install",
        )
    for program in task.source.recipe.programs:
        find_program(program, env)
    objects = open_objects(needs.store, os.environ)
    store = SharedStore(objects, warnings.append)
    shop = Workshop(
        platform=needs.platform,
        toolchain=toolchain,
        home=home,
        env=env,
        # Every thread of a worker may be at a build.
        jobs=max(1, read_capacity() // max(1, get_worker().state.nthreads)),
        report=report,
        children=children,
        surface=lambda: _surface(needs.platform, home, tuple(env.items())),
        sources=needs.sources,
        store=store,
        turns=_turns(get_worker().state.nthreads),
    )
    host = [_receive(item, objects, home) for item in task.host]
    _receive_repository(task, objects, home)
    archive = receive_file(task.archive, objects, home) if task.archive is not None else None
    with open_source(task.source, archive, home) as source:
        fetched, inputs = prepare(source, shop, host)
        if inputs != task.inputs:
            changes = render_changes(explain_changes(task.inputs, inputs))
            raise MissingRequirement(f"the worker would build something else: {changes}")
        if children.stopped:
            raise Interrupted("interrupted")
        _, how = build_here(fetched, inputs, shop, host)
    return Done(how=how, note=fetched.note, warnings=tuple(warnings))


def _receive(item: SentHost, objects: Objects, home: Home) -> HostFile:
    path = receive_file(item.file, objects, home) if item.file is not None else None
    return HostFile(name=item.name, identity=item.identity, path=path, recipe=item.recipe)


def _receive_repository(task: Task, objects: Objects, home: Home) -> None:
    """Put the archive of a commit where `porter.source.git` would have."""
    origin = task.source.origin
    if task.repository is None or not isinstance(origin, Git):
        return
    archive = receive_file(task.repository, objects, home)
    target = home.downloads / f"git-{origin.commit}" / f"{origin.commit}.tar"
    if not target.is_file():
        with new_file(target) as file:
            file.write_bytes(archive.read_bytes())


def _read_lacks(needs: Needs) -> list[str]:
    lacks = [
        f"{what} {wanted} (it has {has})"
        for what, wanted, has in (
            ("Porter", needs.porter, __version__),
            ("pyodide-build", needs.pyodide_build, version("pyodide-build")),
            ("Python", needs.python, sys.version),
        )
        if wanted != has
    ]
    try:
        home = Home.parse(os.environ)
        if needs.install and _toolchain(needs, home) is None:
            have_toolchain(
                needs.platform,
                needs.provider,
                home=home,
                env=tool_env(os.environ, home),
                report=Quiet(),
            )
        if _toolchain(needs, home) is None:
            lacks.append(_lacks_toolchain(needs, home))
        if needs.sources is not None and not needs.sources.is_dir():
            lacks.append(f"the folder of sources {needs.sources}")
        if not _has_store(needs):
            lacks.append(f"the store {needs.store}")
    except PorterError as error:
        lacks.append(f"something: {error.message}")
    return lacks


def _toolchain(needs: Needs, home: Home) -> Toolchain | None:
    for found in installed_toolchains(home):
        if found.platform == needs.platform.pyodide and found.identity == needs.toolchain:
            return found
    return None


def _lacks_toolchain(needs: Needs, home: Home) -> str:
    has = ", ".join(
        f"{found.provider} {found.identity[:DIGITS]}"
        for found in installed_toolchains(home)
        if found.platform == needs.platform.pyodide
    )
    return (
        f"the toolchain {needs.provider} {needs.toolchain[:DIGITS]} for Pyodide "
        f"{needs.platform.pyodide} (it has {has or 'none'})"
    )


def _has_store(needs: Needs) -> bool:
    """Whether it is the client's, and not another folder by the same name."""
    if "://" not in needs.store and not Path(needs.store).is_dir():
        return False
    return open_objects(needs.store, os.environ).stat(sent_path(needs.mark)) is not None


@lru_cache(maxsize=1)
def _turns(count: int) -> Turns:
    """One for each thread of this worker, for as long as it lives."""
    return Turns.open(max(1, count))


@lru_cache(maxsize=4)
def _surface(platform: Platform, home: Home, env: tuple[tuple[str, str], ...]) -> LinkSurface:
    """What this worker's builds are audited against, read once."""
    own = dict(env)
    return read_surface(fetch_runtime(platform, home=home, env=own), home=home, env=own)


@lru_cache(maxsize=64)
def _children(_run: str) -> Children:
    """The processes of one run, on this worker."""
    return Children()


def _read_log(error: PorterError) -> bytes | None:
    try:
        if error.log is None:
            return None
        with error.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_LIMIT))
            return file.read()
    except OSError:
        return None

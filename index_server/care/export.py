"""The index as a tree of files that any file server can serve.

Its pages are what the server's own application answers, asked in this process; so they are, byte
for byte, what a live server at the same address says. A page's file is written before what leads to
it, and removed after: whoever reads the tree meanwhile finds whatever a page names.
"""

import asyncio
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import httpx
from starlette.types import ASGIApp

from index_server.app import create_app
from index_server.errors import BadSettings, Conflict, Damaged, IndexServerError
from index_server.holdings import Holdings
from index_server.model import File
from index_server.runtimes.environments import list_environments
from index_server.runtimes.shelf import Digests, fill_shelf
from index_server.settings import Reading, Upstream
from index_server.views import View, visible
from index_server.web.serialize import JSON, LEGACY_HTML
from porter.environment import tool_env
from porter.home import hash_file
from porter.platform import Platform
from porter.progress import Reporter

# What is below these is an export's; nothing else in its folder is touched. Pages come first.
FOLDERS = ("simple", "r", "integrity", "files")
MARK = ".porter-export.json"
BASE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~-]+)*/?")


@dataclass(slots=True, kw_only=True)
class Exported:
    """How many files of the tree were written, left as they were, and removed; its serial."""

    serial: int
    written: int = 0
    left: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the tree: where, and either what to ask the application for, or a file's bytes.

    `stored` is a key of the store; `source` a file of this machine.
    """

    path: str
    ask: str = ""
    accept: str = "*/*"
    stored: str = ""
    source: Path | None = None
    size: int = 0
    sha256: str = ""


@dataclass(slots=True, kw_only=True)
class Tree:
    """The folder that is written."""

    folder: Path
    done: Exported
    paths: set[str] = field(default_factory=set)

    def put(self, path: str, data: bytes) -> None:
        """A file of these bytes; one that has them already is left."""
        target = self._enter(path)
        if target.is_file() and target.stat().st_size == len(data) and target.read_bytes() == data:
            self.done.left += 1
            return
        self._write(target, lambda beside: beside.write_bytes(data))

    def copy(self, path: str, size: int, copy: Callable[[Path], object]) -> None:
        """A file that is named by its content: one of this size is left."""
        target = self._enter(path)
        if target.is_file() and target.stat().st_size == size:
            self.done.left += 1
            return
        self._write(target, copy)

    def prune(self) -> None:
        """Remove what is no longer part of it: pages first, then what they named."""
        found = [path for name in FOLDERS for path in (self.folder / name).rglob("*")]
        for path in found:
            if path.is_file() and path.relative_to(self.folder).as_posix() not in self.paths:
                path.unlink()
                self.done.removed += 1
        for path in reversed(found):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()

    def mark(self, **told: object) -> None:
        """Say whose the folder is."""
        self._write(self.folder / MARK, lambda beside: beside.write_text(json.dumps(told)))
        self.done.written -= 1

    def _enter(self, path: str) -> Path:
        self.paths.add(path)
        return self.folder / path

    def _write(self, target: Path, write: Callable[[Path], object]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", dir=target.parent)
        os.close(handle)
        beside = Path(name)
        try:
            write(beside)
            beside.chmod(0o644)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        self.done.written += 1


def export_index(index: Holdings, folder: Path, base_url: str, report: Reporter) -> Exported:
    """Write the index to a folder, for the address `base_url`; what is there already is kept.

    Staged and quarantined files are not in it, nor is what comes from upstream. Raises Conflict
    where the folder holds something else, BadSettings, Damaged, StorageAway, and what fetching a
    runtime raises.
    """
    if BASE.fullmatch(base_url) is None:
        raise BadSettings(f"{base_url!r} is no address of a web server", advice="https://HOST/PATH")
    settings = replace(
        index.settings,
        base_url=base_url.rstrip("/"),
        reading=Reading.OPEN,
        proxies=(),
        upstream=Upstream(),
    )
    shown = replace(index, settings=settings)
    name = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]
    with index.home.lock(f"export-{name}"):
        tree = open_tree(folder, index.snapshot.serial)
        told = {"base_url": settings.base_url, "serial": index.snapshot.serial}
        tree.mark(**told, complete=False)
        asyncio.run(_write(shown, tree, create_app(shown), report))
        report.phase("export", "remove what is gone")
        tree.prune()
        tree.mark(**told, complete=True)
    done = tree.done
    report.done("export", f"{done.written} written, {done.left} left, {done.removed} removed")
    return done


def open_tree(folder: Path, serial: int) -> Tree:
    """An empty folder or an earlier export; raises Conflict for any other."""
    marked = (folder / MARK).is_file()
    if not marked and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(
            f"{folder} holds something else than an export",
            advice="name an empty folder, or one that was exported to before",
        )
    return Tree(folder=folder, done=Exported(serial=serial))


async def _write(index: Holdings, tree: Tree, app: ASGIApp, report: Reporter) -> None:
    entries = list(list_entries(index))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://export") as client:
        report.phase("export", f"{len(entries)} files")
        for number, entry in enumerate(entries, 1):
            if entry.ask:
                tree.put(entry.path, await _ask(client, entry))
            else:
                await asyncio.to_thread(_copy, index, tree, entry)
            report.advance("export", number / len(entries))


async def _ask(client: httpx.AsyncClient, entry: Entry) -> bytes:
    headers = {"accept": entry.accept, "accept-encoding": "identity"}
    answer = await client.get(entry.ask, headers=headers)
    if answer.status_code != 200:
        what = answer.text.strip().replace("\n", "; ")
        raise IndexServerError(f"{entry.ask} cannot be exported: {what}")
    return answer.content


def _copy(index: Holdings, tree: Tree, entry: Entry) -> None:
    def copy(beside: Path) -> None:
        if entry.source is not None:
            shutil.copyfile(entry.source, beside)
        else:
            with beside.open("wb") as file:
                for chunk in index.store.read_chunks(entry.stored):
                    file.write(chunk)
        if hash_file(beside) != entry.sha256:
            raise Damaged(
                f"the bytes of {entry.path} are not what they were",
                advice="porter index verify says what else is damaged",
            )

    tree.copy(entry.path, entry.size, copy)


def list_entries(index: Holdings) -> Iterator[Entry]:
    """Every file of the tree, each before those that lead to it."""
    projects = sorted(index.snapshot.projects.values(), key=lambda project: project.name)
    for project in projects:
        for file in visible(project):
            yield from _file_entries(file)
    platforms = index.platforms.values()
    for platform in platforms:
        yield from _platform_entries(index, platform)
    views = [View(), *(View(platform=platform) for platform in platforms)]
    for view in views:
        for project in projects:
            yield from _page(f"{view.path}/simple/{project.name}/")
    for view in views:
        yield from _page(f"{view.path}/simple/")


def _page(path: str) -> Iterator[Entry]:
    folder = path.removeprefix("/")
    yield Entry(path=f"{folder}index.html", ask=path, accept=LEGACY_HTML)
    yield Entry(path=f"{folder}index.json", ask=path, accept=JSON)


def _file_entries(file: File) -> Iterator[Entry]:
    address = f"files/{file.key}"
    yield Entry(path=address, stored=file.key, size=file.size, sha256=file.sha256)
    if file.metadata_sha256:
        yield Entry(path=f"{address}.metadata", ask=f"/{quote(address)}.metadata")
    if file.attested:
        parts = (file.project, file.version, file.filename, "provenance")
        path = f"/integrity/{'/'.join(quote(part) for part in parts)}"
        yield Entry(path=f"integrity/{'/'.join(parts)}", ask=path)


def _platform_entries(index: Holdings, platform: Platform) -> Iterator[Entry]:
    home, place = index.home, f"r/{platform.name}"
    beside = index.settings.folder / "runtime" / platform.pyodide
    env = tool_env(os.environ, home)
    shelf = fill_shelf(platform, beside, home=home, env=env, digests=Digests())
    for filename, file in sorted(shelf.files.items()):
        yield Entry(
            path=f"{place}/runtime/{file.sha256}/{filename}",
            source=file.path,
            size=file.size,
            sha256=file.sha256,
        )
        yield Entry(path=f"{place}/runtime/{filename}", ask=f"/{place}/runtime/{quote(filename)}")
    for environment in list_environments(index, platform):
        path = environment.path
        yield Entry(path=path.removeprefix("/"), ask=path)
    yield Entry(path=f"{place}/environments/index.json", ask=f"/{place}/environments/")
    for document in ("pyodide-lock.json", "runtime/pyodide-lock.json", "left-out.json", "all.json"):
        yield Entry(path=f"{place}/{document}", ask=f"/{place}/{document}")

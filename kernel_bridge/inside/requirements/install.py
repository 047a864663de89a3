"""Install what a browser's kernel lacks: from its lock file, or else from the index.

The lock file's wheels are those that the page serves; the index is micropip's, which the page sets
or `index` names. Nothing is installed in a server's kernel.
"""

import asyncio
import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, invalidate_caches
from typing import Any

from kernel_bridge.inside.errors import NotHere
from kernel_bridge.inside.place import IN_BROWSER
from kernel_bridge.inside.registry import Tell
from kernel_bridge.inside.requirements.missing import is_there
from kernel_bridge.inside.requirements.projects import project_of

LOADING = asyncio.Lock()


@dataclass(slots=True, kw_only=True)
class Installed:
    """Projects that were installed, and what cannot be had with why, by what was asked for."""

    installed: list[str] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)


async def install(
    imports: Iterable[str], requirements: Iterable[str], index: str, tell: Tell
) -> Installed:
    """Install modules by their dotted names, and requirements (PEP 508) as they are.

    What cannot be had is told, not raised; raises NotHere in a server's kernel.
    """
    if not IN_BROWSER:
        raise NotHere(
            "a server's kernel is installed by its own administrator",
            advice="run %pip install in a cell",
        )
    done = Installed()
    locked = _locked()
    wanted = _projects(imports, _by_import(locked), done)
    await _from_lock([name for name in wanted if name in locked], tell)
    for project, modules in wanted.items():
        reason = ""
        if project not in locked or not all(map(is_there, modules)):
            reason = await _from_index(project, index, tell)
        if not reason:
            done.installed.append(project)
        # Of a project in the lock file micropip asks nobody, and tells no failure.
        lacking = modules if reason else [name for name in modules if not is_there(name)]
        if lacking:
            told = await _reason(reason or f"{project} does not have it", index)
            done.absent |= dict.fromkeys(lacking, told)
    for requirement in requirements:
        if reason := await _from_index(requirement, index, tell):
            done.absent[requirement] = await _reason(reason, index)
        else:
            done.installed.append(requirement)
    return done


def is_whole(module: str) -> bool:
    """Whether a module can be imported, and nothing of its project is still being loaded.

    Pyodide unpacks a wheel, and then loads its libraries: who imports one meanwhile fails.
    """
    if not is_there(module):
        return False
    if module in sys.modules or not LOADING.locked():
        return True
    locked = _locked()
    project = project_of(module, _by_import(locked))
    return project not in locked or project in import_module("pyodide_js").loadedPackages.to_py()


async def install_ahead(imports: Iterable[str]) -> list[str]:
    """Install what of these modules the lock file has; tells the projects, and of no failure.

    Their extension modules are loaded too, as Pyodide's own `loadPackage` does: that runs nothing of Python.
    One after the other, each at once: a cell that imported one that is loaded in part would fail.
    """
    if not IN_BROWSER:
        return []
    locked = _locked()
    wanted = [one for one in _projects(imports, _by_import(locked), Installed()) if one in locked]
    await _from_lock(wanted)
    api = import_module("pyodide_js")._api  # noqa: SLF001 # there is no public way
    for path in api.porterExtensions() if hasattr(api, "porterExtensions") else ():
        # Cells that came meanwhile have their turn.
        await asyncio.sleep(0)
        try:
            import_module("ctypes").CDLL(path)
        except OSError as error:
            # Importing it says so.
            logging.getLogger(__name__).debug("%s: %s", path, error)
    return wanted


def _projects(
    imports: Iterable[str], by_import: Mapping[str, str], done: Installed
) -> Mapping[str, list[str]]:
    """The modules of each project that is to be installed; `done` gets those that no project has."""
    wanted: dict[str, list[str]] = {}
    for module in imports:
        if module.partition(".")[0] in sys.stdlib_module_names and module not in by_import:
            done.absent[module] = "it is a part of Python that a browser's has not"
        elif project := project_of(module, by_import):
            wanted.setdefault(project, []).append(module)
        else:
            done.absent[module] = "many projects share that name, and none is known by the whole"
    return wanted


def _by_import(locked: Mapping[str, list[str]]) -> Mapping[str, str]:
    return {name: project for project, names in locked.items() for name in names}


def _locked() -> Mapping[str, list[str]]:
    """Projects of the runtime's lock file, with the names they are imported by."""
    packages = import_module("pyodide_js").lockfile.packages.to_py()
    return {
        str(package.get("name", name)): list(package.get("imports") or ())
        for name, package in packages.items()
    }


async def _from_lock(projects: list[str], tell: Tell | None = None) -> None:
    if not projects:
        return
    js = import_module("pyodide_js")
    ffi = import_module("pyodide.ffi")
    say = tell or _nothing
    say({"message": f"loading {', '.join(projects)}"})
    # What it says while it loads is no output of the cell's. A cell's own call that overlaps with this one
    # leaves this one's callback in place: without anybody to tell it is one that is never destroyed.
    told = (
        ffi.create_proxy(lambda message: say({"message": str(message)}))
        if tell
        else import_module("pyodide.code").run_js("() => undefined")
    )
    try:
        async with LOADING:
            await js.loadPackage(ffi.to_js(projects), messageCallback=told, errorCallback=told)
    except Exception as error:  # noqa: BLE001 # JavaScript's: the index may have it all the same
        say({"message": f"the runtime's own files: {_first_line(error)}"})
    finally:
        if tell:
            told.destroy()
    invalidate_caches()


def _nothing(_: dict[str, Any]) -> None:
    """Tell nobody."""


async def _from_index(requirement: str, index: str, tell: Tell) -> str:
    """Why it could not be installed, "" where it was."""
    tell({"message": f"installing {requirement}"})
    try:
        micropip: Any = import_module("micropip")
        await micropip.install(requirement, **({"index_urls": [index]} if index else {}))
    except Exception as error:  # noqa: BLE001 # whatever an index and its wheels lead to
        return _first_line(error)
    finally:
        invalidate_caches()
    return ""


async def _reason(told: str, index: str) -> str:
    """What was told, unless the index cannot be asked at all: no error of micropip's tells that."""
    if index:
        try:
            await import_module("pyodide.http").pyfetch(index, method="HEAD")
        except OSError:
            return f"the index does not answer: {index}"
    return told


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]

"""Runs inside the runtime: imports every module of its standard library, and tries the probes.

It imports nothing of Porter, and is started by survey.mjs.
"""

import importlib
import json
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

# They open a browser, print a poem, or are a program that runs when it is imported.
UNSAFE = ("antigravity", "this", "idlelib.idle", "turtledemo")


def survey(table: str) -> str:
    """What every module does, as JSON.

    `modules` says by dotted name why one cannot be imported, "" where it can; `broken` what the
    probe of one that can raised.
    """
    names = dict.fromkeys(sorted({*sys.stdlib_module_names, *_shipped()}))
    modules = {name: _import(name) for name in names if not _is_program(name)}
    broken = {}
    for name, fields in tomllib.loads(table)["broken"].items():
        if modules.get(name, "missing"):
            continue
        raised = fields["reason"] if "host" in fields else _try(fields["probe"])
        if raised:
            broken[name] = raised
    return json.dumps({"modules": modules, "broken": broken})


def _shipped() -> Iterator[str]:
    """Names of all modules that lie in the standard library's archive and its folder."""
    places = [Path(entry) for entry in sys.path if entry.startswith("/lib/python")]
    for place in places:
        if place.suffix == ".zip" and place.is_file():
            with zipfile.ZipFile(place) as archive:
                members = archive.namelist()
        elif place.name != "site-packages" and place.is_dir():
            members = [str(path.relative_to(place)) for path in place.rglob("*")]
        else:
            continue
        for member in members:
            path = Path(member)
            if path.suffix not in (".py", ".pyc", ".so") or "site-packages" in path.parts:
                continue
            stem = path.name.partition(".")[0]
            parts = path.parts[:-1] if stem == "__init__" else (*path.parts[:-1], stem)
            if parts and all(part.isidentifier() for part in parts):
                yield ".".join(parts)


def _is_program(name: str) -> bool:
    return name.endswith("__main__") or name.startswith(UNSAFE) or "_sysconfigdata" in name


def _import(name: str) -> str:
    try:
        importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        return _first_line(error)
    return ""


def _try(code: str) -> str:
    try:
        exec(compile(code, "<probe>", "exec"), {"sysconfig": sysconfig})  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - a probe tells by what it raises
        return _first_line(error)
    return ""


def _first_line(error: BaseException) -> str:
    text = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {text}"[:300]

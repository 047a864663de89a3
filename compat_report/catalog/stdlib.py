"""The standard library as a runtime really has it, told by the runtime itself."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from compat_report.catalog.model import Origin, Provided, State
from compat_report.errors import SourceAway
from porter.home import Home, new_file
from porter.process import find_program, read_tail, run
from porter.runtime import Runtime

TIMEOUT = 180.0
ANSWER_BYTES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Stdlib:
    """What each module does, by dotted name.

    `modules` says why one cannot be imported, "" where it can; `broken` why one that can is no
    use all the same.
    """

    modules: Mapping[str, str]
    broken: Mapping[str, str]

    def look_up(self, name: str) -> Provided | None:
        """The longest prefix that is a module of the library, None where not even the first is."""
        known = _longest(name, self.modules)
        if known is None:
            return _removed(name)
        if self.modules[known]:
            return Provided(
                name=known,
                state=State.MISSING,
                origin=Origin.STDLIB,
                detail="removed from the runtime",
            )
        broken = _longest(name, self.broken)
        if broken is not None:
            return Provided(
                name=broken,
                state=State.BROKEN,
                origin=Origin.STDLIB,
                detail=read_table()["broken"][broken]["reason"],
            )
        return Provided(name=known, state=State.WORKS, origin=Origin.STDLIB)


def _longest(name: str, known: Mapping[str, str]) -> str | None:
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def _removed(name: str) -> Provided | None:
    top = name.partition(".")[0]
    if top not in read_table()["removed"]:
        return None
    instead = read_table()["removed"][top]
    more = f": {instead} took its place" if instead else ""
    return Provided(
        name=top,
        state=State.MISSING,
        origin=Origin.STDLIB,
        detail=f"no longer in Python{more}",
    )


@cache
def read_table() -> Mapping[str, Any]:
    """stdlib.toml: `broken` with reasons and probes, `removed` with what took a module's place."""
    return tomllib.loads(_resource("stdlib.toml").read_text("utf-8"))


def read_stdlib(runtime: Runtime, *, home: Home, env: Mapping[str, str]) -> Stdlib:
    """The standard library of a runtime.

    The runtime is started once under Node and imports all of it (about 5 s of processor time); the
    answer is kept by the hash of what was asked. Raises MissingRequirement without Node,
    CommandFailed or SourceAway where the runtime does not start or does not answer.
    """
    sources = [_resource(name).read_text("utf-8") for name in _PROGRAM]
    asked = "\0".join([runtime.platform.integrity, *sources])
    digest = hashlib.sha256(asked.encode()).hexdigest()[:32]
    kept = home.catalog / "stdlib" / f"{runtime.platform.pyodide}-{digest}.json"
    with home.lock(f"stdlib-{digest}"):
        if not kept.is_file():
            answer = _run_survey(runtime, home=home, env=env)
            parse_survey(answer)
            with new_file(kept) as file:
                file.write_text(answer, "utf-8")
    return parse_survey(kept.read_text("utf-8"))


def parse_survey(text: str) -> Stdlib:
    """What survey.py printed."""
    told = json.loads(text)
    return Stdlib(modules=dict(told["modules"]), broken=dict(told["broken"]))


_PROGRAM = ("survey.mjs", "survey.py", "stdlib.toml")


def _resource(name: str) -> Any:
    return files("compat_report.catalog").joinpath(name)


def _run_survey(runtime: Runtime, *, home: Home, env: Mapping[str, str]) -> str:
    log = home.new_log(f"stdlib-{runtime.platform.pyodide}")
    with as_file(files("compat_report.catalog")) as folder:
        script, *rest = (folder / name for name in _PROGRAM)
        command = [find_program("node", env), script, runtime.folder, *rest]
        run(command, log=log, env=env, timeout=TIMEOUT)
    lines = reversed(read_tail(log, ANSWER_BYTES))
    answer = next((line for line in lines if line.startswith('{"modules"')), "")
    if not answer:
        raise SourceAway("the runtime did not tell its standard library", log=log)
    log.unlink()
    return answer

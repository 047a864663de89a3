"""What a build would do, and why, without building: nothing is fetched that a hash tells of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from porter.artefact import Kept, artefact_key, find_artefact, last_inputs
from porter.changes import Change, explain_changes, render_changes
from porter.crates.plan import known_inputs
from porter.errors import MissingRequirement, PorterError
from porter.graph import ARROW, Graph, Node, Role, plan_graph
from porter.home import Home
from porter.host import HostFile
from porter.inputs import build_inputs
from porter.platform import Platform
from porter.process import find_program
from porter.provided import (
    index_provided,
    merge_provided,
    runtime_provided,
    toolchain_provided,
)
from porter.pypi import fetch_file
from porter.runtime import fetch_runtime
from porter.source.fetch import kept_file, locate_source
from porter.store.shared import SharedStore
from porter.toolchain.model import Toolchain
from porter.wanted import Wanted

# What stands for the hash of a wheel that is not built yet.
UNBUILT = "not built yet"


class Action(StrEnum):
    """What happens to a project."""

    BUILD = "build"
    REUSE = "reuse"
    STORE = "store"
    PROVIDED = "provided"
    SKIP = "skip"
    CANNOT = "cannot"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One project of a plan.

    `why` is for people; `changes` are the inputs that differ from its last build; `way` the names
    from what was asked for down to it; `after` what it waits for; `error` why it cannot be built.
    `key` is of what would be, or was, built (`artefact_key`), empty where it cannot be known yet.
    """

    name: str
    version: str
    action: Action
    why: str
    way: tuple[str, ...]
    after: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    artefact: Path | None = None
    key: str = ""
    error: PorterError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What every step of a plan for one platform shares.

    `toolchain` is None where none is installed yet: then all is built. `sources` is a folder of
    fetched sources, `store` one that many share. `known` are the hashes of what is built already.
    """

    platform: Platform
    toolchain: Toolchain | None
    audited: bool
    home: Home
    env: Mapping[str, str]
    sources: Path | None = None
    store: SharedStore | None = None
    known: dict[str, str] = field(default_factory=dict)


def read_graph(
    wanted: Wanted,
    *,
    platform: Platform,
    toolchain: Toolchain | None,
    index: str | None,
    home: Home,
    env: Mapping[str, str],
    tried: bool = False,
) -> Graph:
    """The graph of what is asked for, on a platform.

    What the release has in its lock file, the toolchain in its cross-build environment and a
    private `index` in its view for the platform is there already; `tried` as in `plan_graph`.
    Raises what that does, and Unreachable.
    """
    if wanted.alone:
        return plan_graph(wanted.roles, wanted.recipes, provided={})
    provided = [runtime_provided(fetch_runtime(platform, home=home, env=env))]
    if toolchain is not None:
        provided.append(toolchain_provided(toolchain))
    if index is not None:
        versions = {name: recipe.told_version for name, recipe in wanted.recipes.items()}
        needs = {need for r in wanted.recipes.values() for need in (*r.host, *r.run)}
        asked = {**dict.fromkeys(needs, ""), **versions}
        provided.append(index_provided(index, asked, platform, env=env))
    return plan_graph(wanted.roles, wanted.recipes, provided=merge_provided(*provided), tried=tried)


def plan_build(graph: Graph, wanted: Wanted, planning: Planning) -> tuple[Step, ...]:
    """Every project of the graph in the order of its build, then those that are not built."""
    built: dict[str, Step] = {}
    kept = Kept.read(planning.home)
    for node in graph.nodes:
        built[node.name] = _step(node, graph, wanted, planning, built, kept)
    return (*built.values(), *_others(graph))


def _step(
    node: Node,
    graph: Graph,
    wanted: Wanted,
    planning: Planning,
    built: Mapping[str, Step],
    kept: Kept,
) -> Step:
    recipe, way = node.recipe, graph.way(node.name)
    plain = Step(
        name=node.name,
        version=recipe.told_version,
        action=Action.BUILD,
        why="",
        way=way,
        after=node.host,
    )
    failed = [host for host in node.host if built[host].action is Action.CANNOT]
    try:
        for program in recipe.programs:
            find_program(program, planning.env)
        if failed:
            raise MissingRequirement(f"{failed[0]} cannot be built")
        identity = locate_source(
            wanted.source(recipe),
            home=planning.home,
            env=planning.env,
            sources=planning.sources,
        )
        inputs = build_inputs(
            recipe,
            identity=identity,
            platform=planning.platform,
            toolchain=planning.toolchain.identity if planning.toolchain else "",
            host={
                **{host: planning.known.get(host, UNBUILT) for host in node.host},
                **given_identities(node, graph),
            },
            audited=planning.audited,
            rust=known_inputs(recipe, identity, planning.home),
        )
    except PorterError as error:
        return _with(plain, Action.CANNOT, error.message, error=error)
    if planning.toolchain is None:
        return _with(plain, Action.BUILD, "no toolchain is installed yet")
    key = artefact_key(inputs)
    if all(host in planning.known for host in node.host):
        plain = replace(plain, key=key)
    found = find_artefact(planning.home, key) if key in kept.keys else None
    if found is not None:
        planning.known[node.name] = found.sha256
        return _with(plain, Action.REUSE, "nothing changed", artefact=found.wheel)
    if planning.store is not None and (there := planning.store.look(key)) is not None:
        planning.known[node.name] = there.sha256
        return _with(plain, Action.STORE, "another built the same")
    subject = f"{node.name}-{planning.platform.pyodide}"
    last = last_inputs(planning.home, subject) if subject in kept.subjects else None
    if last is None:
        return _with(plain, Action.BUILD, _asked(node, way))
    changes = explain_changes(last, inputs)
    why = render_changes(changes) or "its wheel is gone from the store"
    return _with(plain, Action.BUILD, why, changes=changes)


def given_identities(node: Node, graph: Graph) -> dict[str, str]:
    """What tells the host requirements that are there from any others, by name."""
    provided = graph.provided
    return {
        name: there.file.sha256 if there.file else f"{there.version} of {there.by}"
        for name in node.given
        if (there := provided.get(name)) is not None
    }


def given_files(
    node: Node,
    graph: Graph,
    *,
    home: Home,
    env: Mapping[str, str],
    sources: Path | None = None,
    keep: bool = False,
) -> list[HostFile]:
    """The host requirements that are there, those of an index fetched.

    From the folder `sources` alone where it is given, unless they are to `keep` there. Raises
    Unreachable, SourceNotFound.
    """
    found = []
    for name, identity in given_identities(node, graph).items():
        file = graph.provided[name].file
        path = None
        if file is not None and (sources is None or keep):
            path = fetch_file(file, home=home, env=env)
        if file is not None and sources is not None:
            path = kept_file(sources, file.sha256, file.filename, put=path)
        found.append(HostFile(name=name, identity=identity, path=path))
    return found


def _with(step: Step, action: Action, why: str, **more: object) -> Step:
    return replace(step, action=action, why=why, **more)  # type: ignore[arg-type]


def _asked(node: Node, way: tuple[str, ...]) -> str:
    if node.role in (Role.NAMED, Role.LISTED):
        return "never built here"
    what = "compile against" if node.role is Role.HOST else "import"
    return f"never built here; {way[-2]} needs it to {what}"


def _others(graph: Graph) -> Iterator[Step]:
    for reused in graph.reused:
        yield Step(
            name=reused.name,
            version=reused.provided.version,
            action=Action.PROVIDED,
            why=f"{reused.provided.by} has it",
            way=graph.way(reused.name),
        )
    for skipped in graph.skipped:
        last = skipped.path[-1]
        why = (
            "it is disabled" if last == skipped.name else f"{ARROW.join(skipped.path)} is disabled"
        )
        yield Step(
            name=skipped.name, version="", action=Action.SKIP, why=why, way=graph.way(skipped.name)
        )
    for name in graph.outside:
        yield Step(
            name=name,
            version="",
            action=Action.OUTSIDE,
            why="left to the public index",
            way=graph.way(name),
        )

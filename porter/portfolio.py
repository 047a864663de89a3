"""The journey of many sources: what is asked for and what that needs, in order, several at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from porter.artefact import last_seconds, open_out
from porter.audit.surface import LinkSurface
from porter.batch import Failure, run_graph
from porter.build import Built, built_host
from porter.cluster.model import Address
from porter.crew import Crew, Here
from porter.errors import ConfigurationError, PorterError
from porter.graph import ARROW, Graph, Node, Role
from porter.home import Home
from porter.plan import given_files, read_graph
from porter.platform import Platform
from porter.process import Children
from porter.progress import Counting, Reporter
from porter.runtime import fetch_runtime, read_surface
from porter.store.shared import SharedStore
from porter.toolchain.model import Toolchain
from porter.turns import Turns
from porter.unexpected import name_error
from porter.wanted import Wanted
from porter.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """How all sources of one run are built.

    The wheels go to `out`. `jobs` is how many processors they share; `audit`: what would not work
    is not kept; `index` is a private index whose wheels are not built again; `sources` a folder of
    fetched sources; `store` one that many share; `fail_fast`: nothing more is begun after a failure.
    `tried`: the wheels will be run, with those that they import.
    Those of `again` are built whatever was built before, and not kept for others. `cluster`: its
    workers build, not this machine.
    """

    out: Path
    platform: Platform
    toolchain: Toolchain
    home: Home
    env: Mapping[str, str]
    jobs: int
    report: Reporter
    audit: bool = True
    index: str | None = None
    sources: Path | None = None
    store: SharedStore | None = None
    fail_fast: bool = False
    tried: bool = False
    again: frozenset[str] = frozenset()
    cluster: Address | None = None


def build_portfolio(wanted: Wanted, folio: Portfolio) -> tuple[list[Built], list[Failure]]:
    """Have the wheel of all that is asked for, and of what that needs, in the output folder.

    Host requirements come before their users, and of what can be begun that first for which most
    waits, by how long each took the last time. A failure keeps only those from being begun that
    are compiled against it. What was finished is kept: run again, it goes on.
    """
    open_out(folio.out)
    home, env = folio.home, folio.env
    graph = read_graph(
        wanted,
        platform=folio.platform,
        toolchain=folio.toolchain,
        index=folio.index,
        home=home,
        env=env,
        tried=folio.tried,
    )
    shop = _workshop(folio, Counting(folio.report, len(graph.nodes)))

    def work(node: Node, below: Mapping[str, Built], share: int) -> Built:
        try:
            given = given_files(node, graph, home=home, env=env, sources=folio.sources)
            host = [
                *(built_host(item, wanted.recipes[item.name]) for item in below.values()),
                *given,
            ]
            return crew.build(wanted.source(node.recipe), host, share)
        except Exception as error:  # one's mishap is not the end of the others
            if shop.children.stopped:
                raise
            named = error if isinstance(error, PorterError) else name_error(error, home)
            shop.report.done(node.name, f"failed: {named.message.partition('\n')[0]}")
            raise named from error

    names = [node.name for node in graph.nodes]
    with _crew(folio, shop) as crew:
        built, failures = run_graph(
            {node.name: node for node in graph.nodes},
            {node.name: node.host for node in graph.nodes},
            work,
            name=str,
            jobs=crew.hands,
            spare=crew.spare,
            children=shop.children,
            seconds=last_seconds(home, names, folio.platform.pyodide),
            fail_fast=folio.fail_fast,
            on_blocked=lambda name, failed: shop.report.done(name, f"blocked by {failed}"),
        )
    return built, [*failures, *_skipped(graph, wanted, folio.report)]


def _crew(folio: Portfolio, shop: Workshop) -> Crew:
    if folio.cluster is None:
        # Who asks for one processor has one build after the other.
        turns = Turns.open(folio.jobs) if folio.jobs > 1 else None
        mine = replace(shop, turns=turns)
        return Here(shop=mine, out=folio.out, hands=folio.jobs, again=folio.again)
    # What it stands on is there with an extra alone.
    from porter.cluster.client import Cluster

    return Cluster(folio.cluster, shop, folio.out)


def _workshop(folio: Portfolio, report: Reporter) -> Workshop:
    @cache
    def surface() -> LinkSurface:
        runtime = fetch_runtime(folio.platform, home=folio.home, env=folio.env)
        return read_surface(runtime, home=folio.home, env=folio.env)

    return Workshop(
        platform=folio.platform,
        toolchain=folio.toolchain,
        home=folio.home,
        env=folio.env,
        jobs=folio.jobs,
        report=report,
        children=Children(),
        surface=surface if folio.audit else None,
        sources=folio.sources,
        store=folio.store,
    )


def _skipped(graph: Graph, wanted: Wanted, report: Reporter) -> list[Failure]:
    """What was not built because it is disabled: a failure where it was named."""
    failures = []
    for skipped in graph.skipped:
        why = f"{ARROW.join(skipped.path)} is disabled"
        if wanted.roles.get(skipped.name) is Role.NAMED:
            error = ConfigurationError(why, advice="its recipe says so: package.disabled")
            failures.append(Failure(name=skipped.name, error=error))
        else:
            report.phase(skipped.name, f"skipped: {why}")
    return failures

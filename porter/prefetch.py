"""The journey of `porter fetch`: everything that a build would fetch, into one folder."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from porter.batch import Failure, run_batch
from porter.crates.plan import has_rust, keep_crates
from porter.graph import Graph, Node
from porter.home import Home
from porter.plan import given_files
from porter.platform import Platform
from porter.process import Children
from porter.progress import Reporter
from porter.requirements import WHEELS, ask_requirements, fetch_requirements
from porter.source import Fetched, fetch_source, lay_source
from porter.source.fetch import write_sources
from porter.source.parse import is_project
from porter.toolchain.select import have_toolchain
from porter.wanted import Wanted
from porter.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """What every source of one run shares; `out` is the folder that is filled.

    `python` is what pyodide-build runs on, None where that is Porter's own.
    """

    platform: Platform
    out: Path
    home: Home
    env: Mapping[str, str]
    report: Reporter
    children: Children
    jobs: int
    python: Path | None = None


def fetch_graph(
    graph: Graph, wanted: Wanted, fetching: Fetching
) -> tuple[list[Fetched], list[Failure]]:
    """Have the sources of all that the graph builds in `out`, and their build requirements.

    A failure stops no other. What a private index has to compile against is fetched too.
    """

    def work(node: Node) -> Fetched:
        return _fetch(node, graph, wanted, fetching)

    fetched, failures = run_batch(
        graph.nodes,
        work,
        name=lambda node: node.name,
        jobs=fetching.jobs,
        children=fetching.children,
    )
    write_sources(fetched, fetching.out)
    return fetched, failures


def _fetch(node: Node, graph: Graph, wanted: Wanted, fetching: Fetching) -> Fetched:
    report, home, env = fetching.report, fetching.home, fetching.env
    report.phase(node.name, "fetching the source")
    fetched = fetch_source(
        wanted.source(node.recipe), platform=fetching.platform, home=home, env=env
    )
    given_files(node, graph, home=home, env=env, sources=fetching.out, keep=True)
    if fetched.path.suffix == ".whl":
        report.done(node.name, "fetched its wheel")
        return fetched
    log = home.new_log(f"fetch-{node.name}")
    home.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=home.work) as scratch:
        folder = Path(scratch) / "source"
        lay_source(fetched, folder, log=log, env=env)
        if is_project(folder):
            report.phase(node.name, "fetching its build requirements")
            asked = ask_requirements(
                folder, log=log, env=env, python=fetching.python, children=fetching.children
            )
            # One at a time: pip does not write files as whole ones.
            with home.lock("fetch-requirements"):
                fetch_requirements(
                    [*asked, *node.recipe.build_extras],
                    fetching.out / WHEELS,
                    constraints=[*node.recipe.constraint, *_held(node, graph)],
                    home=home,
                    env=env,
                    log=log,
                    python=fetching.python,
                    children=fetching.children,
                )
    if has_rust(fetched):
        _fetch_crates(fetched, fetching)
    report.done(node.name, f"fetched {fetched.sha256[:12]}")
    return fetched


def _fetch_crates(fetched: Fetched, fetching: Fetching) -> None:
    """The crates that its build would fetch: only cargo, with its Rust, knows which they are."""
    home, env, report = fetching.home, fetching.env, fetching.report
    shop = Workshop(
        platform=fetching.platform,
        toolchain=have_toolchain(fetching.platform, "auto", home=home, env=env, report=report),
        home=home,
        env=env,
        jobs=fetching.jobs,
        report=report,
        children=fetching.children,
        surface=None,
    )
    keep_crates(fetched, shop, fetching.out)


def _held(node: Node, graph: Graph) -> Sequence[str]:
    """The versions of what it is compiled against: another's headers would not fit."""
    versions = {built.name: built.recipe.told_version for built in graph.nodes}
    versions |= {name: provided.version for name, provided in graph.provided.items()}
    return [
        f"{name}=={version}" for name in node.recipe.host if (version := versions.get(name, ""))
    ]


def folder_size(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

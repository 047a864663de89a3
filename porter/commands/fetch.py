"""`porter fetch`: everything that a build would fetch, into one folder."""

import argparse
from pathlib import Path

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_index,
    add_jobs,
    add_json,
    add_platform,
    add_recipe_folders,
    failure_json,
    print_error,
    print_json,
    recipe_folders,
)
from porter.platform import read_platform
from porter.progress import Progressing


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "fetch", "fetch sources and their build requirements into a folder", run
    )
    parser.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="as of `porter build`; without any, every recipe of --recipes",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("sources"),
        metavar="DIR",
        help="the folder to fill (default: sources); `porter build --sources` takes it",
    )
    add_platform(parser)
    add_recipe_folders(parser)
    add_index(parser)
    add_jobs(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Fetch what would be built; a failure stops no other."""
    from porter.artefact import open_out
    from porter.plan import read_graph
    from porter.prefetch import Fetching, fetch_graph, folder_size
    from porter.process import Children
    from porter.table import format_size
    from porter.toolchain.builder import have_builder
    from porter.toolchain.select import find_toolchain
    from porter.wanted import read_wanted

    platform = read_platform(arguments.platform)
    wanted = read_wanted(arguments.source, recipes=recipe_folders(arguments), platform=platform)
    graph = read_graph(
        wanted,
        platform=platform,
        toolchain=find_toolchain(platform, machine.home),
        index=arguments.index,
        home=machine.home,
        env=machine.env,
    )
    open_out(arguments.out)
    with Progressing() as report:
        builder = have_builder(platform, home=machine.home, env=machine.env, report=report)
        fetched, failures = fetch_graph(
            graph,
            wanted,
            Fetching(
                platform=platform,
                out=arguments.out,
                home=machine.home,
                env=machine.env,
                report=report,
                children=Children(),
                jobs=arguments.jobs,
                python=builder.python,
            ),
        )
    if arguments.json:
        print_json(
            {
                "platform": platform.pyodide,
                "sources": [
                    {
                        "name": item.source.name,
                        "origin": item.source.where,
                        "sha256": item.sha256,
                    }
                    for item in fetched
                ],
                "failures": [failure_json(f.name, f.error) for f in failures],
            }
        )
    else:
        for item in fetched:
            print(f"{item.sha256}  {item.source.where}")
        print(f"{arguments.out}: {format_size(folder_size(arguments.out))}")
        for failure in failures:
            print_error(failure.error)
    return max((failure.error.exit_code for failure in failures), default=0)

"""`porter lab`: JupyterLab with browser kernels and server kernels, and an index behind it.

Imports nothing slow: every start of `porter` imports this module.
"""

import argparse
from pathlib import Path

from porter.commands.options import Commands, Machine, add_command


def add(commands: Commands) -> None:
    """Declare `porter lab`."""
    parser = add_command(commands, "lab", "start JupyterLab with kernels in the browser", run)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="the notebooks"
    )
    parser.add_argument(
        "--index", metavar="URL", help="a private index that runs already (default: start one)"
    )
    parser.add_argument(
        "--wheels",
        action="append",
        type=Path,
        default=[],
        metavar="DIR",
        help="a folder of wheels to publish to the index that is started; may be repeated",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("porter-lab"),
        metavar="DIR",
        help="where the index that is started keeps its files (default: porter-lab)",
    )
    parser.add_argument("--platform", metavar="P", help="the browser's Pyodide (default: 314)")
    parser.add_argument(
        "--package",
        action="append",
        default=[],
        metavar="NAME",
        help="a project that browser kernels have from their start; may be repeated",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="JupyterLab's port (default: a free one)",
    )


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Start both, say where they are, and stop both when told to."""
    from kernel_bridge.lab import Wanted, run_lab

    wanted = Wanted(
        folder=arguments.folder,
        data=arguments.data,
        index=arguments.index,
        wheels=tuple(arguments.wheels),
        platform=arguments.platform or "314",
        packages=tuple(arguments.package),
        port=arguments.port,
    )
    return run_lab(wanted, machine)

"""The command `porter`: arguments in, exit codes out; the only place that catches errors."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points

from porter import __version__
from porter.commands import (
    audit,
    build,
    doctor,
    explain,
    fetch,
    new,
    plan,
    platforms,
    publish,
    rebuild,
    store,
    test,
    toolchain,
)
from porter.commands.options import Machine, print_error
from porter.errors import Interrupted, PorterError
from porter.home import Home
from porter.unexpected import name_error

COMMANDS = (
    new,
    plan,
    fetch,
    build,
    audit,
    test,
    publish,
    explain,
    rebuild,
    store,
    platforms,
    toolchain,
    doctor,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the process's exit code (see `porter.errors`)."""
    # A stop from outside is cleaned up after as Ctrl-C is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments, Machine.here())
        sys.stdout.flush()
    except PorterError as error:
        return _say(error)
    except KeyboardInterrupt:
        return _say(Interrupted("interrupted; what was finished is kept, run it again to go on"))
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 # a traceback belongs in a file
        return _say(name_error(error, _home()))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="porter", description="Port Python libraries to Pyodide, and prove that they run."
    )
    parser.add_argument("--version", action="version", version=f"porter {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    # What other packages add, as pyodide-cli's plug-ins do.
    for entry in sorted(entry_points(group="porter.commands"), key=lambda entry: entry.name):
        entry.load()(commands)
    return parser


def _say(error: PorterError) -> int:
    print_error(error)
    return error.exit_code


def _home() -> Home | None:
    try:
        return Home.parse(os.environ)
    except PorterError:
        return None

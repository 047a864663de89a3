"""The command `porter`: arguments in, exit codes out; the only place that catches errors."""

import argparse
import errno
import os
import signal
import sys
import traceback
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
    test,
    toolchain,
)
from porter.commands.options import Machine, print_error
from porter.errors import Interrupted, MissingRequirement, NoSpace, NotWritable, PorterError
from porter.home import Home

COMMANDS = (new, plan, fetch, build, audit, test, publish, explain, platforms, toolchain, doctor)
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    except (OSError, ModuleNotFoundError) as error:
        return _say(_named(error))
    except Exception:  # noqa: BLE001 # a traceback belongs in a file
        return _say(_unexpected(traceback.format_exc()))
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


def _named(error: OSError | ModuleNotFoundError) -> PorterError:
    if isinstance(error, ModuleNotFoundError):
        return MissingRequirement(
            f"the Python module {error.name} is not installed",
            advice="pip install 'porter-wasm[index]' brings what `porter index` needs",
        )
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in DISK_FULL:
        return NoSpace(
            f"the disk is full{where}", advice="free some space; nothing half-written was left"
        )
    return NotWritable(f"{error.strerror or error}{where}")


def _unexpected(text: str) -> PorterError:
    last = text.strip().splitlines()[-1]
    try:
        log = Home.parse(os.environ).new_log("crash")
        log.write_text(text)
    except OSError:
        return PorterError(f"a mistake in Porter itself: {last}")
    return PorterError(
        f"a mistake in Porter itself: {last}", advice="please report it with the log", log=log
    )

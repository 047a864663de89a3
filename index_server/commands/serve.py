"""`porter index serve`: run the server."""

import argparse
import os
import socket
import sys
from typing import TYPE_CHECKING

from index_server.commands.counts import new_counts
from index_server.commands.options import add_data
from porter.commands.options import Commands, Machine, add_command

if TYPE_CHECKING:
    from index_server.holdings import Holdings
    from index_server.settings import Settings

# Uploads in flight have so many seconds to end when the server is told to stop.
DRAIN = 30


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = add_command(actions, "serve", "serve the index", run)
    add_data(parser)
    parser.add_argument("--host", metavar="H", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, metavar="N", help="the port to listen on, 0 for a free one (8765)"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="server processes (default: 1)")
    parser.add_argument(
        "--base-url", metavar="URL", help="the address that clients see, where a proxy is before it"
    )


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Make the index ready, say where it is, and become the server."""
    from index_server.holdings import open_holdings
    from index_server.public.policy import parse_policy
    from index_server.records.database import known_names
    from index_server.records.engine import migrate
    from index_server.settings import read_settings
    from index_server.uploads.sweep import sweep

    settings = read_settings(
        arguments.data,
        host=arguments.host,
        port=arguments.port or free_port(arguments),
        workers=arguments.workers,
        base_url=arguments.base_url,
    )
    # What the server's processes would only say in their log.
    parse_policy(settings)
    index = open_holdings(settings, machine.home)
    migrate(index.engine)
    sweep(index)
    # The server's processes read the rest: of a large index it is seconds.
    count = len(list(known_names(index.engine)))
    base = settings.base_url or f"http://{_shown_host(settings.host)}:{settings.port}"
    print(f"Porter's index at {base}/ serves {count} projects", flush=True)
    _print_token(index)
    print(f"""in a notebook:
  import micropip
  micropip.set_index_urls(["{base}/r/0.29/simple/"])""")
    sys.stdout.flush()
    index.engine.dispose()
    become_server(settings)
    return 0


def free_port(arguments: argparse.Namespace) -> int | None:
    """A port that nothing listens on, where 0 was asked for; None where none was named."""
    if arguments.port is None:
        return None
    with socket.socket() as probe:
        probe.bind((arguments.host or "127.0.0.1", 0))
        return int(probe.getsockname()[1])


def become_server(settings: "Settings") -> None:
    """Replace this process by the server's: its environment is made here, whole."""
    from index_server.asgi import SETTINGS
    from index_server.settings import dump_settings

    # Where the server's processes count together (prometheus-client's multiprocess mode).
    counts = str(new_counts())
    env = {**os.environ, SETTINGS: dump_settings(settings), "PROMETHEUS_MULTIPROC_DIR": counts}
    command = [sys.executable, "-m", "granian", "index_server.asgi:create", "--factory"]
    command += ["--interface", "asgi", "--host", settings.host, "--port", str(settings.port)]
    command += ["--workers", str(settings.workers), "--workers-kill-timeout", str(DRAIN)]
    command += ["--no-ws", "--http", "1", "--backlog", "1024", "--log-level", "warning"]
    command += ["--respawn-failed-workers"]
    os.execve(sys.executable, command, env)  # noqa: S606 # it is to become this process


def _shown_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _print_token(index: "Holdings") -> None:
    """The first token, once: whoever starts an index for the first time owns it."""
    from index_server.people.tokens import first_token

    token = first_token(index)
    if token is not None:
        print(f"first token, shown once: {token}")
        print("  to upload: porter publish dist/*.whl --index URL (password: the token)")

"""An index and a JupyterLab, each a process of its own on this machine alone, until Ctrl-C."""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from kernel_bridge.child import Child, free_port, start_child
from kernel_bridge.labconfig import LABEXTENSION, write_config
from kernel_bridge.settings import BridgeSettings, parse_index
from porter.commands.options import Machine
from porter.errors import (
    Interrupted,
    MissingRequirement,
    SourceNotFound,
    Unreachable,
    UsageError,
)
from porter.platform import Platform, read_platform
from porter.publish import Outcome, publish
from porter.publish import parse_index as parse_target
from porter.wheel import fits

NEEDED = ("httpx", "ipykernel", "jupyterlab", "jupyter_server", "jupytext", "nbformat", "orjson")
INDEX_NEEDED = ("fastapi", "granian", "sqlalchemy")
# Seconds for a process to answer on a slow machine, and for the index to fetch a runtime.
STARTING, FETCHING = 120.0, 600.0
POLL = 0.2
HOST = "127.0.0.1"
# The index tells its first token once; it is kept beside its files for the next start.
TOKEN_FILE = "token"  # noqa: S105 — a file's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `porter lab` was asked for; without `index` one is started, with its files in `data`."""

    folder: Path
    data: Path
    index: str | None
    wheels: tuple[Path, ...]
    platform: str
    packages: tuple[str, ...]
    port: int


def run_lab(wanted: Wanted, machine: Machine) -> int:
    """Start what is wanted, and stay until Ctrl-C or until one of both ends.

    Raises MissingRequirement, UsageError, SourceNotFound, and what the index or JupyterLab fail of.
    """
    check_installed(own_index=wanted.index is None)
    platform = read_platform(wanted.platform)
    if not wanted.folder.is_dir():
        raise SourceNotFound(f"{wanted.folder} is no folder", advice="name one with notebooks")
    if wanted.index is not None and wanted.wheels:
        raise UsageError(
            "--wheels is for the index that is started",
            advice="publish to the other with `porter publish`",
        )
    wheels = tuple(find_wheels(wanted.wheels, platform))
    parse_index(wanted.index or "")
    check_built()
    with ExitStack() as stack:
        try:
            return _run(wanted, platform, wheels, machine, stack)
        except KeyboardInterrupt as error:
            stack.close()
            raise Interrupted("JupyterLab and its index are stopped") from error


def _run(
    wanted: Wanted,
    platform: Platform,
    wheels: tuple[Path, ...],
    machine: Machine,
    stack: ExitStack,
) -> int:
    children = []
    if wanted.index is not None:
        index = parse_index(wanted.index) or ""
    else:
        index, child = start_index(wanted.data, machine, stack)
        children.append(child)
        publish_all(wheels, index, wanted.data)
    print(f"index: {index}/", flush=True)
    await_runtime(index, platform, children)
    settings = BridgeSettings(index=index, platform=platform.name, packages=wanted.packages)
    url, lab = start_jupyterlab(wanted, settings, machine, stack)
    children.append(lab)
    print(f"JupyterLab: {url}\nCtrl-C stops it", flush=True)
    while True:
        for one in children:
            one.check()
        time.sleep(POLL)


def check_installed(*, own_index: bool) -> None:
    """Raises MissingRequirement with the command that installs what is not there."""
    for name in (*NEEDED, *(INDEX_NEEDED if own_index else ())):
        if find_spec(name) is None:
            raise MissingRequirement(
                f"{name} is not installed", advice="pip install 'porter-wasm[lab]'"
            )


def check_built() -> None:
    """Raises MissingRequirement where the part that runs in pages is not there."""
    if not LABEXTENSION.joinpath("package.json").is_file():
        raise MissingRequirement(
            "the JupyterLab extension is not built", advice="make labextension"
        )


def find_wheels(folders: tuple[Path, ...], platform: Platform) -> Iterator[Path]:
    """The wheels in the folders that the platform can install; raises SourceNotFound."""
    for folder in folders:
        if not folder.is_dir():
            raise SourceNotFound(f"{folder} is no folder", advice="build wheels into it")
        yield from (one for one in sorted(folder.glob("*.whl")) if fits(one.name, platform))


def start_index(data: Path, machine: Machine, stack: ExitStack) -> tuple[str, Child]:
    """An index of `data/index` at a free port, and its address; raises CommandFailed."""
    data.mkdir(parents=True, exist_ok=True)
    log = machine.home.new_log("lab-index")
    port = free_port(HOST)
    command = [sys.executable, "-m", "porter", "index", "serve", "--data", str(data / "index")]
    command += ["--host", HOST, "--port", str(port)]
    child = stack.enter_context(start_child("the index", command, log=log, env=machine.env))
    url = f"http://{HOST}:{port}"
    child.await_answer(f"{url}/readyz", STARTING)
    told = [
        line for line in log.read_text("utf-8", "replace").splitlines() if "first token" in line
    ]
    if told:
        _keep(data / TOKEN_FILE, told[0].rpartition(" ")[2])
        # It is a secret, and the log is not.
        log.write_text(f"Porter's index at {url}/\n", "utf-8")
    return url, child


def publish_all(wheels: tuple[Path, ...], index: str, data: Path) -> None:
    """Publish those that are not there yet; raises what `porter publish` does."""
    if not wheels:
        return
    try:
        token = (data / TOKEN_FILE).read_text("utf-8").strip()
    except OSError as error:
        raise UsageError(
            f"the index in {data} has a token that is not kept there",
            advice=f"make another with `porter index token create --data {data / 'index'}`, and "
            f"put it into {data / TOKEN_FILE}",
        ) from error
    target = parse_target(index, token=token)
    for wheel in wheels:
        if publish(wheel, target, skip_existing=True).outcome is not Outcome.THERE:
            print(f"published: {wheel.name}", flush=True)


def await_runtime(index: str, platform: Platform, children: list[Child]) -> None:
    """Until the index serves the platform's lock file; raises Unreachable."""
    import httpx

    url, until, said = f"{index}/r/{platform.name}/pyodide-lock.json", time.monotonic(), False
    until += FETCHING
    while True:
        for one in children:
            one.check()
        try:
            answer = httpx.get(url, timeout=60)
        except httpx.HTTPError as error:
            raise Unreachable(
                f"the index {index} does not answer ({type(error).__name__})",
                advice="is it running?",
            ) from error
        if answer.status_code == httpx.codes.OK:
            return
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
            raise Unreachable(
                f"the index {index} has no runtime for {platform.name}: "
                f"it answers {answer.status_code}",
                advice=f"curl {url} says why",
            )
        if not said:
            print(f"waiting until the index has Pyodide {platform.pyodide}", flush=True)
            said = True
        time.sleep(POLL)


def start_jupyterlab(
    wanted: Wanted, settings: BridgeSettings, machine: Machine, stack: ExitStack
) -> tuple[str, Child]:
    """JupyterLab at its address with its token; raises CommandFailed."""
    port = wanted.port or free_port(HOST)
    token = secrets.token_hex(24)
    config = write_config(wanted.data, settings, folder=wanted.folder, port=port, token=token)
    # The user's own configuration stands before it, and finds what it always has.
    path = os.pathsep.join(filter(None, [str(config), os.environ.get("JUPYTER_CONFIG_PATH", "")]))
    log = machine.home.new_log("lab")
    child = stack.enter_context(
        start_child(
            "JupyterLab",
            [sys.executable, "-m", "jupyterlab", "--no-browser"],
            log=log,
            env={**os.environ, "JUPYTER_CONFIG_PATH": path},
        )
    )
    url = f"http://{HOST}:{port}"
    child.await_answer(f"{url}/api", STARTING)
    return f"{url}/lab?token={token}", child


def _keep(path: Path, secret: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)

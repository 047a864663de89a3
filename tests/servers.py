"""Real servers of the index, each a process group of its own on 127.0.0.1."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

READY = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers at `url`; `token` is its first one, which may do everything."""

    url: str
    token: str
    data: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def client(self) -> httpx.Client:
        """An anonymous client of this server."""
        return httpx.Client(base_url=self.url, timeout=30)

    @property
    def admin(self) -> httpx.Client:
        """A client with the first token."""
        return httpx.Client(base_url=self.url, timeout=30, auth=("__token__", self.token))

    def await_project(self, name: str) -> None:
        """Until the server has seen a project that others put there: it looks four times a second."""
        until = time.monotonic() + 10
        with self.client as client:
            while client.get(f"/simple/{name}/").status_code != 200:
                assert time.monotonic() < until, name
                time.sleep(0.05)


@contextmanager
def serve_index(
    data: Path, *arguments: str, home: Path, env: Mapping[str, str] | None = None, token: str = ""
) -> Iterator[Served]:
    """`porter index serve --data DATA` on a free port, until the context ends.

    `token` is the one that an earlier server of this folder told, since it is told once.
    """
    command = [sys.executable, "-m", "porter", "index", "serve", "--data", str(data)]
    command += ["--port", "0", *arguments]
    with tempfile.NamedTemporaryFile(prefix="porter-served-", suffix=".log") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PORTER_HOME": str(home), **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            url, told = _await_ready(process, Path(output.name))
            yield Served(
                url=url,
                token=told or token,
                data=data,
                process=process,
                output=Path(output.name),
            )
        finally:
            stop_server(process)


def stop_server(process: subprocess.Popen[bytes], *, how: int = signal.SIGTERM) -> None:
    """End a server with its workers; one that does not end by itself is killed."""
    if process.poll() is None:
        os.killpg(process.pid, how)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await_ready(process: subprocess.Popen[bytes], output: Path) -> tuple[str, str]:
    until = time.monotonic() + READY
    while time.monotonic() < until and process.poll() is None:
        text = output.read_text("utf-8", "replace")
        match = re.search(r"(http://[^\s/]+)/", text)
        if match is not None:
            try:
                if httpx.get(f"{match[1]}/healthz", timeout=5).status_code < 500:
                    token = re.search(r"porter_\S+", text)
                    return match[1], token[0] if token else ""
            except httpx.TransportError:
                pass
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{output.read_text('utf-8', 'replace')}")

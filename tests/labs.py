"""Real JupyterLab servers with the bridge, each a process group of its own on 127.0.0.1."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from shutil import copytree
from typing import Any

import httpx
from servers import stop_server

from demo.serving import publish, serving

READY = 120.0
EXTENSIONS = Path(__file__).parents[1] / "kernel_bridge" / "labextensions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A JupyterLab that answers at `url` (without a slash at its end) and serves `folder`."""

    url: str
    token: str
    folder: Path
    output: Path
    process: subprocess.Popen[bytes]

    @property
    def client(self) -> httpx.Client:
        """A client that has the token in a header, as programs do."""
        headers = {"Authorization": f"token {self.token}"}
        return httpx.Client(base_url=self.url, timeout=60, headers=headers)

    @property
    def stranger(self) -> httpx.Client:
        """A client that nobody knows."""
        return httpx.Client(base_url=self.url, timeout=60)

    def options(self) -> dict[str, Any]:
        """The option `porter` of a new user's page."""
        client, options = self.log_in()
        client.close()
        return options

    def log_in(self) -> tuple[httpx.Client, dict[str, Any]]:
        """A browser's session, known by its cookie, and the option `porter` of its page."""
        client = self.stranger
        page = client.get("/lab", params={"token": self.token}, follow_redirects=True)
        client.headers["X-XSRFToken"] = client.cookies["_xsrf"]
        return client, page_options(page.text)


def page_options(page: str) -> dict[str, Any]:
    """The option `porter` of a page."""
    found = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found is not None, page[:500]
    options: dict[str, Any] = json.loads(json.loads(unescape(found[1]))["porter"])
    return options


def lab_env(folder: Path) -> dict[str, str]:
    """Jupyter's folders, below one that is a test's own."""
    places = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "runtime"}
    own = {f"JUPYTER_{name}": str(folder / place) for name, place in places.items()}
    own["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
    own["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
    own["IPYTHONDIR"] = str(folder / "ipython")
    # ipykernel shows nothing of what C prints where pytest has set this.
    around = {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {**around, **own}


@contextmanager
def serve_lab(
    folder: Path,
    bridge: Mapping[str, object] | None = None,
    *,
    config: Mapping[str, Mapping[str, object]] | None = None,
    env: Mapping[str, str] | None = None,
    port: int = 0,
) -> Iterator[Lab]:
    """JupyterLab of `folder/files` on a port, by default a free one, until the context ends.

    `bridge` are settings of `c.PorterBridge`, `config` those of other classes.
    """
    token = secrets.token_hex(16)
    with start_lab(folder, bridge, config=config, env=env, token=token, port=port) as process:
        yield Lab(
            url=_await_ready(process, folder),
            token=token,
            folder=folder / "files",
            output=folder / "output",
            process=process,
        )


@contextmanager
def serve_bridged(
    folder: Path,
    *wheels: Path,
    bridge: Mapping[str, object] | None = None,
    config: Mapping[str, Mapping[str, object]] | None = None,
    extensions: Path | None = None,
) -> Iterator[Lab]:
    """As `serve_lab`, with the bridge's extension, and an index of its own that has wheels.

    All of it lies in `folder`; `extensions` holds more of them.
    """
    assert EXTENSIONS.is_dir(), "make labextension builds it"
    # A page that is open asks for parts of it later, which the next build replaces.
    copied = copytree(EXTENSIONS, folder / "labextensions")
    places = [str(copied), *([str(extensions)] if extensions else [])]
    page: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": places},
    }
    with serving(folder / "index") as index:
        if wheels:
            publish(wheels, index)
        told = {"index": index.url, **(bridge or {})}
        with (
            serve_lab(folder, told, config={**page, **(config or {})}) as lab,
            lab.client as client,
        ):
            # The first decision reads what the index has and rules, which no scenario is about.
            notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
            asked = {"path": "first.ipynb", "notebook": notebook}
            client.post("/porter/decisions", json=asked, timeout=180).raise_for_status()
            yield lab


@contextmanager
def start_lab(
    folder: Path,
    bridge: Mapping[str, object] | None,
    *,
    config: Mapping[str, Mapping[str, object]] | None = None,
    env: Mapping[str, str] | None = None,
    token: str = "",
    port: int = 0,
) -> Iterator[subprocess.Popen[bytes]]:
    """The process alone: it may refuse to start."""
    settings: dict[str, dict[str, object]] = {
        "ServerApp": {"jpserver_extensions": {"kernel_bridge": True, "jupyterlab": True}},
        "IdentityProvider": {"token": token},
        "LabApp": {"news_url": None, "extension_manager": "readonly"},
        "PorterBridge": dict(bridge or {}),
    }
    for name, values in (config or {}).items():
        settings[name] = {**settings.get(name, {}), **values}
    for name in ("config", "files"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder / 'files'}"]
    command += ["--allow-root"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**lab_env(folder), **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop_server(process)


def _await_ready(process: subprocess.Popen[bytes], folder: Path) -> str:
    until = time.monotonic() + READY
    told = folder / "runtime" / f"jpserver-{process.pid}.json"
    while time.monotonic() < until and process.poll() is None:
        try:
            url = str(json.loads(told.read_text())["url"]).rstrip("/")
            httpx.get(f"{url}/api", timeout=5)
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.1)
            continue
        return url
    raise AssertionError((folder / "output").read_text("utf-8", "replace")[-4000:])

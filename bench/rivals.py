"""What the index is measured beside: nginx, devpi and pypiserver, each a process on 127.0.0.1."""

import base64
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.bare import EXPORT
from porter.home import Home, new_folder

LOCK = Path(__file__).with_name("rivals.lock")
PASSWORD = "bench-only"  # noqa: S105 # of a server that lives for a minute

NGINX = """
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  open_file_cache max=10000; open_file_cache_valid 60s;
  types {{ text/html html; application/vnd.pypi.simple.v1+json json; application/zip whl; }}
  map $http_accept $page {{ default index.html; ~json index.json; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  add_header Access-Control-Allow-Origin "*";
  server {{
    listen 127.0.0.1:{port};
    root {export};
    location ~ /$ {{ try_files $uri$page =404; add_header Cache-Control max-age=600; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """One that runs; `json`: it speaks the JSON form of the Simple API."""

    name: str
    url: str
    json: bool = True
    simple: str = "/simple/"
    upload: str = ""
    auth: tuple[str, str] = ("", "")
    files: bool = True

    def address(self, url: str, ours: str) -> str | None:
        """Where it has what is at `url` of ours, None where that is elsewhere."""
        path = url.removeprefix(ours)
        if path.startswith("/simple/"):
            return f"{self.url}{self.simple}{path.removeprefix('/simple/')}"
        return f"{self.url}{path}" if self.files else None


@contextmanager
def nginx(folder: Path, export: Path) -> Iterator[Rival]:
    """nginx with two processes, serving a static export."""
    folder.mkdir()
    port = free_port()
    configuration = folder / "nginx.conf"
    # Its workers would else be another user, who may not read a temporary folder of root's.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(NGINX.format(user=user, folder=folder, port=port, export=export))
    command = ["nginx", "-c", str(configuration), "-e", str(folder / "error.log")]
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/simple/"):
        yield Rival(name="nginx, static export", url=url)


@contextmanager
def bare(export: Path) -> Iterator[Rival]:
    """The index's own server with an application that does nothing but answer (bench/bare.py)."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "bench.bare:app", "--interface", "asgi"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "2", "--no-ws"]
    command += ["--http", "1", "--log-level", "critical"]
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/simple/", env={**os.environ, EXPORT: str(export)}):
        yield Rival(name="the same server, bare", url=url)


@contextmanager
def pypiserver(folder: Path, wheels: Sequence[Path], home: Home) -> Iterator[Rival]:
    """pypiserver on a folder of the same wheels; it speaks HTML only."""
    folder.mkdir()
    for wheel in wheels:
        os.link(wheel, folder / wheel.name)
    port = free_port()
    program = environment(home) / "bin" / "pypi-server"
    command = [str(program), "run", "-i", "127.0.0.1", "-p", str(port), str(folder)]
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/simple/bench-7/"):
        yield Rival(name="pypiserver", url=url, json=False, files=False)


@contextmanager
def devpi(folder: Path, home: Home) -> Iterator[Rival]:
    """devpi-server with an empty index of its own, as its manual sets it up."""
    programs = environment(home) / "bin"
    port = free_port()
    init = [str(programs / "devpi-init"), "--serverdir", str(folder), "--no-root-pypi"]
    init += ["--root-passwd", PASSWORD]
    subprocess.run(init, check=True, capture_output=True)
    command = [str(programs / "devpi-server"), "--serverdir", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--offline-mode"]
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/+api"):
        login = {"user": "root", "password": PASSWORD}
        told = requests.post(f"{url}/+login", json=login, timeout=30).json()["result"]
        auth = ("root", str(told["password"]))
        made = {"type": "stage", "bases": [], "volatile": True}
        header = base64.b64encode(":".join(auth).encode()).decode()
        requests.put(
            f"{url}/root/dev", json=made, headers={"X-Devpi-Auth": header}, timeout=30
        ).raise_for_status()
        yield Rival(
            name="devpi",
            url=url,
            simple="/root/dev/+simple/",
            upload=f"{url}/root/dev/",
            auth=("root", PASSWORD),
            files=False,
        )


@contextmanager
def running(
    command: Sequence[str], ready: str, env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server until the context ends; it answers `ready` when that begins."""
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, env=env, stdin=nothing, stdout=nothing, stderr=nothing)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                if requests.get(ready, timeout=5).ok:
                    break
            except requests.ConnectionError:
                pass
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{command[0]} did not start")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(home: Home, lock: Path = LOCK) -> Path:
    """The rivals' own environment, made the first time."""
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    target = home.environments / f"rivals-{digest}"
    uv = shutil.which("uv", path=f"{sys.prefix}/bin:{os.environ['PATH']}") or "uv"
    if not target.is_dir():
        with new_folder(target) as folder:
            venv = [uv, "venv", "--quiet", "--relocatable", "--python", sys.executable]
            subprocess.run([*venv, str(folder)], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
            install += ["--require-hashes", "--requirements", str(lock)]
            subprocess.run(install, check=True)
    return target


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

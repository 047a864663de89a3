"""The server of one run, on the loopback interface: the runtime, the wheels, and an index.

The index (PEP 691) has the wheels at hand, and below any other name what the configured package
index has that the platform can install: to micropip it is the one index there is.
"""

import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from porter.errors import PorterError
from porter.home import Home, hash_file
from porter.pypi import IndexFile, fetch_file, fetch_installable
from porter.runtime import Runtime

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".json": "application/json",
    ".wasm": "application/wasm",
}
SIMPLE = "application/vnd.pypi.simple.v1+json"
OWN = {"/": "page.html", "/worker.mjs": "worker.mjs", "/session.mjs": "session.mjs"}
OWN |= {"/harness.py": "harness.py"}


@dataclass(slots=True, kw_only=True)
class Site:
    """What is served. `events` is the file that what is told is appended to.

    `wheels` are at hand by sha256; `compiled` are the standard library and what else is unpacked before
    the wheel is installed, by name. The plan changes from one start of the runtime to the next.
    `headers` go with every answer.
    """

    runtime: Runtime
    wheels: Mapping[str, Path]
    tests: bytes
    events: Path
    home: Home
    env: Mapping[str, str]
    compiled: Mapping[str, Path] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    upstream: dict[str, IndexFile] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wheel_url(self, wheel: Path) -> str:
        """The path of a wheel at hand."""
        sha256 = next(key for key, path in self.wheels.items() if path == wheel)
        return f"/files/{sha256}/{wheel.name}"

    def tell(self, lines: bytes, events: Path) -> None:
        """Append to a start's events, whole lines at once."""
        with self.lock, events.open("ab") as file:
            file.write(lines.rstrip(b"\n") + b"\n")

    def answer(self, path: str) -> tuple[bytes, str]:
        """The body and content type of a path; raises FileNotFoundError, or what fetching does."""
        content_type = TYPES.get(Path(path).suffix, "application/octet-stream")
        match path.split("/"):
            case ["", _] if path in OWN:
                body = files("porter.check").joinpath(OWN[path]).read_bytes()
                content_type = TYPES.get(Path(OWN[path]).suffix, "text/plain")
            case ["", "plan.json"]:
                body = json.dumps(self.plan).encode()
            case ["", "lock.json"]:
                body = served_lock(self.runtime)
            case ["", "compiled", name] if name in self.compiled:
                body = self.compiled[name].read_bytes()
            case ["", "tests.zip"]:
                body = self.tests
            case ["", "runtime", name] if name not in ("", ".."):
                body = (self.runtime.folder / name).read_bytes()
            case ["", "files", sha256, name]:
                body = self._file(sha256, name)
            case ["", "simple", *rest] if project := next(filter(None, rest), ""):
                body, content_type = self._project(canonicalize_name(project)), SIMPLE
            case _:
                raise FileNotFoundError(path)
        return body, content_type

    def _file(self, sha256: str, name: str) -> bytes:
        if sha256 in self.wheels:
            return self.wheels[sha256].read_bytes()
        wanted = self.upstream.get(sha256)
        if wanted is None or wanted.filename != name:
            raise FileNotFoundError(name)
        return fetch_file(wanted, home=self.home, env=self.env).read_bytes()

    def _project(self, project: str) -> bytes:
        """The page of a project (PEP 691); one that is at hand is never looked for elsewhere."""
        mine = {
            sha256: path.name
            for sha256, path in self.wheels.items()
            if parse_wheel_filename(path.name)[0] == project
        }
        if not mine:
            found = fetch_installable(project, self.runtime.platform, env=self.env)
            self.upstream |= {file.sha256: file for file in found}
            mine = {file.sha256: file.filename for file in found}
        if not mine:
            raise FileNotFoundError(project)
        return json.dumps(
            {
                "meta": {"api-version": "1.1"},
                "name": project,
                "versions": sorted({str(parse_wheel_filename(name)[1]) for name in mine.values()}),
                "files": [
                    {
                        "filename": name,
                        "url": f"{self.url}/files/{sha256}/{name}",
                        "hashes": {"sha256": sha256},
                    }
                    for sha256, name in mine.items()
                ],
            }
        ).encode()


def served_lock(runtime: Runtime) -> bytes:
    """The runtime's lock file with the packages whose files this server has: others are not there.

    What is left out is then found in the index, as for a user whose release lacks it.
    """
    lock = runtime.lock()
    lock["packages"] = {
        name: package
        for name, package in lock["packages"].items()
        if (runtime.folder / package["file_name"]).is_file()
    }
    return json.dumps(lock).encode()


def pack_tests(tests: Sequence[tuple[str, Path]]) -> bytes:
    """A zip file of test files: (name, file) each."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, path in tests:
            archive.write(path, name)
    return buffer.getvalue()


def wheels_by_hash(wheels: Sequence[Path]) -> dict[str, Path]:
    """Wheel files by their sha256."""
    return {hash_file(path): path for path in wheels}


@contextmanager
def serve(site: Site) -> Iterator[None]:
    """Serve on a free port of 127.0.0.1 until the context ends; sets the site's `url`."""

    class Handler(_Handler):
        pass

    Handler.site = site
    server = _Server(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A browser opens many connections at once; what does not fit is reset.
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is stopped resets its connections: nobody is to be told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"
    # A connection of the browser is not to wait for the next small answer.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:  # http.server's name
        """A file, a page of the index, or the connection that lives as long as the tab."""
        path = self.path.partition("?")[0]
        if path == "/alive":
            self._stay()
            return
        try:
            body, content_type = self.site.answer(path)
        except (FileNotFoundError, IsADirectoryError):
            self._send(HTTPStatus.NOT_FOUND, b"not here", "text/plain")
        except PorterError as error:
            # To the client this is a failure, and must not look like an absence.
            self._send(HTTPStatus.BAD_GATEWAY, error.message.encode(), "text/plain")
        else:
            self._send(HTTPStatus.OK, body, content_type)

    def do_POST(self) -> None:  # http.server's name
        """Events."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.site.tell(body, self.site.events)
        self._send(HTTPStatus.OK, b"", "text/plain")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # http.server's name
        """Nothing: what matters is told by events."""

    def _send(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in self.site.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stay(self) -> None:
        """Wait for the end of the connection: then the tab is gone, and says so itself no more."""
        events = self.site.events
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        try:
            gone = not self.connection.recv(1)
        except ConnectionError:
            gone = True
        if gone:
            reason = "the browser's tab crashed; it mostly does so when memory runs out"
            self.site.tell(json.dumps({"kind": "died", "reason": reason}).encode(), events)

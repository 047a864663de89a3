"""A Simple API (PEP 691) on loopback that serves given files, below any prefix."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

from packaging.utils import canonicalize_name


@dataclass(slots=True, kw_only=True)
class Shelf:
    """A running index; `asked` are the paths that clients asked for."""

    url: str
    asked: list[str] = field(default_factory=list)

    def env(self, env: Mapping[str, str]) -> dict[str, str]:
        """`env` with this as pip's index, and nothing in between."""
        plain = {name: value for name, value in env.items() if "proxy" not in name.lower()}
        return {**plain, "PIP_INDEX_URL": f"{self.url}/simple"}


@contextmanager
def serve_shelf(*files: Path) -> Iterator[Shelf]:
    """Serve the files, each of the project that its name begins with, until the context ends."""
    shelf = Shelf(url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append(self.path)
            *_, kind, name = self.path.rstrip("/").split("/")
            found = [path for path in files if path.name == name]
            mine = [p for p in files if canonicalize_name(p.name.split("-")[0]) == name]
            if kind == "files" and found:
                self.answer(found[0].read_bytes(), "application/octet-stream")
            elif kind == "simple" and mine:
                entries = [
                    {
                        "filename": path.name,
                        "url": f"{shelf.url}/files/{path.name}",
                        "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
                    }
                    for path in mine
                ]
                page = {"meta": {"api-version": "1.0"}, "name": name, "files": entries}
                body = json.dumps(page).encode()
                self.answer(body, "application/vnd.pypi.simple.v1+json")
            elif name == "simple":
                projects = sorted({canonicalize_name(p.name.split("-")[0]) for p in files})
                listed = [{"name": project} for project in projects]
                body = json.dumps({"meta": {"api-version": "1.0"}, "projects": listed}).encode()
                self.answer(body, "application/vnd.pypi.simple.v1+json")
            else:
                self.send_error(404)

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        shelf.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield shelf
        finally:
            running.shutdown()
            thread.join()

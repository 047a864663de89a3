"""A public index for tests: a process on 127.0.0.1 that does what a file tells it to.

Run as a program it serves FOLDER/wheels. FOLDER/mode says how: `up` and others of `MODES`;
FOLDER/asked has a line a request.
"""

import hashlib
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODES = {
    "up": "answers as it should",
    "html": "answers in HTML, without metadata",
    "slow": "answers after five seconds",
    "500": "fails",
    "403": "refuses",
    "gone": "has nothing",
    "garbage": "answers with a login page",
    "half": "answers with JSON that ends in the middle",
    "other": "answers with another project's page",
    "strangers": "lists files of other projects among a project's",
    "lying": "sends bytes that it did not promise",
    "truncated": "ends in the middle of a body",
    "long": "sends more than it promised",
    "no-metadata": "promises metadata and has none",
    "other-metadata": "promises metadata and has other",
    "quarantined": "has withdrawn every project",
    "yanked": "has yanked every file",
}
PLAIN = ("403", "500", "gone", "garbage", "half")
SLOW = 5.0
JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """The running index; `url` is its Simple API's."""

    url: str
    folder: Path
    process: subprocess.Popen[str]

    @property
    def wheels(self) -> Path:
        return self.folder / "wheels"

    def be(self, mode: str) -> None:
        assert mode in MODES
        (self.folder / "mode").write_text(mode)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def asked(self) -> list[str]:
        """The paths of all requests so far."""
        log = self.folder / "asked"
        return log.read_text().split() if log.exists() else []

    def forget(self) -> None:
        (self.folder / "asked").unlink(missing_ok=True)


@contextmanager
def run_public(folder: Path) -> Iterator[Public]:
    """The index of FOLDER/wheels, until the context ends."""
    (folder / "wheels").mkdir(parents=True, exist_ok=True)
    (folder / "mode").write_text("up")
    process = subprocess.Popen(
        [sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as told:
        port = told.readline().strip()
        try:
            yield Public(url=f"http://127.0.0.1:{port}/simple", folder=folder, process=process)
        finally:
            process.kill()
            process.wait()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def do_GET(self) -> None:
        with (self.folder / "asked").open("a") as log:
            log.write(f"{self.path}\n")
        mode = (self.folder / "mode").read_text()
        if mode == "slow":
            time.sleep(SLOW)
        if mode in PLAIN:
            self._plain(mode)
        elif self.path == "/simple/":
            self._list(mode)
        elif self.path.startswith("/simple/"):
            self._page(self.path.split("/")[2], mode)
        else:
            self._file(self.path.removeprefix("/wheels/"), mode)

    def _plain(self, mode: str) -> None:
        match mode:
            case "garbage":
                self._send(200, "text/html", b"<html><body><a href='/login'>log in</a></body>")
            case "half":
                self._send(200, JSON, b'{"meta": {"api-version": "1.1"}, "name": "x", "files": [')
            case _:
                self._send(404 if mode == "gone" else int(mode), "text/plain", b"no")

    def _list(self, mode: str) -> None:
        wheels = (self.folder / "wheels").iterdir()
        names = sorted({wheel.name.split("-")[0].replace("_", "-") for wheel in wheels})
        if mode == "html":
            links = "".join(f'<a href="{name}/">{name}</a>' for name in names)
            self._send(200, "text/html", f"<!DOCTYPE html><body>{links}</body>".encode())
        else:
            listed = [{"name": name} for name in names]
            document = {"meta": {"api-version": "1.4"}, "projects": listed}
            self._send(200, JSON, json.dumps(document).encode())

    def _page(self, name: str, mode: str) -> None:
        wheels = sorted((self.folder / "wheels").glob(f"{name.replace('-', '_')}-*"))
        if mode == "strangers":
            wheels = sorted((self.folder / "wheels").iterdir())
        if not wheels:
            self._send(404, "text/plain", b"no")
            return
        if mode == "html":
            links = "".join(
                f'<a href="/wheels/{w.name}#sha256={sha256(w)}" data-requires-python="&gt;=3.8">'
                f"{w.name}</a>"
                for w in wheels
            )
            self._send(200, "text/html", f"<!DOCTYPE html><body>{links}</body>".encode())
            return
        document = {
            "meta": {"api-version": "1.4"},
            "name": "other" if mode == "other" else name,
            "files": [] if mode == "quarantined" else [entry(wheel, mode) for wheel in wheels],
            "versions": [],
        }
        if mode == "quarantined":
            document["project-status"] = {"status": "quarantined", "reason": "malware"}
        self._send(200, JSON, json.dumps(document).encode(), cut=mode == "truncated")

    def _file(self, name: str, mode: str) -> None:
        path = self.folder / "wheels" / name.removesuffix(".metadata")
        if not path.exists() or (name.endswith(".metadata") and mode == "no-metadata"):
            self._send(404, "text/plain", b"no")
            return
        body = metadata(path) if name.endswith(".metadata") else path.read_bytes()
        if mode == "lying" or (name.endswith(".metadata") and mode == "other-metadata"):
            body = bytes(len(body))
        if mode == "long":
            body += b"more"
        self._send(200, "application/octet-stream", body, cut=mode == "truncated")

    def _send(self, status: int, kind: str, body: bytes, *, cut: bool = False) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        same = status == 200 and self.headers.get("if-none-match") == etag
        self.send_response(304 if same else status)
        self.send_header("content-type", kind)
        self.send_header("etag", etag)
        if not same:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if not same:
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""


def entry(wheel: Path, mode: str) -> dict[str, object]:
    """A file as JSON has it (PEP 691, 700, 658, 592)."""
    return {
        "filename": wheel.name,
        "url": f"/wheels/{wheel.name}",
        "hashes": {"sha256": sha256(wheel)},
        "requires-python": ">=3.8",
        "size": wheel.stat().st_size,
        "upload-time": "2025-02-03T04:05:06.789000Z",
        "yanked": "withdrawn" if mode == "yanked" else False,
        "core-metadata": {"sha256": hashlib.sha256(metadata(wheel)).hexdigest()}
        if wheel.suffix == ".whl"
        else False,
    }


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return archive.read(name)


def main() -> None:
    Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

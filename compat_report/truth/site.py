"""The server of one run, on the loopback interface: the runtime, and what the notebook needs.

It has nothing else, and asks nobody: whatever a notebook asks it for, nothing leaves this machine.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from porter.check.site import SIMPLE, TYPES, Site
from porter.home import hash_file

OWN = {"/": "page.html"}
OWN |= {f"/{name}": name for name in ("inside.py", "page.mjs", "session.mjs", "worker.mjs")}
# The page and its worker may ask this server alone. Pyodide needs to make code at run time.
POLICY = "default-src 'self' blob: data:; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' blob:"


@dataclass(slots=True, kw_only=True)
class NotebookSite(Site):
    """What is served of a run: `at_hand` are its wheels by file name, `locked` those of the release.

    `beside` is the zip file of what lies beside the notebook.
    """

    at_hand: Mapping[str, Path] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()
    beside: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Security-Policy": POLICY})

    def answer(self, path: str) -> tuple[bytes, str]:
        """The body and content type of a path; raises FileNotFoundError."""
        content_type = TYPES.get(Path(path).suffix, "application/octet-stream")
        match path.split("/"):
            case ["", _] if path in OWN:
                body = files("compat_report.truth").joinpath(OWN[path]).read_bytes()
                content_type = TYPES.get(Path(OWN[path]).suffix, "text/plain")
            case ["", "plan.json"]:
                body = json.dumps(self.plan).encode()
            case ["", "lock.json"]:
                body = self._lock()
            case ["", "files.zip"]:
                body = self.beside
            case ["", "runtime", name] if name not in ("", ".", ".."):
                body = (self.runtime.folder / name).read_bytes()
            case ["", "compiled", name] if name in self.compiled:
                body = self.compiled[name].read_bytes()
            case ["", "wheels", name] if name in self.at_hand:
                body = self.at_hand[name].read_bytes()
            case ["", "simple", *rest] if project := next(filter(None, rest), ""):
                body, content_type = self._page(canonicalize_name(project)), SIMPLE
            case _:
                raise FileNotFoundError(path)
        return body, content_type

    def _lock(self) -> bytes:
        """The release's lock file with the packages alone that are at hand."""
        lock = self.runtime.lock()
        lock["packages"] = {
            name: {**package, "depends": [n for n in package["depends"] if n in self.locked]}
            for name, package in lock["packages"].items()
            if name in self.locked
        }
        return json.dumps(lock).encode()

    def _page(self, project: str) -> bytes:
        """The page of a project (PEP 691) whose wheels are at hand."""
        mine = {
            name: path
            for name, path in self.at_hand.items()
            if name.endswith(".whl") and parse_wheel_filename(name)[0] == project
        }
        if not mine:
            raise FileNotFoundError(project)
        return json.dumps(
            {
                "meta": {"api-version": "1.1"},
                "name": project,
                "versions": sorted({str(parse_wheel_filename(name)[1]) for name in mine}),
                "files": [
                    {
                        "filename": name,
                        "url": f"{self.url}/wheels/{name}",
                        "hashes": {"sha256": hash_file(path)},
                    }
                    for name, path in mine.items()
                ],
            }
        ).encode()

"""A browser's kernel under Node, and a page's end of its control channel."""

import base64
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from channels import ROOT, Said

from compat_report.truth.shell import fetch_support
from porter.home import Home
from porter.npm import fetch_npm_package
from porter.pinned import fetch_pinned, read_pinned
from porter.platform import Platform
from porter.runtime import compile_stdlib, compile_wheel, fetch_runtime

DRIVER = Path(__file__).with_name("inside_kernel.mjs")
KERNEL = "pkg:npm/%40jupyterlite/pyodide-kernel@0.8.6"
INTEGRITY = "sha512-TYkihQX9c6L0FLNfPJpmHw/y3i8lgoUBrcPks7fPo1XCMZegt2oodCffR+XQ2Aqs5TImIKOa2gTwoU69CMFPoQ=="
COMM = "pkg:pypi/comm@0.2.3?checksum=sha256:c615d91d75f7f04f095b30d1c1711babd43bdc6419c1be9886a85f2f4e489417"


class BrowserKernel:
    """Asks one kernel, as the page does."""

    def __init__(self, asks: IO[str], answers: IO[str], err: Path) -> None:
        self._asks, self._answers, self._err = asks, answers, err
        self._number = 0
        assert self._next()["type"] == "ready"

    def start(self) -> None:
        self.run("import kernel_bridge.inside; kernel_bridge.inside.start(get_ipython())")
        content = {"comm_id": "c", "target_name": "porter", "data": {}}
        self._write({"type": "comm_open", "content": content})

    def run(self, code: str, show: str = "") -> str:
        """Run a cell; the text of the variable `show` after it. Its error is a failed test."""
        self._write({"type": "run", "code": code, "show": show})
        while (said := self._next())["type"] != "ran":
            pass
        assert said["status"] == "ok", said
        return str(said["shown"])

    def tell(self, data: dict[str, Any], buffers: Sequence[bytes] = (), **extra: object) -> None:
        held = [base64.b64encode(one).decode() for one in buffers]
        content = {"comm_id": "c", "data": data}
        self._write({"type": "comm_msg", "content": content, "buffers": held, **extra})

    def ask(
        self, op: str, args: dict[str, Any] | None = None, buffers: Sequence[bytes] = ()
    ) -> Said:
        self._number += 1
        self.tell({"id": self._number, "op": op, "args": args or {}}, buffers)
        return self.answer(self._number)

    def answer(self, number: Any) -> Said:
        progress = []
        while True:
            said = self._next()
            if said["type"] != "comm_msg" or said["content"]["data"].get("id") != number:
                continue
            data = said["content"]["data"]
            if "progress" in data:
                progress.append(data["progress"])
                continue
            held = [base64.b64decode(one) for one in said["buffers"]]
            return Said(data=data, buffers=held, progress=progress)

    def _write(self, document: dict[str, Any]) -> None:
        self._asks.write(f"{json.dumps(document)}\n")
        self._asks.flush()

    def _next(self) -> dict[str, Any]:
        line = self._answers.readline()
        assert line, self._err.read_text()[-3000:]
        said: dict[str, Any] = json.loads(line)
        return said


@contextmanager
def browser_kernel(
    platform: Platform, *, home: Home, env: Mapping[str, str], more: Sequence[Path] = ()
) -> Iterator[BrowserKernel]:
    """A started browser's kernel with an open channel; `more` are wheels that it has besides."""
    runtime = fetch_runtime(platform, home=home, env=env)
    support = fetch_support(runtime, home=home, env=env)
    package = fetch_npm_package(
        KERNEL, integrity=INTEGRITY, home=home, into=home.downloads / "npm", env=env
    )
    kernel = next((package / "pypi").glob("pyodide_kernel-*.whl"))
    piplite = next((package / "pypi").glob("piplite-*.whl"))
    micropip = fetch_pinned(read_pinned("micropip"), home=home, env=env)
    comm = fetch_pinned(COMM, home=home, env=env)
    wheels = [compile_wheel(one, runtime, home=home) for one in (kernel, comm, micropip)]
    asked = {
        "runtime": str(runtime.folder),
        "stdlib": str(compile_stdlib(runtime, home=home)),
        "wheels": [str(one) for one in (*wheels, piplite, support.packaging, *more)],
        "archives": [str(support.ipython)],
        "folders": {"/porter": str(ROOT)},
    }
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as err:
        process = subprocess.Popen(
            ["node", DRIVER, json.dumps(asked)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            env=dict(env),
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            kernel_bridge = BrowserKernel(process.stdin, process.stdout, Path(err.name))
            kernel_bridge.run("import sys; sys.path.append('/porter')")
            kernel_bridge.start()
            yield kernel_bridge
        finally:
            process.kill()
            process.communicate()

"""A real kernel, and a page's end of its control channel."""

import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[1]
PATIENCE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer of the kernel, and the progress that came before it."""

    data: dict[str, Any]
    buffers: list[bytes] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)

    @property
    def result(self) -> dict[str, Any]:
        assert self.data["ok"], self.data
        result: dict[str, Any] = self.data["result"]
        return result


class KernelChannel:
    """Asks one kernel, as the page does."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self._comm = uuid.uuid4().hex
        self._number = 0

    def open(self) -> None:
        self.send({"comm_id": self._comm, "target_name": "porter", "data": {}}, kind="comm_open")

    def send(
        self, content: dict[str, Any], buffers: Sequence[bytes] = (), kind: str = "comm_msg"
    ) -> None:
        message = self.client.session.msg(kind, content)
        self.client.session.send(self.client.shell_channel.socket, message, buffers=list(buffers))

    def tell(self, data: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        self.send({"comm_id": self._comm, "data": data}, buffers)

    def ask(
        self, op: str, args: dict[str, Any] | None = None, buffers: Sequence[bytes] = ()
    ) -> Said:
        self._number += 1
        self.tell({"id": self._number, "op": op, "args": args or {}}, buffers)
        return self.answer(self._number)

    def answer(self, number: Any) -> Said:
        progress = []
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] != "comm_msg":
                continue
            data = message["content"]["data"]
            if data.get("id") != number:
                continue
            if "progress" in data:
                progress.append(data["progress"])
                continue
            buffers = [bytes(one) for one in message.get("buffers", ())]
            return Said(data=data, buffers=buffers, progress=progress)

    def run(self, code: str) -> str:
        """What a cell prints; its error is a failed test."""
        out: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                out.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, timeout=PATIENCE, output_hook=hook)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(out)


@contextmanager
def server_kernel() -> Iterator[KernelChannel]:
    """A started ipykernel with an open channel; it ends with the context."""
    manager = KernelManager()
    assert manager.kernel_spec is not None
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel(env={**os.environ, "PYTHONPATH": str(ROOT)})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        channel = KernelChannel(client)
        channel.run("import kernel_bridge.inside; kernel_bridge.inside.start(get_ipython())")
        channel.open()
        yield channel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

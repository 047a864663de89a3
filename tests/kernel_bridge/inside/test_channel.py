"""The control channel of a real ipykernel."""

import ast
import subprocess
import sys

import pytest
from channels import ROOT, KernelChannel

from kernel_bridge.inside.analysis.imports import read_imports
from kernel_bridge.inside.channel import as_bytes
from kernel_bridge.inside.errors import BadArguments


def test_a_kernel_says_what_it_is(kernel: KernelChannel) -> None:
    said = kernel.ask("hello").result
    assert said["kind"] == "server"
    assert said["protocol"] == 1
    assert {"pandas", "pyarrow", "ipython"} <= set(said["versions"])
    assert "hello" in said["operations"]


def test_starting_twice_is_starting_once(kernel: KernelChannel) -> None:
    kernel.run("%load_ext kernel_bridge.inside")
    assert kernel.ask("hello").result


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"op": "no-such"}, "UnknownOperation"),
        ({"op": 3}, "BadArguments"),
        ({}, "BadArguments"),
        ({"op": "hello", "args": []}, "BadArguments"),
        ({"op": "hello", "args": {}, "sizes": [-1]}, None),
    ],
)
def test_what_cannot_be_answered_is_an_answer(
    kernel: KernelChannel, data: dict[str, object], error: str | None
) -> None:
    kernel.tell({"id": "x", **data})
    said = kernel.answer("x").data
    assert said.get("error") == error
    assert said["ok"] is (error is None)


def test_parts_that_do_not_add_up_are_refused(kernel: KernelChannel) -> None:
    kernel.tell({"id": "p", "part": True}, [b"abc"])
    kernel.tell({"id": "p", "op": "hello", "sizes": [1, 1]})
    assert kernel.answer("p").data["message"] == "3 bytes came of the 2 that were to come"


def test_a_message_that_is_none_ends_nothing(kernel: KernelChannel) -> None:
    kernel.send({"comm_id": kernel._comm, "data": "text"})
    assert kernel.answer(None).data["ok"] is False
    assert kernel.ask("hello").result


class Proxy:
    """As Pyodide hands over an ArrayBuffer."""

    def to_bytes(self) -> bytes:
        return b"abcd"


class DataView:
    """As Pyodide hands over a view of one."""

    buffer = Proxy()
    byteOffset, byteLength = 1, 2  # noqa: N815 # JavaScript's


@pytest.mark.parametrize(
    ("buffer", "held"),
    [(b"ab", b"ab"), (memoryview(b"ab"), b"ab"), (Proxy(), b"abcd"), (DataView(), b"bc")],
)
def test_buffers_of_both_kernels(buffer: object, held: bytes) -> None:
    assert bytes(as_bytes(buffer)) == held


def test_what_is_no_buffer() -> None:
    with pytest.raises(BadArguments, match="int"):
        as_bytes(3)


def test_nothing_of_the_rest_of_porter_is_imported() -> None:
    """A kernel gets this folder alone."""
    for path in (ROOT / "kernel_bridge" / "inside").rglob("*.py"):
        for found in read_imports(ast.parse(path.read_text())):
            top = found.name.partition(".")[0]
            assert top not in ("porter", "index_server", "compat_report"), path
            assert top != "kernel_bridge" or found.name.startswith("kernel_bridge.inside"), path


def test_nothing_is_imported_that_a_kernel_may_lack() -> None:
    """A browser's kernel starts with the standard library, IPython and comm."""
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import IPython, comm
before = set(sys.modules)
import kernel_bridge.inside.offered as offered
offered.load_operations()
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}
              - sys.stdlib_module_names))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["kernel_bridge"]

"""The same operations in a browser's kernel: Pyodide 314 and pyodide-kernel's Python, under Node."""

from collections.abc import Iterator

import pytest
from channels import KernelChannel
from insides import BrowserKernel, browser_kernel

from porter.home import Home
from porter.platform import read_platform

pytestmark = pytest.mark.journey

NOWHERE = "http://127.0.0.1:9/simple"
CELLS = """
import json as js
from dataclasses import dataclass

@dataclass
class Point:
    x: int  # where

def far(p): return p.x + 1

data = b'x' * 100_000
p = Point(3); pair = [p, p]
waiting = (i for i in pair)
"""
SEEN = "(pair[0] is p, type(p) is Point, far(p), len(data), js.dumps(1))"


@pytest.fixture(scope="module")
def browser(home: Home, env: dict[str, str]) -> Iterator[BrowserKernel]:
    with browser_kernel(read_platform("314"), home=home, env=env) as kernel:
        yield kernel


def test_it_says_what_it_is(browser: BrowserKernel) -> None:
    told = browser.ask("hello").result
    assert told["kind"] == "browser"
    assert told["python"].startswith("3.14")


@pytest.mark.parametrize("views", [False, True])
def test_buffers_come_as_javascript_has_them(browser: BrowserKernel, *, views: bool) -> None:
    args = {"name": "held", "form": "bytes"}
    browser.tell({"id": "v", "op": "assign", "args": args}, [b"abc"], views=views)
    assert browser.answer("v").result["type"] == "bytes"
    assert browser.run("", show="held") == "b'abc'"


def test_parts_are_joined(browser: BrowserKernel) -> None:
    browser.tell({"id": "p", "part": True}, [b"ab"])
    browser.tell({"id": "p", "part": True}, [b"cd"])
    args = {"name": "joined", "form": "bytes"}
    browser.tell({"id": "p", "op": "assign", "args": args, "sizes": [4]})
    assert browser.answer("p").data["ok"]
    assert browser.run("", show="joined") == "b'abcd'"


def test_state_goes_to_a_server_and_back(browser: BrowserKernel, kernel: KernelChannel) -> None:
    browser.run(CELLS)
    wanted = {"names": ["js", "dataclass", "Point", "far", "data", "p", "pair", "waiting"]}
    taken = browser.ask("snapshot", wanted)
    reasons = {one["name"]: one["reason"] for one in taken.result["left"]}
    assert reasons == {"waiting": "a generator is in the midst of its work"}
    args = {"carried": taken.result["carried"]}
    assert kernel.ask("restore", args, taken.buffers).result["failed"] == []
    assert kernel.run(f"print({SEEN})") == "(True, True, 4, 100000, '1')\n"
    back = kernel.ask("snapshot", wanted)
    assert back.result["left"] == []
    browser.run("del js, dataclass, Point, far, data, p, pair")
    args = {"carried": back.result["carried"]}
    assert browser.ask("restore", args, back.buffers).result["failed"] == []
    assert browser.run(f"seen = {SEEN}", show="seen") == "(True, True, 4, 100000, '1')"


def test_what_the_browser_lacks_is_told(browser: BrowserKernel, kernel: KernelChannel) -> None:
    kernel.run("import numpy as np; a = np.arange(3); n = 1")
    taken = kernel.ask("snapshot", {"names": ["np", "a", "n"]})
    assert [one["modules"] for one in taken.result["carried"]] == [["numpy"], ["numpy"], []]
    args = {"carried": taken.result["carried"]}
    told = browser.ask("restore", args, taken.buffers).result
    assert told["restored"] == ["n"]
    reasons = {one["name"]: one["reason"] for one in told["failed"]}
    assert reasons == dict.fromkeys(("np", "a"), "this kernel has no module numpy")


def test_cells_are_read(browser: BrowserKernel) -> None:
    told = browser.ask("analyse", {"code": "%time x = input(y)"}).result
    assert told["writes"] == ["x"]
    assert [one["kind"] for one in told["effects"]] == ["input"]


def test_memory(browser: BrowserKernel) -> None:
    told = browser.ask("memory").result
    assert told["limit"] == 1 << 32
    assert 20 << 20 < told["used"] < 1 << 30


def test_what_cannot_be_had_has_a_reason(browser: BrowserKernel) -> None:
    code = "import tkinter, no_such\nfrom google.cloud import nothing"
    missing = browser.ask("missing", {"code": code}).result["missing"]
    assert missing == ["tkinter", "no_such", "google.cloud"]
    said = browser.ask("install", {"imports": missing, "index": NOWHERE})
    assert said.result["absent"] == ["tkinter", "google.cloud", "no_such"]
    assert said.result["installed"] == []
    assert said.result["reasons"]["tkinter"] == "it is a part of Python that a browser's has not"
    assert said.progress == [{"message": "installing no-such"}]

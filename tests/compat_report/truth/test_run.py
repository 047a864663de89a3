"""Notebooks in the real runtime: how each ends, and what it cannot reach."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.policy import Policy
from compat_report.reading.read import read_notebook
from compat_report.report import Reporter, watched
from compat_report.reported import End, Outcome
from compat_report.syntax.facts import read_facts
from compat_report.truth.run import Runner, open_runner
from porter.check.model import Host
from porter.home import Home
from porter.platform import Platform

type Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def catalog(platform: Platform, home: Home, env: dict[str, str]) -> OpenCatalog:
    return open_catalog(platform, home=home, env=env)


@pytest.fixture
def run(
    platform: Platform, catalog: OpenCatalog, home: Home, env: dict[str, str], tmp_path: Path
) -> Run:
    reporter = Reporter(
        platform=platform.name, kernel=catalog.kernel.name, catalog=catalog, policy=Policy()
    )

    def run(*sources: str, host: Host = Host.NODE, timeout: float = 60.0) -> Outcome:
        secret = {**env, "PORTER_INDEX_TOKEN": "porter_secret"}
        runner = open_runner(platform, catalog, host=host, home=home, env=secret, timeout=timeout)
        path = tmp_path / "notebook.ipynb"
        path.write_text(notebook(*sources))
        facts = read_facts(read_notebook(path, name="notebook.ipynb"), watch=watched())
        return runner.run(facts, reporter.judge(facts))

    return run


def notebook(*sources: str) -> str:
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for source in sources
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})


@pytest.fixture
def neighbour() -> Iterator[tuple[str, list[str]]]:
    """Another server of this machine, and what it was asked."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()
    thread.join()


def test_one_that_runs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1\n2\n")
    (tmp_path / "tools.py").write_text("def total(lines):\n    return sum(map(int, lines))\n")
    before = children()
    outcome = run(
        "%pip install six\nimport six",
        "from tools import total\nimport asyncio\nawait asyncio.sleep(0)",
        "with open('data.csv') as file:\n    assert total(file) == 3",
        "assert __name__ == '__main__'\nimport __main__\nassert __main__.total is total",
    )
    assert outcome.end is End.RUNS, outcome
    assert outcome.heap >= 16 << 20
    assert outcome.seconds > 0
    assert children() <= before


def test_one_that_fails_reaches_nothing(
    run: Run, tmp_path: Path, neighbour: tuple[str, list[str]]
) -> None:
    url, seen = neighbour
    target = tmp_path / "written"
    outcome = run(
        f"import os\nassert os.system('touch {target}') == -1",
        "import js\n"
        "tried = 0\n"
        f'for code in (\'require("fs").writeFileSync("{target}", "")\',\n'
        '             \'require("fs").readFileSync("/etc/passwd")\',\n'
        '             \'require("child_process").execSync("id").length\',\n'
        "             'if (!process.env.PORTER_INDEX_TOKEN) throw new Error()'):\n"
        "    try:\n"
        "        js.eval(code)\n"
        "    except Exception:\n"
        "        tried += 1\n"
        "assert tried == 4, tried",
        "import socket\n"
        "one = socket.socket()\n"
        "one.bind(('127.0.0.1', 0))\n"
        "try:\n"
        "    one.listen()\n"
        "except OSError as error:\n"
        "    assert error.errno == 138, error\n"
        "else:\n"
        "    assert False",
        f"try:\n    await js.fetch('{url}/sent')\nexcept Exception as error:\n    print(error)",
        "import threading\nthreading.Thread(target=print).start()",
    )
    assert outcome.end is End.UNTESTED, outcome
    assert f"{url}/sent" in outcome.reason
    assert "can't start new thread" in outcome.reason
    assert outcome.cell == 4
    assert not target.exists()
    assert not seen


def test_chromium_runs_it_too(run: Run, neighbour: tuple[str, list[str]]) -> None:
    url, seen = neighbour
    outcome = run(
        f"import js\ntry:\n    await js.fetch('{url}/sent')\nexcept Exception:\n    pass",
        f"import js\njs.eval('new WebSocket(\"{url.replace('http', 'ws')}/socket\")')",
        "%time x = 1",
        host=Host.CHROMIUM,
    )
    assert outcome.end is End.RUNS, outcome
    assert outcome.host == "chromium"
    assert not seen


@pytest.mark.journey
@pytest.mark.parametrize(
    ("sources", "end", "cell", "reason"),
    [
        (["x = 1", "1 / 0", "x = 2"], End.FAILS, 1, "ZeroDivisionError: division by zero"),
        (["def f(:"], End.FAILS, 0, "SyntaxError: invalid syntax"),
        (["!ls"], End.FAILS, 0, "OSError: Not available"),
        (["%%bash\nls"], End.FAILS, 0, "RuntimeError: can't start new thread"),
        (["%sql select 1"], End.FAILS, 0, "UsageError: Line magic function `%sql` not found."),
        (["%pip install docopt"], End.FAILS, 0, "ValueError: Can't find a pure Python 3 wheel"),
        (["input('name')"], End.FAILS, 0, "EOFError: EOF when reading a line"),
        (["import sys\nsys.exit(3)"], End.FAILS, 0, "SystemExit: 3"),
        (["raise KeyboardInterrupt"], End.FAILS, 0, "KeyboardInterrupt"),
        (["x = [bytearray(1 << 30) for _ in range(5)]"], End.OUT_OF_MEMORY, 0, "MemoryError"),
        (["import os\nos.system('ls')", "x = 1"], End.FAILS, 0, "os.system did nothing"),
        (["import posix\nposix.system('ls')"], End.FAILS, 0, "os.system did nothing"),
        (["import js\njs.process.exit(0)"], End.CRASHES, 0, "the runtime died"),
        (["while True:\n    pass"], End.HANGS, 0, "no answer after 8 s"),
        (["import asyncio\nawait asyncio.Event().wait()"], End.HANGS, 0, "no answer after 8 s"),
        (["import numpy"], End.UNTESTED, 0, "numpy could not be had here"),
        (["open('../elsewhere.txt')"], End.FAILS, 0, "FileNotFoundError"),
        (["raise ValueError('\\ud800')"], End.FAILS, 0, "ValueError"),
        (["class E(Exception):\n    def __str__(self): raise E\nraise E"], End.FAILS, 0, "E"),
        ([], End.RUNS, None, ""),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, list) else None,
)
def test_how_each_ends(
    run: Run, sources: list[str], end: End, cell: int | None, reason: str
) -> None:
    outcome = run(*sources, timeout=8.0 if end is End.HANGS else 60.0)
    assert (outcome.end, outcome.cell) == (end, cell), outcome
    assert reason in outcome.reason


@pytest.mark.journey
@pytest.mark.parametrize(
    ("source", "end"),
    [
        ("while True:\n    pass", End.HANGS),
        ("x = [bytearray(1 << 30) for _ in range(5)]", End.OUT_OF_MEMORY),
        ("import os\nos.system('ls')", End.FAILS),
        ("import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()", End.FAILS),
        ("while True:\n    print('x' * 1000)", End.HANGS),
        ("input('name')", End.FAILS),
        ("import js\njs.self.close()\nwhile True:\n    pass", End.HANGS),
        ("from pyodide.http import pyfetch\nawait pyfetch('https://example.com')", End.UNTESTED),
    ],
)
def test_how_each_ends_in_chromium(run: Run, source: str, end: End) -> None:
    outcome = run(source, host=Host.CHROMIUM, timeout=15.0 if end is End.HANGS else 60.0)
    assert outcome.end is end, outcome


def test_another_language_and_no_notebook_are_not_tried(
    run: Run,
    catalog: OpenCatalog,
    platform: Platform,
    home: Home,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    reporter = Reporter(
        platform=platform.name, kernel=catalog.kernel.name, catalog=catalog, policy=Policy()
    )
    runner: Runner = open_runner(platform, catalog, home=home, env=env)
    metadata = {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}
    for name, text in (
        (
            "r.ipynb",
            json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": []}),
        ),
        ("broken.ipynb", "{"),
    ):
        (tmp_path / name).write_text(text)
        facts = read_facts(read_notebook(tmp_path / name, name=name), watch=watched())
        outcome = runner.run(facts, reporter.judge(facts))
        assert outcome.end is End.UNTESTED
        assert outcome.reason


def children() -> set[str]:
    mine = str(os.getpid())
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[1] == mine:
            found.add(status.parent.name)
    return found

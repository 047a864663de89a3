"""Decisions: what they say, that they say it again, and what they are made from."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from reports import notebooks

from compat_report.asked import Asked
from compat_report.catalog.model import Provided, Resolution
from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.deciding.decision import make_decision
from compat_report.deciding.digests import digest_policy, made_from
from compat_report.deciding.document import read_schema, serialize_decision
from compat_report.model import Cell, CellKind, Notebook, Verdict
from compat_report.policy import Policy, parse_policy
from compat_report.reading.read import parse_notebook, read_notebook
from compat_report.report import Reporter
from compat_report.reported import NotebookReport
from compat_report.select import Selector, TooManyNames, decide, print_decision
from porter.commands.options import Machine
from porter.home import Home
from porter.platform import read_platform

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "tests/notebooks"
CORPUS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
SOURCES = (
    "import pandas as pd",
    "import numpy as np\nnp.zeros((n, 10))",
    "n = 9",
    "n = 10**9",
    "import threading\nthreading.Thread(target=print).start()",
    "import subprocess",
    "subprocess.run(['ls'])",
    "%pip install acme-nowhere",
    "import sklearn",
    "f(",
    "print('a')",
)


@pytest.fixture(scope="module")
def catalog(home: Home) -> Iterator[OpenCatalog]:
    opened = open_catalog(read_platform("0.29"), home=home, env=dict(os.environ), public=False)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reporter(catalog: OpenCatalog) -> Reporter:
    return make_reporter(catalog)


def make_reporter(catalog: OpenCatalog, **policy: Any) -> Reporter:
    return Reporter(
        platform=catalog.platform.name,
        kernel=catalog.kernel.name,
        catalog=catalog,
        policy=parse_policy(policy),
    )


def sources(*texts: str, path: str = "a.ipynb") -> Notebook:
    cells = tuple(
        Cell(index=index, kind=CellKind.CODE, source=text, id=f"c{index}")
        for index, text in enumerate(texts)
    )
    return Notebook(path=path, format="", sha256="", cells=cells)


def document(notebook: Notebook, reporter: Reporter) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(serialize_decision(decide(notebook, reporter)))
    return told


def test_a_notebook_for_the_browser(reporter: Reporter) -> None:
    path = NOTEBOOKS / "pandas-sales.ipynb"
    told = document(read_notebook(path, name="pandas-sales.ipynb"), reporter)
    assert (told["verdict"], told["kernel"], told["author_kernel"]) == (
        "browser",
        "python",
        "python3",
    )
    assert told["platform"] == "0.29"
    assert told["lock_file"] is None
    assert {cell["backend"] for cell in told["cells"]} == {"browser"}
    assert [cell["index"] for cell in told["cells"]] == sorted(
        cell["index"] for cell in told["cells"]
    )
    names = [pin["requirement"].split("==")[0] for pin in told["requirements"]]
    assert "pandas" in names
    assert {pin["origin"] for pin in told["requirements"]} == {"lock"}
    assert told["footprint"]["high"] > told["footprint"]["low"] > 0


def test_a_notebook_for_a_server_says_which_cell_and_why(reporter: Reporter) -> None:
    told = document(sources("x = 1", SOURCES[4], "f("), reporter)
    assert (told["verdict"], told["kernel"], told["author_kernel"]) == ("server", "python3", None)
    assert [cell["backend"] for cell in told["cells"]] == ["browser", "server", "unknown"]
    assert told["cells"][1]["reasons"] == ["thread"]
    first = told["reasons"][0]
    assert (first["code"], first["severity"], first["cell"], first["id"], first["line"]) == (
        "thread",
        "server",
        1,
        "c1",
        2,
    )
    assert first["message"]
    assert first["advice"] in told["changes"]


def test_what_cannot_be_told_starts_the_server(reporter: Reporter) -> None:
    told = document(sources("f("), reporter)
    assert (told["verdict"], told["kernel"]) == ("unknown", "python3")


def test_the_policy_names_the_kernels_and_decides(catalog: OpenCatalog) -> None:
    names = {"browser-kernel": "porter-browser", "server-kernel": "conda-base"}
    named = make_reporter(catalog, **names)
    assert decide(sources("x = 1"), named).kernel == "porter-browser"
    assert decide(sources("f("), named).kernel == "conda-base"
    denying = make_reporter(catalog, **names, deny={"imports": ["math"]})
    assert decide(sources("import math"), denying).kernel == "conda-base"


def test_the_kernels_of_a_policy_are_of_its_hash(catalog: OpenCatalog) -> None:
    hashes = {
        digest_policy(policy)
        for policy in (
            Policy(),
            Policy(browser_kernel="x"),
            Policy(cors_hosts=frozenset({"a", "b"})),
            parse_policy({"allow": {"codes": ["event-loop"]}}),
            parse_policy({"severities": {"thread": "info"}}),
        )
    }
    assert len(hashes) == 5
    # An address may hold a token, and acts through the catalogue.
    assert digest_policy(Policy(index="https://t@example.org")) == digest_policy(Policy())


def test_a_decision_has_the_same_id_while_it_is_the_same(
    reporter: Reporter, catalog: OpenCatalog
) -> None:
    first = decide(sources("x = 1", "y = 2"), reporter)
    assert decide(sources("x = 1", "y = 2"), reporter) == first
    others = [
        decide(sources("x = 1y = 2"), reporter),
        decide(sources("x = 1", "y = 3"), reporter),
        decide(sources("x = 1", "y = 2", path="b.ipynb"), reporter),
        decide(sources("x = 1", "y = 2"), make_reporter(catalog, memory="1 GiB")),
    ]
    assert len({first.id, *(other.id for other in others)}) == 5
    old = replace(sources("x = 1", "y = 2"), kernel="python2")
    assert decide(old, reporter).id != first.id
    written = sources("x = 1", "y = 2")
    prose = Cell(index=2, kind=CellKind.MARKDOWN, source="# Words")
    assert decide(replace(written, cells=(*written.cells, prose)), reporter).id == first.id


edits = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "drop"]), st.integers(0, 99), st.sampled_from(SOURCES)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40)
@given(changes=edits)
def test_any_edits_have_the_decision_made_from_scratch(
    reporter: Reporter, changes: list[tuple[str, int, str]]
) -> None:
    selector = Selector(reporter)
    listed: list[str] = []
    previous = ""
    for what, place, text in changes:
        at = place % (len(listed) + 1)
        if what == "add" or at == len(listed):
            listed.insert(at, text)
        elif what == "change":
            listed[at] = text
        else:
            del listed[at]
        asked = sources(*listed)
        decision = selector.decide(asked, previous=previous)
        assert decision == decide(asked, reporter)
        previous = decision.id if place % 2 else ""


def test_one_more_cell_is_all_that_is_read(reporter: Reporter) -> None:
    selector = Selector(reporter)
    selector.decide(sources(*SOURCES))
    assert selector.cells_read == len(SOURCES)
    selector.decide(sources(*SOURCES, "import math"))
    assert selector.cells_read == len(SOURCES) + 1


class Counting:
    """A catalogue that counts what it resolves."""

    def __init__(self, catalog: OpenCatalog) -> None:
        self._catalog = catalog
        self.identity = catalog.identity
        self.resolved = 0

    def look_up(self, name: str) -> Provided:
        return self._catalog.look_up(name)

    def resolve(self, requirements: Sequence[str]) -> Resolution:
        self.resolved += 1
        return self._catalog.resolve(requirements)


def test_requirements_are_resolved_again_only_where_they_changed(catalog: OpenCatalog) -> None:
    counting = Counting(catalog)
    selector = Selector(
        Reporter(platform="0.29", kernel="pyodide", catalog=counting, policy=Policy())
    )
    for source, resolved in (
        ("import pandas", 1),
        ("import pandas as pd", 1),
        ("import pandas, json", 1),
        ("import pandas, numpy", 2),
        ("import json", 3),
    ):
        selector.decide(sources(source))
        assert counting.resolved == resolved


def test_who_sends_notebooks_may_be_limited(reporter: Reporter) -> None:
    selector = Selector(reporter, most_names=3)
    selector.decide(sources("import os, sys, re"))
    with pytest.raises(TooManyNames, match="3 imports and 1 requirements"):
        selector.decide(sources("import os, sys, re", "%pip install six"))


def test_the_command_prints_the_decision(
    home: Home, env: dict[str, str], capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    asked = Asked(platforms=(read_platform("0.29"),), policy=Policy(), public=False)
    machine = Machine(home=home, env=env)
    for path, verdict in (
        (NOTEBOOKS / "pandas-sales.ipynb", "browser"),
        (tmp_path / "absent.ipynb", "unknown"),
    ):
        decision = print_decision(path, "a.ipynb", asked, machine)
        printed = capfdbinary.readouterr().out
        assert printed == serialize_decision(decision)
        assert json.loads(printed)["verdict"] == verdict
        assert decision.path == "a.ipynb"


def test_notebooks_of_one_path_are_told_apart_by_the_decision_before(reporter: Reporter) -> None:
    selector = Selector(reporter)
    mine = selector.decide(sources("x = 1", "y = 2"))
    theirs = selector.decide(sources("a = 1"), previous="f" * 32)
    assert selector.cells_read == 3
    selector.decide(sources("x = 1", "y = 2", "z = 3"), previous=mine.id)
    selector.decide(sources("a = 1", "b = 2"), previous=theirs.id)
    assert selector.cells_read == 5


def test_no_more_notebooks_are_remembered_than_asked_for(reporter: Reporter) -> None:
    selector = Selector(reporter, most=2)
    for name in "abca":
        selector.decide(sources("x = 1", path=name))
    assert selector.cells_read == 4


def test_several_threads_may_ask_at_once(reporter: Reporter) -> None:
    selector = Selector(reporter)
    asked = [sources(*SOURCES[: number % 5], f"x = {number % 7}") for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(selector.decide, asked))
    assert found == [decide(notebook, reporter) for notebook in asked]


def test_every_notebook_has_a_decision_by_the_schema(reporter: Reporter) -> None:
    check, selector = Draft202012Validator(read_schema()), Selector(reporter)
    for name in CORPUS[::4]:
        notebook = read_notebook(NOTEBOOKS / f"{name}.ipynb", name=name)
        told = json.loads(serialize_decision(selector.decide(notebook)))
        check.validate(told)
        assert in_order(told, read_schema()) > 3


HOSTILE = (
    b"",
    b"{",
    b"[]",
    b"\xff\xfe",
    b'{"cells": 1}',
    b'{"cells": [1, null, "x", {}]}',
    b'{"cells": [{"cell_type": "code", "source": "\\ud800 = 1"}]}',
    b'{"cells": [{"cell_type": "code", "source": "import \\ud800"}], "metadata": []}',
    b'{"cells": [{"cell_type": "code", "source": "' + b"(" * 5000 + b'"}]}',
    b'{"cells": [{"cell_type": "code", "id": "\\ud800", "source": "f("}]}',
)


@pytest.mark.parametrize("data", HOSTILE)
def test_what_is_no_notebook_has_a_decision_too(reporter: Reporter, data: bytes) -> None:
    notebook = parse_notebook(data, name="\ud800.ipynb", folder=None)
    told = json.loads(serialize_decision(Selector(reporter).decide(notebook)))
    Draft202012Validator(read_schema()).validate(told)
    assert told["verdict"] in {"unknown", "browser", "server"}


def test_the_schema_is_one_and_refuses_what_it_does_not_know(reporter: Reporter) -> None:
    Draft202012Validator.check_schema(read_schema())
    told = document(sources("x = 1"), reporter)
    check = Draft202012Validator(read_schema())
    assert check.is_valid(told)
    assert not check.is_valid({**told, "verdict": "maybe"})
    assert not check.is_valid({**told, "more": 1})
    assert not check.is_valid({**told, "version": 2})
    for key in told:
        assert not check.is_valid({name: value for name, value in told.items() if name != key})


@settings(max_examples=60)
@given(report=notebooks)
def test_every_report_becomes_a_decision_by_the_schema(report: NotebookReport) -> None:
    notebook = Notebook(path=report.path, format="", sha256="")
    decision = make_decision(
        notebook,
        report,
        policy=Policy(),
        platform=read_platform("0.29"),
        record=made_from(notebook, policy=digest_policy(Policy()), catalogue="x"),
        lock_file="https://wheels.example.org/r/0.29/pyodide-lock.json?requirements=a==1",
    )
    Draft202012Validator(read_schema()).validate(json.loads(serialize_decision(decision)))
    in_browser = report.verdict is Verdict.BROWSER
    assert decision.kernel == ("python" if in_browser else "python3")


def in_order(value: object, schema: Mapping[str, Any]) -> int:
    """How many objects there are, each with the keys of the schema in its order."""
    schema = read_schema()["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    if isinstance(value, list):
        return sum(in_order(item, schema["items"]) for item in value)
    if not isinstance(value, dict):
        return 0
    assert list(value) == list(schema["properties"])
    return 1 + sum(in_order(value[key], schema["properties"][key]) for key in value)


def test_the_page_tells_every_key() -> None:
    page = (ROOT / "docs/reference/kernel-decision.md").read_text("utf-8")
    schema = read_schema()
    for part in (schema, *schema["$defs"].values()):
        for key in part["properties"]:
            assert f"| `{key}` |" in page, key

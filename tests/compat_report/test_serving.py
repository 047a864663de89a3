"""Decisions over HTTP: who may ask, what is told, and that nobody learns a name from them."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from asking import BASE, Ask, asking
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from servers import Served
from wheels import make_wheel, put_wheel

from compat_report.asked import Asked
from compat_report.deciding.document import read_schema
from compat_report.policy import Policy
from compat_report.policy_fields import FIELDS
from compat_report.reading.read import parse_notebook
from compat_report.select import open_selector
from compat_report.serving import mount
from compat_report.serving.openapi import POLICY
from compat_report.serving.request import KEYS, OF_OTHERS
from index_server.holdings import Holdings, open_holdings
from index_server.people.access import Permission
from index_server.people.tokens import create_token
from index_server.records.engine import migrate
from index_server.settings import Reading, Settings
from porter.commands.options import Machine
from porter.home import Home
from porter.platform import read_platform

GRANTS: dict[str, tuple[Permission, tuple[str, ...]]] = {
    "read": (Permission.READ, ()),
    "limited": (Permission.READ, ("acme-*",)),
    "upload": (Permission.UPLOAD, ()),
    "admin": (Permission.ADMIN, ()),
}


class Api:
    """An index that is asked for decisions with the tokens that were made for it."""

    def __init__(self, ask: Ask, index: Holdings, tokens: dict[str, str]) -> None:
        self.ask = ask
        self.index = index
        self.tokens = tokens

    def __call__(self, *sources: str, who: str = "", **more: Any) -> httpx.Response:
        body = {"notebook": notebook(*sources), **more}
        return self.post(json=body, who=who)

    def post(self, who: str = "", path: str = "/api/decisions", **more: Any) -> httpx.Response:
        auth = ("__token__", self.tokens[who]) if who else None
        # A server looks four times a second; a view that is older than some says nothing of absence.
        self.index.refresh()
        return self.ask("POST", path, auth=auth, **more)


def notebook(*sources: str) -> dict[str, Any]:
    return {"cells": [{"cell_type": "code", "source": source} for source in sources]}


def make_api(index: Holdings, folder: Path) -> dict[str, str]:
    migrate(index.engine)
    for name in ("acme-tools", "secret-plans"):
        put_wheel(index, make_wheel(folder, name), imports=(name.replace("-", "_"),))
    made = {
        name: create_token(
            index.engine,
            name=name,
            permissions=[permission],
            projects=projects,
            lifetime=timedelta(hours=1),
            actor="tests",
        )[1]
        for name, (permission, projects) in GRANTS.items()
    }
    index.refresh()
    return made


@pytest.fixture(scope="module", params=[Reading.TOKEN, Reading.OPEN])
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, home: Home
) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("decisions")
    data = Settings(data=str(folder / "data"), reading=request.param, platforms=("0.29",))
    index = open_holdings(data, home)
    tokens = make_api(index, folder)
    with asking(index) as ask:
        yield Api(ask, index, tokens)
    index.engine.dispose()


closed = pytest.mark.parametrize("api", [Reading.TOKEN], indirect=True)
opened = pytest.mark.parametrize("api", [Reading.OPEN], indirect=True)


def is_problem(answer: httpx.Response) -> bool:
    return (
        answer.json().keys() == {"error", "message", "advice"}
        and answer.headers["content-type"] == "application/json"
        and "Traceback" not in answer.text
    )


@closed
def test_who_may_read_may_ask(api: Api) -> None:
    found = {who: api("x = 1", who=who) for who in ("", *GRANTS)}
    assert {who: answer.status_code for who, answer in found.items()} == {
        "": 401,
        "read": 200,
        "limited": 200,
        "upload": 403,
        "admin": 200,
    }
    assert is_problem(found[""])
    assert is_problem(found["upload"])
    for path in ("/api/decisions/schema", "/api/decisions/openapi.json"):
        assert api.ask("GET", path).status_code == 401
    assert api.ask("POST", "/api/decisions", auth=("__token__", "porter_x_y")).status_code == 401


@closed
def test_a_path_token_reads_and_so_may_ask(api: Api) -> None:
    auth = ("__token__", api.tokens["read"])
    made = api.ask("POST", "/api/path-tokens", json={"projects": ["acme-*"]}, auth=auth).json()
    prefix = made["url"].removeprefix(BASE).rstrip("/")
    told = api.post(
        path=f"{prefix}/api/decisions", json={"notebook": notebook("import acme_tools")}
    )
    assert told.status_code == 200
    assert told.json()["verdict"] == "browser"
    assert made["token"] not in told.text
    hidden = notebook("import secret_plans")
    assert "secret-plans" not in api.post(
        path=f"{prefix}/api/decisions", json={"notebook": hidden}
    ).text.replace(json.dumps(hidden), "")
    # And nothing else is changed with it.
    assert api.post(path=f"{prefix}/api/path-tokens", json={}).status_code == 403


@closed
def test_a_name_is_told_to_nobody_who_may_not_read_it(api: Api) -> None:
    source = "import secret_plans"
    for _ in range(2):
        seen = api(source, who="read").json()
        assert seen["verdict"] == "browser"
        assert seen["requirements"] == [{"requirement": "secret-plans==1.0", "origin": "index"}]
        unseen = api(source, who="limited").json()
        assert unseen["verdict"] == "unknown"
        assert unseen["requirements"] == []
    # What is there and may not be read is told of as what is not there.
    absent = api("import absent_plans", who="limited").json()
    told = [json.dumps(part["reasons"]) for part in (unseen, absent)]
    assert told[0].replace("secret", "X") == told[1].replace("absent", "X")
    # What one reader decided before is not there for another.
    stolen = api(source, who="limited", previous=seen["id"]).json()
    assert stolen == unseen
    pinned = api("%pip install secret-plans==1.0", who="limited").json()
    assert pinned["requirements"] == []


def test_what_the_index_has_is_installed_from_its_lock_file(api: Api) -> None:
    told = api("import acme_tools", who="read").json()
    Draft202012Validator(read_schema()).validate(told)
    assert told["verdict"] == "browser"
    assert told["requirements"] == [{"requirement": "acme-tools==1.0", "origin": "index"}]
    assert told["lock_file"] == f"{BASE}/r/0.29/pyodide-lock.json?requirements=acme-tools==1.0"
    # Who sees the index at another address is told of that.
    other: dict[str, Any] = {
        "headers": {"host": "wheels.example.org"},
        "json": {"notebook": notebook("import acme_tools")},
    }
    seen = api.post(who="read", **other).json()
    assert seen["lock_file"] == told["lock_file"].replace(BASE, "http://wheels.example.org")
    for decision in (told, seen):
        bare = json.dumps({**decision, "id": ""}, separators=(",", ":")).encode() + b"\n"
        assert decision["id"] == hashlib.sha256(bare).hexdigest()[:32]
    lock = api.ask("GET", told["lock_file"], auth=("__token__", api.tokens["read"])).json()
    assert list(lock["packages"]) == ["acme-tools"]
    # The release's own packages are not kept here.
    assert api("import acme_tools, pandas", who="read").json()["lock_file"] is None


@opened
def test_an_upload_is_seen_by_the_next_decision(api: Api, tmp_path: Path) -> None:
    source = "import acme_later"
    before = api(source).json()
    assert before["verdict"] == "unknown"
    put_wheel(api.index, make_wheel(tmp_path, "acme-later"), imports=("acme_later",))
    api.index.refresh()
    after = api(source, previous=before["id"]).json()
    assert after["verdict"] == "browser"
    assert after["made_from"]["catalogue"] != before["made_from"]["catalogue"]


@opened
def test_what_is_asked_for_is_what_is_decided_for(api: Api) -> None:
    whole = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "conda-base", "language": "python"}},
        "cells": [
            {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["# Words"]},
            {
                "cell_type": "code",
                "id": "c",
                "metadata": {},
                "outputs": [{"output_type": "stream", "text": ["x" * 1000]}],
                "source": ["import threading\n", "threading.Thread(target=print).start()"],
            },
        ],
    }
    policy = {"server-kernel": "our-server", "browser-kernel": "our-browser"}
    body = {"notebook": whole, "path": "folder/a.ipynb", "policy": policy, "platform": "0.29"}
    told = api.post(json=body).json()
    assert (told["path"], told["kernel"], told["author_kernel"], told["platform"]) == (
        "folder/a.ipynb",
        "our-server",
        "conda-base",
        "0.29",
    )
    assert told["cells"] == [{"index": 1, "id": "c", "backend": "server", "reasons": ["thread"]}]
    allowed = {**body, "policy": {**policy, "allow": {"codes": ["thread"]}}}
    again = api.post(json={**allowed, "previous": told["id"]}).json()
    assert (again["verdict"], again["kernel"]) == ("browser", "our-browser")
    assert api.post(json={**allowed, "previous": None}).json() == again
    assert api.post(json={**allowed, "previous": again["id"]}).json() == again


UNFIT: tuple[tuple[bytes, int], ...] = (
    (b"", 400),
    (b"{", 400),
    (b"\xff", 400),
    (b"[" * 100_000, 400),
    (b"[]", 422),
    (b"{}", 422),
    (b'{"notebook": []}', 422),
    (b'{"notebook": {}}', 422),
    (b'{"notebook": {"cells": {}}}', 422),
    (b'{"notebook": {"cells": []}, "index": "http://x"}', 422),
    (b'{"notebook": {"cells": []}, "path": 1}', 422),
    (b'{"notebook": {"cells": []}, "path": "a\\nb"}', 422),
    (b'{"notebook": {"cells": []}, "path": "\\ud800"}', 422),
    (b'{"notebook": {"cells": []}, "previous": "../x"}', 422),
    (b'{"notebook": {"cells": []}, "platform": "1.0"}', 422),
    (b'{"notebook": {"cells": []}, "policy": []}', 422),
    (b'{"notebook": {"cells": []}, "policy": {"memory": "much"}}', 422),
    (b'{"notebook": {"cells": []}, "policy": {"data": "5 i"}}', 422),
    (b'{"notebook": {"cells": []}, "policy": {"data": "' + b"9" * 400 + b'"}}', 422),
    (b'{"notebook": {"cells": []}, "policy": {"kernel": "xeus"}}', 422),
    (b'{"notebook": {"cells": []}, "policy": {"index": "http://127.0.0.1:1/"}}', 422),
    (b'{"notebook": {"cells": []}, "policy": {"mapping": "/etc/passwd"}}', 422),
    (b'{"notebook": {"nbformat": 3, "worksheets": 1}}', 422),
    (
        b'{"notebook": {"cells": [{"cell_type": "code", "source": "from os import '
        + b",".join(b"n%d" % number for number in range(501))
        + b'"}]}}',
        413,
    ),
    (b'{"notebook": {"cells": [' + b"{}," * 5000 + b"{}]}}", 413),
    (
        b'{"notebook": {"cells": [{"cell_type": "code", "source": "' + b"x" * (1 << 19) + b'x"}]}}',
        413,
    ),
)


@opened
def test_what_cannot_be_read_is_told_of(api: Api) -> None:
    for content, status in UNFIT:
        answer = api.post(content=content)
        assert answer.status_code == status, (content[:80], answer.text)
        assert is_problem(answer)
        assert answer.headers["access-control-allow-origin"] == "*"
    for method in ("GET", "PUT", "DELETE"):
        answer = api.ask(method, "/api/decisions")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert is_problem(answer)
    assert api.ask("POST", "/api/decisions/schema").status_code == 405


ODD: tuple[bytes, ...] = (
    b'{"notebook": {"cells": []}}',
    b'{"notebook": {"cells": [1, null, {}]}}',
    b'{"notebook": {"cells": [{"cell_type": "code", "source": "\\ud800"}]}}',
    b'{"notebook": {"cells": [{"cell_type": "code", "source": "f("}], "metadata": 1, "x": NaN}}',
    b'{"notebook": {"cells": [{"cell_type": "code", "source": "%run /etc/passwd"}]}}',
    b'{"notebook": {"cells": [{"cell_type": "code", "source": "open(\'/etc/passwd\')"}]}}',
    b'{"notebook": {"cells": [{"cell_type": "code", "source": "%pip install -r /etc/passwd"}]}}',
    b'{"notebook": {"cells": [{"cell_type": "code", "source": "%pip install http://x/a-1-py3-none-any.whl"}]}}',
    b'{"notebook": {"cells": [{"cell_type": "code", "source": "'
    + b"(" * 20_000
    + b'"}]}, "path": "x.py"}',
    b'{"notebook": {"worksheets": [{"cells": []}], "nbformat": 3}}',
)


@opened
def test_an_odd_notebook_has_a_decision(api: Api) -> None:
    for content in ODD:
        answer = api.post(content=content)
        assert answer.status_code == 200, (content[:80], answer.text)
        Draft202012Validator(read_schema()).validate(answer.json())
        assert "root:" not in answer.text


@opened
def test_a_body_that_is_too_large_is_not_read(api: Api) -> None:
    headers = {"content-length": str(1 << 40)}
    answer = api.post(content=b"{}", headers=headers)
    assert (answer.status_code, is_problem(answer)) == (413, True)

    async def endless() -> Any:
        while True:
            yield b" " * (1 << 20)

    assert api.post(content=endless()).status_code == 413


@opened
def test_several_may_ask_at_once(api: Api) -> None:
    def one(number: int) -> dict[str, Any]:
        told: dict[str, Any] = api("import acme_tools", f"x = {number % 4}").json()
        return told

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(24)))
    assert len({told["id"] for told in found}) == 4
    assert {told["verdict"] for told in found} == {"browser"}


@opened
def test_the_documents(api: Api) -> None:
    answer = api.ask("GET", "/api/decisions/schema")
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json() == read_schema()
    told = api.ask("GET", "/api/decisions/openapi.json").json()
    assert told["servers"] == [{"url": BASE}]
    assert list(told["paths"]) == ["/api/decisions", "/api/decisions/schema"]
    assert {*POLICY, *OF_OTHERS} == {*FIELDS}


def test_without_what_it_needs_it_is_not_mounted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compat_report.serving.NEEDED", ("there_is_no_such_module",))
    with pytest.raises(ImportError, match="there_is_no_such_module"):
        mount(home=home, platforms={})


def test_a_real_server_and_the_command_decide_alike(
    private_index: Served, home: Home, env: dict[str, str]
) -> None:
    source = "import acme_native, acme_base"
    with private_index.client as client:
        told = client.post("/api/decisions", json={"notebook": notebook(source), "path": "a.ipynb"})
        platform = read_platform("0.29")
        asked = Asked(platforms=(platform,), policy=Policy(), index=private_index.url, public=False)
        machine = Machine(home=home, env={**os.environ, **env})
        data = json.dumps(notebook(source)).encode()
        decision = open_selector(asked, machine).decide(
            parse_notebook(data, name="a.ipynb", folder=None)
        )
        assert decision.lock_file is not None
        found = told.json()
        assert found["lock_file"] == decision.lock_file
        assert [pin["requirement"] for pin in found["requirements"]] == [
            pin.requirement for pin in decision.requirements
        ]
        assert found["verdict"] == decision.verdict
        lock = client.get(decision.lock_file).json()
    assert sorted(lock["packages"]) == ["acme-base", "acme-native"]
    none = replace(asked, index=f"{private_index.url}/simple/")
    assert (
        open_selector(none, machine).decide(parse_notebook(data, name="a", folder=None)).lock_file
        is None
    )


@pytest.mark.journey  # a hundred requests of a real server, with bodies that fit and that do not
def test_the_document_is_true(private_index: Served) -> None:
    schema = schemathesis.openapi.from_url(f"{private_index.url}/api/decisions/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        # Without parameters and a body nothing can be wrong.
        for mode in GenerationMode if operation.body else (GenerationMode.POSITIVE,):
            try_operation(operation, mode)
        tried += 1
    assert tried == 2


def try_operation(
    operation: schemathesis.APIOperation[Any, Any, Any, Any], mode: GenerationMode
) -> None:
    @settings(max_examples=25, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: schemathesis.Case[Any]) -> None:
        answer = case.call()
        # A schema cannot say all that a policy may not.
        if answer.status_code != 422 or answer.json()["error"] != "BadPolicy":
            case.validate_response(answer)

    one()


PAGE = (Path(__file__).parents[2] / "docs/how-to/feed-a-kernel-selector.md").read_text("utf-8")
ADDRESS = "https://wheels.example.org"
CALLER = """
import { decide } from "./selector.mjs";
import { readFileSync } from "node:fs";
const notebook = JSON.parse(readFileSync("analysis.ipynb", "utf-8"));
const first = await decide(notebook, "analysis.ipynb");
const second = await decide(notebook, "analysis.ipynb");
console.log(first.kernel, first.id === second.id);
"""


def example(pattern: str, url: str) -> str:
    found = re.search(pattern, PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].replace(ADDRESS, url)


def test_the_page_that_tells_of_it_is_true(
    private_index: Served, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "analysis.ipynb").write_text(json.dumps(notebook("import acme_tools", "n = 1")))
    python = example(r"`selecting\.py`:\n\n```python\n(.*?)^```", private_index.url)
    (tmp_path / "selecting.py").write_text(python)
    module = example(r"`selector\.mjs`:\n\n```javascript\n(.*?)^```", private_index.url)
    (tmp_path / "selector.mjs").write_text(module)
    (tmp_path / "caller.mjs").write_text(CALLER)
    asking = example(r"^\$ (curl [^\n]*)$", private_index.url)

    def run(*command: str) -> str:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, **env, "PORTER_HOME": str(home.root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run(sys.executable, "-W", "error", "selecting.py") == "pyodide\n"
    assert json.loads(run("bash", "-c", asking))["verdict"] == "browser"
    assert run("node", "caller.mjs") == "python true\n"
    fields = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert fields == set(KEYS)

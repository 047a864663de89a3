"""The management API: what each operation does, who may, and that its document is true."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from asking import BASE, Ask, asking
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from servers import serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings, open_holdings
from index_server.model import AuditSummary, Stage
from index_server.people.access import Permission
from index_server.people.tokens import create_token
from index_server.records.engine import migrate
from index_server.settings import Settings
from porter.home import Home

WHEEL = "acme_tools-1.0-py3-none-any.whl"
STAGED = "acme_tools-2.0-py3-none-any.whl"
HELD = "acme_tools-3.0-py3-none-any.whl"
OTHER = "other-1.0-py3-none-any.whl"
AUDIT = AuditSummary(
    platform="0.29", clean=False, blocked=True, findings=("error: LNK: <b>no</b>",)
)


class Api:
    """The management API of one index, asked with the tokens that were made for it."""

    def __init__(self, ask: Ask, tokens: dict[str, str], index: Holdings) -> None:
        self.tokens = tokens
        self.index = index
        self._ask = ask

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        who: str = "admin",
        content: bytes | None = None,
    ) -> httpx.Response:
        auth = ("__token__", self.tokens[who]) if who else None
        if content is None:
            return self._ask(method, f"/api{path}", json=body, auth=auth)
        headers = {"content-type": "application/json"}
        return self._ask(method, f"/api{path}", content=content, headers=headers, auth=auth)


def fill(index: Holdings, folder: Path) -> dict[str, str]:
    """Files of every kind, and tokens of every kind."""
    migrate(index.engine)
    put_wheel(index, make_wheel(folder, "acme-tools"), audits=(AUDIT,))
    put_wheel(index, make_wheel(folder, "acme-tools", "2.0"), stage=Stage.STAGING)
    put_wheel(index, make_wheel(folder, "acme-tools", "3.0"), quarantine="it does not work")
    put_wheel(index, make_wheel(folder, "other"))
    wanted: dict[str, tuple[Permission, tuple[str, ...]]] = {
        "read": (Permission.READ, ()),
        "upload": (Permission.UPLOAD, ("acme-*",)),
        "owner": (Permission.ADMIN, ("acme-*",)),
        "admin": (Permission.ADMIN, ()),
    }
    made = {}
    for name, (permission, projects) in wanted.items():
        made[name] = create_token(
            index.engine,
            name=name,
            permissions=[permission],
            projects=projects,
            lifetime=timedelta(hours=1),
            actor="tests",
        )[1]
    index.refresh()
    return made


@pytest.fixture
def api(index: Holdings, tmp_path: Path) -> Iterator[Api]:
    tokens = fill(index, tmp_path)
    with asking(index) as ask:
        yield Api(ask, tokens, index)


# One row an operation: what nobody, read, upload (of acme-*), owner (admin of acme-*) and admin get.
OPERATIONS: tuple[tuple[str, str, Any, tuple[int, ...]], ...] = (
    ("GET", "/whoami", None, (401, 200, 200, 200, 200)),
    ("GET", "/projects", None, (401, 200, 403, 403, 200)),
    ("GET", "/projects/acme-tools", None, (401, 200, 403, 200, 200)),
    ("GET", "/projects/other", None, (401, 200, 403, 403, 200)),
    ("GET", f"/files/{WHEEL}", None, (401, 200, 403, 200, 200)),
    ("GET", f"/files/{HELD}", None, (401, 404, 403, 200, 200)),
    ("GET", f"/files/{OTHER}", None, (401, 200, 403, 403, 200)),
    ("POST", f"/files/{WHEEL}/yank", {"reason": "bad"}, (401, 403, 200, 200, 200)),
    ("POST", f"/files/{OTHER}/yank", {}, (401, 403, 403, 403, 200)),
    ("POST", f"/files/{WHEEL}/unyank", None, (401, 403, 200, 200, 200)),
    ("POST", f"/files/{STAGED}/promote", None, (401, 403, 200, 409, 409)),
    ("POST", f"/files/{HELD}/release", {"reason": "ok"}, (401, 403, 403, 200, 200)),
    ("PUT", "/projects/acme-tools/status", {"status": "archived"}, (401, 403, 403, 200, 200)),
    ("PUT", "/projects/other/status", {"status": "archived"}, (401, 403, 403, 403, 200)),
    ("GET", "/events", None, (401, 403, 403, 403, 200)),
    ("GET", "/events?project=acme-tools", None, (401, 403, 403, 200, 200)),
    ("GET", "/tokens", None, (401, 403, 403, 403, 200)),
    ("POST", "/tokens", {"name": "x", "permissions": ["read"]}, (401, 403, 403, 403, 201)),
    ("DELETE", "/tokens/0123456789ab", None, (401, 403, 403, 403, 404)),
    ("POST", "/path-tokens", {}, (401, 201, 403, 201, 201)),
    ("DELETE", f"/files/{WHEEL}?reason=bad", None, (401, 403, 403, 204, 404)),
    ("DELETE", f"/files/{OTHER}", None, (401, 403, 403, 403, 204)),
    ("GET", "/nothing", None, (404,) * 5),
    ("PATCH", "/tokens", None, (405,) * 5),
    ("GET", "/openapi.json", None, (200,) * 5),
)
CALLERS = ("", "read", "upload", "owner", "admin")


def test_who_may_do_what(api: Api) -> None:
    for method, path, body, expected in OPERATIONS:
        found = [api(method, path, body, who) for who in CALLERS]
        assert tuple(answer.status_code for answer in found) == expected, (method, path)
        for answer in found:
            if answer.status_code >= 400:
                assert answer.json().keys() == {"error", "message", "advice"}
                assert answer.headers["content-type"] == "application/json"
            assert answer.headers["access-control-allow-origin"] == "*"


def test_a_file_is_told_of_with_its_audits(api: Api) -> None:
    told = api("GET", f"/files/{WHEEL}").json()
    assert told["audits"] == [
        {"platform": "0.29", "clean": False, "blocked": True, "findings": [AUDIT.findings[0]]}
    ]
    assert told["url"].startswith(f"{BASE}/files/")
    assert (told["yanked"], told["stage"], told["imports"]) == (None, "production", ["acme_tools"])
    assert told["url"].endswith(f"/{WHEEL}")


def test_readers_see_what_is_served_and_owners_what_is_not(api: Api) -> None:
    def versions(who: str) -> list[str]:
        return [
            file["version"]
            for file in api("GET", "/projects/acme-tools", None, who).json()["files"]
        ]

    assert versions("read") == ["1.0"]
    assert versions("owner") == ["1.0", "2.0", "3.0"]


def test_what_is_changed_is_served_and_in_the_log(api: Api) -> None:
    assert (
        api("POST", f"/files/{WHEEL}/yank", {"reason": "a <b>"}, "upload").json()["yanked"]
        == "a <b>"
    )
    assert api("POST", f"/files/{STAGED}/promote", None, "upload").json()["stage"] == "production"
    assert api("POST", f"/files/{HELD}/release", {"reason": "seen"}).json()["quarantine"] == ""
    status = {"status": "deprecated", "reason": "use another"}
    assert api("PUT", "/projects/Acme_Tools/status", status).json()["status"] == "deprecated"
    assert api("DELETE", f"/files/{HELD}?reason=wrong").status_code == 204
    found = api("GET", "/events?project=acme-tools&limit=5").json()["events"]
    assert [(e["actor"], e["action"], e["subject"], e["detail"]) for e in found] == [
        ("admin", "delete", HELD, "wrong"),
        ("admin", "status", "deprecated", "use another"),
        ("admin", "release", HELD, "seen"),
        ("upload", "promote", STAGED, ""),
        ("upload", "yank", WHEEL, "a <b>"),
    ]
    project = api.index.snapshot.projects["acme-tools"]
    assert {file.filename for file in project.files} == {WHEEL, STAGED}
    held = next(api.index.settings.folder.glob(f"files/*/*/{HELD}"), None)
    assert held is None, "its bytes are gone too"


def test_lists_come_in_pages(api: Api) -> None:
    first = api("GET", "/projects?limit=1").json()
    assert [project["name"] for project in first["projects"]] == ["acme-tools"]
    second = api("GET", f"/projects?limit=1&after={first['next']}").json()
    assert [project["name"] for project in second["projects"]] == ["other"]
    assert second["next"] is None
    seen: list[int] = []
    before = ""
    while True:
        page = api("GET", f"/events?limit=3{before}").json()
        seen += [event["id"] for event in page["events"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert len(seen) >= 8
    assert seen == sorted(set(seen), reverse=True)


def test_a_token_is_told_once_and_can_revoke_itself(api: Api) -> None:
    body = {"name": "ci", "permissions": ["read", "upload"], "projects": ["Acme_*"], "days": 7}
    made = api("POST", "/tokens", body).json()
    assert made["projects"] == ["acme-*"]
    assert made["created_by"] == "admin"
    assert api("POST", "/tokens", body).status_code == 409
    listed = api("GET", "/tokens").text
    assert made["id"] in listed
    assert made["token"] not in listed
    assert made["token"].split("_", 2)[2] not in api("GET", "/events").text
    api.tokens["ci"] = made["token"]
    assert api("GET", "/whoami", None, "ci").json()["permissions"] == ["read", "upload"]
    assert api("DELETE", f"/tokens/{made['id']}", None, "ci").status_code == 204
    assert api("GET", "/whoami", None, "ci").status_code == 401


UNREADABLE: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/tokens", {"name": "x", "permissions": []}),
    ("POST", "/tokens", {"name": "x", "permissions": ["root"]}),
    ("POST", "/tokens", {"name": "x\ny", "permissions": ["read"]}),
    ("POST", "/tokens", {"name": "x", "permissions": ["read"], "days": 0}),
    ("POST", "/tokens", {"name": "x", "permissions": ["read"], "days": "7"}),
    ("POST", "/tokens", {"name": "x", "permissions": ["read"], "hash": "y"}),
    ("POST", "/tokens", {"name": "x", "permissions": ["read"], "projects": ["a b"]}),
    ("POST", "/tokens", [1]),
    ("POST", "/path-tokens", {"seconds": 86_401}),
    ("POST", f"/files/{WHEEL}/yank", {"reason": "a\nb"}),
    ("POST", f"/files/{WHEEL}/yank", {"reason": "\x00"}),
    ("POST", f"/files/{WHEEL}/yank", {"reason": "a" * 501}),
    ("POST", "/files/..%2F..%2Fetc%2Fpasswd/yank", {}),
    ("POST", "/files/a%0d%0ab.whl/yank", {}),
    ("POST", "/files/%3Cscript%3E/yank", {}),
    ("DELETE", "/files/%00.whl", None),
    ("DELETE", f"/files/{WHEEL}?reason=a%0ab", None),
    ("DELETE", "/tokens/x", None),
    ("PUT", "/projects/acme-tools/status", {"status": "gone"}),
    ("PUT", "/projects/%2e%2e/status", {"status": "active"}),
    ("GET", "/events?limit=0", None),
    ("GET", "/events?limit=10000000000000000000000", None),
    ("GET", "/events?before=-1", None),
    ("GET", "/events?project=%00", None),
    ("GET", "/projects?after=%ff", None),
)


def test_what_cannot_be_read_changes_nothing(api: Api) -> None:
    serial = api.index.snapshot.serial
    for method, path, body in UNREADABLE:
        answer = api(method, path, body)
        assert answer.status_code in (404, 422), (method, path, answer.text)
        assert answer.json().keys() == {"error", "message", "advice"}
        assert "<script>" not in answer.text
    for content in (b"", b"{", b'{"reason": "\\ud800"}', b"\xff", b"[" * 10_000):
        answer = api("POST", f"/files/{WHEEL}/yank", content=content)
        assert answer.status_code == 422, content[:20]
        assert answer.json().keys() == {"error", "message", "advice"}
    api.index.refresh()
    assert api.index.snapshot.serial == serial


def test_the_document_tells_of_every_error_and_of_the_address(api: Api) -> None:
    document = api("GET", "/openapi.json", None, "").json()
    assert document["servers"] == [{"url": f"{BASE}/api"}]
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) >= 17
    for path, method, operation in operations:
        assert operation["description"], (path, method)
        assert operation["security"] == [{"basic": []}, {"bearer": []}, {"session": []}]
        for status in ("401", "403", "422", "503"):
            content = operation["responses"][status]["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[tuple[str, str]]:
    """The address of a real server, and a token that may do everything."""
    folder = tmp_path_factory.mktemp("schema")
    index = open_holdings(Settings(data=str(folder / "data")), home)
    tokens = fill(index, folder)
    index.engine.dispose()
    with serve_index(folder / "data", home=home.root) as served:
        yield served.url, tokens["admin"]


@pytest.mark.journey  # 15 operations of a real server, with examples that fit and that do not
def test_the_document_is_true(server: tuple[str, str]) -> None:
    url, token = server
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path == "/environments":
            continue  # any text is a requirement to the document, and few can be resolved
        for mode in GenerationMode:
            try_operation(operation, mode, {"Authorization": f"Bearer {token}"})
        tried += 1
    assert tried == 15


def try_operation(
    operation: schemathesis.APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    headers: dict[str, str],
) -> None:
    @settings(
        max_examples=8,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers)

    one()

"""Real services that a gateway can ask, on 127.0.0.1: GraphQL, and what speaks as Google Sheets."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import strawberry
from strawberry import relay

TOKEN = "token-that-nobody-may-see"  # noqa: S105 # of nothing
SHEET = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
VALUES: dict[str, list[list[Any]]] = {
    "Sheet1!A1:D": [
        ["name", "born", "here", "name"],
        ["Ada", 1815, True],
        ["Bob", "", False, "x"],
        [],
        ["Cyd", 1990.5],
    ],
    "Empty!A1:B": [],
    "Größe/../x!A1": [["a b", 1]],
}


@dataclass
class Asked:
    """What came to a server."""

    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    url: str = ""


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler], asked: Asked) -> Iterator[Asked]:
    """A server with that handler, until the context ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    asked.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Quiet(BaseHTTPRequestHandler):
    asked: Asked

    def log_message(self, *_: object) -> None:
        pass

    def take(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.requests.append((self.command, self.path, dict(self.headers), body))
        return body

    def known(self) -> bool:
        given = self.headers.get("Authorization", "")
        return given.removeprefix("Bearer ") in self.asked.tokens

    def say(self, status: int, told: object, **headers: str) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def google_error(code: int, status: str, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "status": status}}


@contextmanager
def serve_sheets() -> Iterator[Asked]:
    """`spreadsheets.values.get`, as Google documents it."""
    told = Asked()

    class Handler(_Quiet):
        asked = told

        def do_GET(self) -> None:
            self.take()
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            steps = parts.path.split("/")
            if not self.known():
                message = f"Request had invalid authentication: {self.headers['Authorization']}"
                self.say(401, google_error(401, "UNAUTHENTICATED", message))
            elif steps[1:3] != ["v4", "spreadsheets"] or steps[4:5] != ["values"]:
                self.say(404, b"<html>not here</html>")
            elif steps[3] == "private":
                message = "The caller does not have permission"
                self.say(403, google_error(403, "PERMISSION_DENIED", message))
            elif steps[3] == "often":
                message = "Quota exceeded for quota metric 'Read requests'"
                self.say(429, google_error(429, "RESOURCE_EXHAUSTED", message))
            elif steps[3] == "elsewhere":
                self.say(302, b"", Location="http://169.254.169.254/latest/meta-data/")
            elif steps[3] != SHEET:
                message = "Requested entity was not found."
                self.say(404, google_error(404, "NOT_FOUND", message))
            elif len(steps) != 6 or unquote(steps[5]) not in VALUES:
                message = f"Unable to parse range: {unquote(steps[-1])}"
                self.say(400, google_error(400, "INVALID_ARGUMENT", message))
            else:
                assert query["majorDimension"] == ["ROWS"]
                assert query["valueRenderOption"][0].isupper()
                found = VALUES[unquote(steps[5])]
                answer: dict[str, object] = {"range": unquote(steps[5]), "majorDimension": "ROWS"}
                if found:
                    answer["values"] = found
                self.say(200, answer)

    with serve(Handler, told):
        yield told


@strawberry.type
class Author:
    login: str
    followers: int | None


@strawberry.type
class Issue(relay.Node):
    id: relay.NodeID[int]
    title: str
    author: Author | None
    labels: list[str]

    @classmethod
    def resolve_nodes(cls, **_: Any) -> Any:
        raise NotImplementedError


def _issue(number: int) -> Issue:
    author = Author(login=f"user{number % 3}", followers=number or None) if number % 4 else None
    return Issue(id=number, title=f"Issue {number}", author=author, labels=["a", "b"][: number % 3])


@strawberry.type
class Query:
    @relay.connection(relay.ListConnection[Issue])  # type: ignore[untyped-decorator]
    def issues(self) -> list[Issue]:
        return [_issue(number) for number in range(250)]

    @strawberry.field
    def issue(self, number: int) -> Issue:
        if number < 0:
            raise ValueError("numbers begin at 0")
        return _issue(number)

    @strawberry.field
    def names(self) -> list[str]:
        return ["x", "y"]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def close(self, number: int) -> int:
        return number


SCHEMA = strawberry.Schema(Query, Mutation)


@contextmanager
def serve_graphql() -> Iterator[Asked]:
    """Issues of a tracker, by strawberry."""
    told = Asked()

    class Handler(_Quiet):
        asked = told

        def do_POST(self) -> None:
            body = json.loads(self.take())
            if not self.known():
                self.say(401, {"message": "Bad credentials"})
                return
            if self.path == "/stuck":
                page = {"pageInfo": {"hasNextPage": True, "endCursor": "x"}, "nodes": [{"a": 1}]}
                self.say(200, {"data": {"issues": page}})
                return
            if self.path == "/moved":
                self.say(307, b"", Location="http://127.0.0.1:1/")
                return
            if self.path == "/large":
                self.say(200, b"x" * 3_000_000)
                return
            if self.path == "/page":
                self.say(200, b"<html>")
                return
            done = SCHEMA.execute_sync(
                body["query"],
                variable_values=body.get("variables"),
                operation_name=body.get("operationName"),
            )
            answer: dict[str, object] = {"data": done.data}
            if done.errors:
                answer["errors"] = [error.formatted for error in done.errors]
            self.say(200, answer)

    with serve(Handler, told):
        yield told

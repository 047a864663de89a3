"""Write docs/reference/management-api.md from the API's own document: `make docs` runs it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from index_server.holdings import Holdings
from index_server.management.application import make_application
from index_server.records.engine import connect
from index_server.records.storage import open_store
from index_server.settings import Settings
from porter.home import Home

HEAD = """\
# The management API

Below `/api/`, JSON in and out, for programs that look after an index. `/api/openapi.json` is its OpenAPI document,
from which clients can be made; this page is written from it by `make docs`.

Every operation needs a credential: a token, as the password of Basic with any user or as Bearer, or the session
cookie of somebody who is logged in. What is sent with a cookie to change something must come from the index's own
pages. [Access](../explanation/access.md) tells what the permissions mean; a token that is limited to projects sees
and changes these alone.

```text
$ curl -u __token__:$TOKEN -H 'content-type: application/json' -d '{"reason": "breaks on Safari"}' \\
    http://127.0.0.1:8765/api/files/acme_tools-1.0-py3-none-any.whl/yank
```

Every change is one transaction with a line in the log, and every server shows it within a second.

## Operations

| operation | what it does | permission |
|---|---|---|"""
ERRORS = """
## Errors

One document for all of them, `{"error": …, "message": …, "advice": …}`: the kind of error, what failed in one line, and
what to do next.

| status | meaning |
|---|---|"""
BODIES = """
## What is sent

A field that is not known is an error."""
SENT = ("NewToken", "NewPathToken", "Because", "StatusChange")


def split(text: str) -> tuple[str, str]:
    """What an operation does, and the permission it needs, from its description."""
    what, _, permission = " ".join(text.split()).rpartition("; ")
    if not what:
        what, permission = permission, "a credential"
    return what.rstrip("."), permission.rstrip(".")


def describe_field(name: str, schema: dict[str, Any], *, required: bool) -> str:
    """A row of a body's table."""
    kinds = [part.get("type", "") for part in schema.get("anyOf", [schema])]
    kind = " or ".join(filter(None, kinds)) or "string"
    shown = "required" if required else f"`{schema.get('default')!r}`".replace("'", '"')
    return f"| `{name}` | {kind} | {shown} |"


def main() -> None:
    """Print the page."""
    with TemporaryDirectory() as folder:
        settings = Settings(data=folder)
        index = Holdings(
            settings=settings,
            engine=connect(settings.database_url),
            store=open_store("", None, Path(folder)),
            home=Home(root=Path(folder)),
        )
        told = make_application(index).openapi()
    print(HEAD)
    statuses: dict[str, str] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            what, permission = split(operation["description"])
            print(f"| `{method.upper()} {path}` | {what} | {permission} |")
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    statuses[status] = response["description"]
    print(ERRORS)
    for status, meaning in sorted(statuses.items()):
        print(f"| {status} | {meaning} |")
    print(BODIES)
    for name in SENT:
        schema = told["components"]["schemas"][name]
        print(
            f"\n### `{name}`\n\n{schema['description']}\n\n| field | type | default |\n|---|---|---|"
        )
        for field, inner in schema["properties"].items():
            print(describe_field(field, inner, required=field in schema.get("required", ())))


if __name__ == "__main__":
    main()

"""GraphQL: one query, page after page along a connection of Relay's, as rows.

https://spec.graphql.org/October2021/#sec-Response, https://relay.dev/graphql/connections.htm
"""

import json
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from kernel_bridge.errors import BadRequest, BridgeError, ServiceAway
from kernel_bridge.gateway.asked import limit_of, optional_text, text_of
from kernel_bridge.gateway.errors import Busy, QueryFailed, TokenRefused
from kernel_bridge.gateway.fetching import Fetched, Reach, fetch, too_many_bytes
from kernel_bridge.gateway.outgoing import Limits, too_many_rows
from kernel_bridge.gateway.secret import hide, read_secret
from kernel_bridge.gateway.services import GraphqlService
from kernel_bridge.gateway.table import rows_to_table

PATH = re.compile(r"[_A-Za-z]\w*(?:\.[_A-Za-z]\w*)*", re.ASCII)
NAME = re.compile(r"[_A-Za-z]\w*", re.ASCII)
# Strings and comments, of which nothing is an operation.
# https://spec.graphql.org/October2021/#sec-Source-Text
QUIET = re.compile(r'"""(?:\\"""|.)*?(?:"""|\Z)|"(?:\\.|[^"\\\n])*"?|#[^\n]*', re.DOTALL)


class GraphqlErrors(QueryFailed):
    """The answer has errors; the first is told, with its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlRequest:
    """A query. `paginate` is the path of a connection, `rows` that of a list or an object."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation: str | None = None
    paginate: str | None = None
    cursor: str = "after"
    rows: str | None = None
    first: int | None = None


def parse_graphql_request(body: Mapping[str, object]) -> GraphqlRequest:
    """What a page or a kernel asks; raises BadRequest."""
    variables = body.get("variables", {})
    if not isinstance(variables, Mapping):
        raise BadRequest("'variables' is no object", advice="send names with their values")
    asked = GraphqlRequest(
        query=text_of(body, "query"),
        variables=variables,
        operation=optional_text(body, "operation"),
        paginate=optional_text(body, "paginate"),
        cursor=optional_text(body, "cursor") or "after",
        rows=optional_text(body, "rows"),
        first=limit_of(body),
    )
    for name, value in (("paginate", asked.paginate), ("rows", asked.rows)):
        if value is not None and not PATH.fullmatch(value):
            raise BadRequest(f"{name!r} is no path", advice="write fields with dots between them")
    if not NAME.fullmatch(asked.cursor):
        raise BadRequest("'cursor' is no variable", advice="write its name without $")
    if asked.paginate and not re.search(rf"\${asked.cursor}\b", QUIET.sub(" ", asked.query)):
        raise BadRequest(
            f"the query has no variable ${asked.cursor} to go on with",
            advice=f"write query(${asked.cursor}: String) and give it to the connection",
        )
    return asked


async def run_graphql(
    service: GraphqlService, asked: GraphqlRequest, reach: Reach, limits: Limits
) -> AsyncGenerator[pa.Schema | pa.RecordBatch | int]:
    """How many rows came, page by page; then the schema and batches. Raises BridgeError.

    Rows are held until the last page: what a column is, is known only then.
    """
    if not service.mutations and changes_something(asked.query):
        raise QueryFailed(
            f"service {service.name!r} takes no mutation from notebooks", advice="send a query"
        )
    rows: list[object] = []
    variables, seen, size = dict(asked.variables), set[str](), 0
    while True:
        answer = await _ask(service, asked, variables, reach)
        size += len(answer)
        data = read_data(service, answer, _token(service))
        page, cursor = read_page(data, asked)
        rows.extend(page)
        if asked.first is not None and len(rows) > asked.first:
            # One more than is wanted says that there are more.
            del rows[asked.first + 1 :]
            break
        if len(rows) > limits.rows:
            raise too_many_rows(limits.rows)
        if size > limits.bytes:
            raise too_many_bytes(limits.bytes)
        if cursor is None:
            break
        if cursor in seen:
            raise GraphqlErrors(
                f"{asked.paginate}: the cursor {cursor[:80]!r} came twice",
                advice="see that the query gives its variable to the connection",
            )
        seen.add(cursor)
        variables[asked.cursor] = cursor
        yield len(rows)
    table = rows_to_table(rows)
    yield table.schema
    for batch in table.to_batches(max_chunksize=10_000):
        yield batch


def changes_something(query: str) -> bool:
    """Whether a document has an operation that is no query. Pure."""
    depth = 0
    for word in re.findall(r"[{}]|[_A-Za-z]\w*", QUIET.sub(" ", query)):
        depth += {"{": 1, "}": -1}.get(word, 0)
        if depth == 0 and word in ("mutation", "subscription"):
            return True
    return False


def read_data(service: GraphqlService, body: bytes, token: str = "") -> Mapping[str, Any]:
    """The data of an answer; raises GraphqlErrors and ServiceAway. Pure."""
    try:
        told = json.loads(body)
        errors, data = told.get("errors"), told.get("data")
    except (ValueError, AttributeError, RecursionError):
        raise ServiceAway(
            f"service {service.name!r} answers with what is no GraphQL",
            advice="ask who runs this Jupyter server to see the service's address",
        ) from None
    if errors:
        raise _errors(errors, token)
    if not isinstance(data, Mapping):
        raise GraphqlErrors("the answer has no data", advice="see the query")
    return data


def read_page(data: Mapping[str, Any], asked: GraphqlRequest) -> tuple[list[object], str | None]:
    """The rows of one answer, and the cursor of the next, None at the end. Pure."""
    if asked.paginate is None:
        found = _at(data, asked.rows) if asked.rows else _only(data)
        return _rows(found), None
    connection = _at(data, asked.paginate)
    info = connection.get("pageInfo") if isinstance(connection, Mapping) else None
    if not isinstance(info, Mapping) or "hasNextPage" not in info:
        raise GraphqlErrors(
            f"{asked.paginate}: there is no pageInfo with hasNextPage",
            advice="ask for pageInfo { hasNextPage endCursor } there",
        )
    cursor = info.get("endCursor")
    if info["hasNextPage"] and not isinstance(cursor, str):
        raise GraphqlErrors(
            f"{asked.paginate}: pageInfo has no endCursor", advice="ask for endCursor there"
        )
    return _rows(connection), cursor if info["hasNextPage"] else None


async def _ask(
    service: GraphqlService, asked: GraphqlRequest, variables: Mapping[str, Any], reach: Reach
) -> bytes:
    told = {"query": asked.query, "variables": variables, "operationName": asked.operation}
    body = json.dumps({key: value for key, value in told.items() if value is not None}).encode()
    answer = await fetch(service, service.url, reach, body=body)
    # Some servers say 400 with the errors that say why.
    if answer.status == 200 or (answer.status in (400, 422) and b'"errors"' in answer.body):
        return answer.body
    raise _refusal(service, answer)


def _refusal(service: GraphqlService, answer: Fetched) -> BridgeError:
    if answer.status in (401, 403):
        return TokenRefused(
            f"service {service.name!r} does not take the token ({answer.status})",
            advice="who runs this Jupyter server writes a new one to the service's token-file",
        )
    if answer.status == 429:
        return Busy(f"service {service.name!r} takes no more for now (429)", advice="wait a while")
    return ServiceAway(
        f"service {service.name!r} answers {answer.status}", advice="try again later"
    )


def _errors(errors: object, token: str) -> GraphqlErrors:
    listed = errors if isinstance(errors, list) else [errors]
    first: Mapping[str, Any] = listed[0] if isinstance(listed[0], Mapping) else {}
    path = ".".join(map(str, first.get("path") or ()))
    text = hide(str(first.get("message", "an error without a message"))[:1000], token)
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return GraphqlErrors(
        f"{path + ': ' if path else ''}{text}{more}", advice="mend the query, or its variables"
    )


def _token(service: GraphqlService) -> str:
    return "" if service.token is None else read_secret(service.token, service.name)


def _at(data: object, path: str) -> Any:
    found: Any = data
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            raise GraphqlErrors(f"{path}: the answer has no {name!r}", advice="see the path")
        found = found[name]
    return found


def _only(data: Mapping[str, Any]) -> object:
    """The one field that the answer has, or all of it."""
    return next(iter(data.values())) if len(data) == 1 else data


def _rows(found: object) -> list[object]:
    """A list, the nodes of a connection, or one object; null is no row."""
    if isinstance(found, Mapping):
        if isinstance(found.get("nodes"), list):
            found = found["nodes"]
        elif isinstance(found.get("edges"), list):
            edges = found["edges"]
            found = [edge.get("node") if isinstance(edge, Mapping) else edge for edge in edges]
    if found is None:
        return []
    return [row for row in found if row is not None] if isinstance(found, list) else [found]

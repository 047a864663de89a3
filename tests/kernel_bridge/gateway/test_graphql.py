import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from gatewaying import TOKEN, Asked

from kernel_bridge.errors import BadRequest, BridgeError, NotAllowed, ServiceAway, TooMuch
from kernel_bridge.gateway.errors import QueryFailed, TokenRefused
from kernel_bridge.gateway.fetching import Reach
from kernel_bridge.gateway.graphql import (
    GraphqlErrors,
    changes_something,
    parse_graphql_request,
    run_graphql,
)
from kernel_bridge.gateway.outgoing import Limits
from kernel_bridge.gateway.secret import SecretPlace
from kernel_bridge.gateway.services import GraphqlService

REACH = Reach(hosts=("127.0.0.1",), bytes_limit=1 << 20)
MANY = Limits(rows=1000, bytes=1 << 20)
PAGES = """
query($after: String, $first: Int = 100) {
  issues(first: $first, after: $after) {
    edges { node { id title author { login followers } labels } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@pytest.fixture
def service(graphql: Asked, tmp_path: Path) -> GraphqlService:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    return GraphqlService(name="tracker", url=graphql.url, token=SecretPlace(file=file), timeout=30)


def ask(
    service: GraphqlService, query: str, limits: Limits = MANY, **body: object
) -> tuple[pa.Table, list[int]]:
    async def collect() -> tuple[pa.Table, list[int]]:
        asked = parse_graphql_request({"query": query, **body})
        told, batches, schema = [], [], None
        async for step in run_graphql(service, asked, REACH, limits):
            if isinstance(step, int):
                told.append(step)
            elif isinstance(step, pa.Schema):
                schema = step
            else:
                batches.append(step)
        return pa.Table.from_batches(batches, schema), told

    return asyncio.run(collect())


def test_objects_are_flat_rows(service: GraphqlService, graphql: Asked) -> None:
    query = "query One($n: Int!) { issue(number: $n) { title author { login } labels } }"
    table, _ = ask(service, query, variables={"n": 5}, operation="One")
    assert table.to_pylist() == [
        {"title": "Issue 5", "author.login": "user2", "labels": ["a", "b"]}
    ]
    ((_, _, headers, body),) = graphql.requests
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(body)["operationName"] == "One"
    assert ask(service, "{ names }")[0].to_pylist() == [{"value": "x"}, {"value": "y"}]


def test_pages_are_followed_to_the_last(service: GraphqlService, graphql: Asked) -> None:
    table, told = ask(service, PAGES, paginate="issues")
    assert table["title"].to_pylist() == [f"Issue {number}" for number in range(250)]
    assert table["author.login"].to_pylist()[:3] == [None, "user1", "user2"]
    assert table.column_names == ["id", "title", "author.login", "author.followers", "labels"]
    assert table.schema.field("author.followers").type == pa.int64()
    assert told == [100, 200]
    assert len(graphql.requests) == 3


def test_limits_end_the_pages(service: GraphqlService, graphql: Asked) -> None:
    table, _ = ask(service, PAGES, replace(MANY, first=30), paginate="issues", limit=30)
    assert table.num_rows == 31  # one more says that there are more
    assert len(graphql.requests) == 1
    with pytest.raises(TooMuch, match="more than 150 rows"):
        ask(service, PAGES, replace(MANY, rows=150), paginate="issues")
    with pytest.raises(TooMuch, match="more than 5,000 bytes"):
        ask(service, PAGES, replace(MANY, bytes=5000), paginate="issues")


def test_errors_have_their_path(service: GraphqlService) -> None:
    with pytest.raises(GraphqlErrors, match="issue: numbers begin at 0"):
        ask(service, "{ names issue(number: -1) { title } }")
    with pytest.raises(GraphqlErrors, match="Cannot query field 'nope'"):
        ask(service, "{ nope }")
    with pytest.raises(GraphqlErrors, match="issues: there is no pageInfo"):
        ask(
            service,
            "query($after: String) { issues(after: $after) { edges { cursor } } }",
            paginate="issues",
        )
    with pytest.raises(GraphqlErrors, match="the answer has no 'other'"):
        ask(service, PAGES, paginate="issues.other")


def test_a_service_that_goes_in_circles_is_left(service: GraphqlService) -> None:
    stuck = replace(service, url=service.url + "/stuck")
    with pytest.raises(GraphqlErrors, match="came twice"):
        ask(stuck, "query($after: String) { issues(after: $after) { a } }", paginate="issues")


@pytest.mark.parametrize(
    ("path", "error"), [("/moved", ServiceAway), ("/large", TooMuch), ("/page", ServiceAway)]
)
def test_odd_answers(service: GraphqlService, path: str, error: type[BridgeError]) -> None:
    with pytest.raises(error) as refused:
        ask(replace(service, url=service.url + path), "{ names }")
    assert TOKEN not in str(refused.value)


def test_tokens_and_hosts(service: GraphqlService, graphql: Asked) -> None:
    graphql.tokens.clear()
    with pytest.raises(TokenRefused) as refused:
        ask(service, "{ names }")
    assert TOKEN not in f"{refused.value} {refused.value.advice}"
    with pytest.raises(NotAllowed):
        ask(replace(service, url="http://localhost:1/"), "{ names }")
    with pytest.raises(ServiceAway):
        ask(replace(service, url="http://127.0.0.1:1/"), "{ names }")


CHANGES = [
    "mutation { close(number: 1) }",
    "mutation M { a }",
    "# query\n mutation{a}",
    "query Q { a } mutation M { b }",
    'query Q { a(x: "}") } mutation M { b }',
    'query Q { a(x: """ } """) } mutation M { b }',
    "subscription { a }",
    "fragment F on T { a } mutation { b }",
]
READS = [
    "{ mutation }",
    "query mutation_ { a }",
    '{ a(x: "mutation") }',
    "# mutation\n{ a }",
    '{ a(x: """mutation { } """) }',
    "query Q { subscription { mutation } }",
]


@pytest.mark.parametrize("query", CHANGES)
def test_mutations_are_refused(service: GraphqlService, graphql: Asked, query: str) -> None:
    assert changes_something(query)
    with pytest.raises(QueryFailed, match="no mutation"):
        ask(service, query)
    assert not graphql.requests


@pytest.mark.parametrize("query", READS)
def test_queries_are_none(query: str) -> None:
    assert not changes_something(query)


def test_mutations_run_where_they_may(service: GraphqlService) -> None:
    table, _ = ask(replace(service, mutations=True), "mutation { close(number: 3) }")
    assert table.to_pylist() == [{"value": 3}]


@pytest.mark.parametrize(
    "body",
    [
        {"query": ""},
        {"query": "{ a }", "variables": []},
        {"query": "{ a }", "paginate": "a..b"},
        {"query": "{ a }", "paginate": "a"},
        {"query": "{ a } # $after", "paginate": "a"},
        {"query": "{ a }", "rows": "a b"},
        {"query": "{ a }", "cursor": "$x"},
        {"query": "{ a }", "operation": 3},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        parse_graphql_request(body)

"""Google Sheets: one range of one spreadsheet, by `spreadsheets.values.get`.

https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values/get
Errors: https://developers.google.com/workspace/sheets/api/limits and the errors of Google's APIs,
`{"error": {"code", "message", "status"}}`.
"""

import json
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa  # type: ignore[import-untyped]

from kernel_bridge.errors import BadRequest, BridgeError, NotAllowed, NotThere, ServiceAway
from kernel_bridge.gateway.asked import flag_of, limit_of, text_of
from kernel_bridge.gateway.errors import Busy, QueryFailed, TokenRefused
from kernel_bridge.gateway.fetching import Fetched, Reach, fetch
from kernel_bridge.gateway.secret import hide, read_secret
from kernel_bridge.gateway.services import SheetsService
from kernel_bridge.gateway.table import make_table, unique

# What Google puts into an address: https://developers.google.com/workspace/sheets/api/guides/concepts
SPREADSHEET = re.compile(r"[A-Za-z0-9_-]{1,200}")
VALUES = ("UNFORMATTED_VALUE", "FORMATTED_VALUE", "FORMULA")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRequest:
    """A range in A1 notation; its first row names the columns where `header`."""

    spreadsheet: str
    range: str
    header: bool
    values: str
    first: int | None


def parse_sheet_request(body: Mapping[str, object]) -> SheetRequest:
    """What a page or a kernel asks; raises BadRequest."""
    spreadsheet, values = text_of(body, "spreadsheet"), body.get("values", VALUES[0])
    if not SPREADSHEET.fullmatch(spreadsheet):
        raise BadRequest(
            "'spreadsheet' is no id of one",
            advice="take it from its address, after /spreadsheets/d/",
        )
    if values not in VALUES:
        raise BadRequest("'values' is not known", advice=f"send one of {', '.join(VALUES)}")
    return SheetRequest(
        spreadsheet=spreadsheet,
        range=text_of(body, "range"),
        header=flag_of(body, "header", default=True),
        values=str(values),
        first=limit_of(body),
    )


async def run_sheet(
    service: SheetsService, asked: SheetRequest, reach: Reach
) -> AsyncGenerator[pa.Schema | pa.RecordBatch]:
    """The schema, then batches; raises BridgeError."""
    token = None if service.token is None else read_secret(service.token, service.name)
    answer = await fetch(service, sheet_url(service.url, asked), reach)
    if answer.status == 401 and service.token is not None:
        # Whoever renews the token may have done so between reading and asking.
        renewed = read_secret(service.token, service.name)
        if renewed != token:
            token = renewed
            answer = await fetch(service, sheet_url(service.url, asked), reach)
    if answer.status != 200:
        raise read_refusal(service, asked, answer, token or "")
    table = make_sheet(service, answer.body, header=asked.header)
    yield table.schema
    for batch in table.to_batches(max_chunksize=10_000):
        yield batch


def sheet_url(base: str, asked: SheetRequest) -> str:
    """The documented address; nothing of what is asked can leave its place in it. Pure."""
    query = {"majorDimension": "ROWS", "valueRenderOption": asked.values}
    if asked.values != "FORMATTED_VALUE":
        query["dateTimeRenderOption"] = "FORMATTED_STRING"
    path = f"{quote(asked.spreadsheet, safe='')}/values/{quote(asked.range, safe='')}"
    return f"{base}/v4/spreadsheets/{path}?{urlencode(query)}"


def make_sheet(service: SheetsService, body: bytes, *, header: bool) -> pa.Table:
    """A ValueRange as a table; raises ServiceAway. Empty cells at a row's end are not sent. Pure."""
    try:
        rows = json.loads(body).get("values", [])
        if not all(isinstance(row, list) for row in rows):
            raise TypeError
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise ServiceAway(
            f"service {service.name!r} answers with what is no range of values",
            advice="ask who runs this Jupyter server to see the service's address",
        ) from None
    named = [str(cell) for cell in rows[0]] if header and rows else []
    rows = rows[1:] if header else rows
    width = max([len(named), *map(len, rows)], default=0)
    names = unique([*named, *[""] * (width - len(named))])
    columns = [list(column) for column in zip_longest(*rows)] or [[] for _ in names]
    columns += [[None] * len(rows)] * (width - len(columns))
    # An empty cell between others is sent as an empty text.
    return make_table(
        {
            name: [None if cell == "" else cell for cell in column]
            for name, column in zip(names, columns, strict=True)
        }
    )


def read_refusal(
    service: SheetsService, asked: SheetRequest, answer: Fetched, token: str
) -> BridgeError:
    """An answer that says no, as an error of ours. Pure."""
    try:
        told: Any = json.loads(answer.body)["error"]["message"]
        said = hide(str(told)[:500], token)
    except (ValueError, KeyError, TypeError, RecursionError):
        said = f"status {answer.status}"
    if answer.status == 401:
        return TokenRefused(
            f"service {service.name!r}: Google does not take the token (401): {said}",
            advice="its time is over, or it was revoked: who runs this Jupyter server writes a "
            "new one to the service's token-file",
        )
    if answer.status == 403:
        return NotAllowed(
            f"the token may not read spreadsheet {asked.spreadsheet} (403): {said}",
            advice="share the spreadsheet with the account that the token is of",
        )
    if answer.status == 404:
        return NotThere(
            f"there is no spreadsheet {asked.spreadsheet} (404): {said}",
            advice="take the id from its address, after /spreadsheets/d/",
        )
    if answer.status == 429:
        return Busy(
            f"service {service.name!r} takes no more for now (429): {said}",
            advice="wait a minute: Google counts requests by the minute",
        )
    if answer.status == 400:
        return QueryFailed(
            f"the range {asked.range!r} is refused (400): {said}",
            advice="write it in A1 notation, such as 'Sheet1!A1:D'",
        )
    return ServiceAway(
        f"service {service.name!r} answers {answer.status}: {said}", advice="try again later"
    )

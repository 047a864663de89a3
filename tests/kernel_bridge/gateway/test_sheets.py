import asyncio
import threading
import time
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from gatewaying import SHEET, TOKEN, Asked

from kernel_bridge.errors import BadRequest, BridgeError, NotAllowed, NotThere, ServiceAway
from kernel_bridge.gateway.errors import Busy, QueryFailed, TokenRefused
from kernel_bridge.gateway.fetching import Reach
from kernel_bridge.gateway.secret import SecretPlace
from kernel_bridge.gateway.services import SheetsService
from kernel_bridge.gateway.sheets import make_sheet, parse_sheet_request, run_sheet

REACH = Reach(hosts=("127.0.0.1",), bytes_limit=1 << 20)


@pytest.fixture
def service(sheets: Asked, tmp_path: Path) -> SheetsService:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    return SheetsService(name="google", url=sheets.url, token=SecretPlace(file=file), timeout=20)


def read(service: SheetsService, reach: Reach = REACH, **body: object) -> pa.Table:
    async def collect() -> pa.Table:
        asked = parse_sheet_request({"spreadsheet": SHEET, "range": "Sheet1!A1:D", **body})
        schema, *batches = [step async for step in run_sheet(service, asked, reach)]
        return pa.Table.from_batches(batches, schema)

    return asyncio.run(collect())


def test_a_range_is_a_table(service: SheetsService, sheets: Asked) -> None:
    table = read(service)
    assert table.column_names == ["name", "born", "here", "name.1"]
    assert table["name"].to_pylist() == ["Ada", "Bob", None, "Cyd"]
    assert table["born"].to_pylist() == [1815.0, None, None, 1990.5]
    assert table["here"].to_pylist() == [True, False, None, None]
    assert table["name.1"].to_pylist() == [None, "x", None, None]
    ((method, path, headers, _),) = sheets.requests
    assert method == "GET"
    assert path.startswith(f"/v4/spreadsheets/{SHEET}/values/Sheet1%21A1%3AD?majorDimension=ROWS")
    assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_without_a_header_the_columns_are_numbered(service: SheetsService) -> None:
    table = read(service, header=False)
    assert table.column_names == ["column 1", "column 2", "column 3", "column 4"]
    # Numbers below a text are text, as they would be in a cell.
    assert table["column 2"].to_pylist() == ["born", "1815", None, None, "1990.5"]


def test_an_empty_range_is_an_empty_table(service: SheetsService) -> None:
    assert read(service, range="Empty!A1:B").num_rows == 0


def test_a_range_never_leaves_its_place_in_the_address(
    service: SheetsService, sheets: Asked
) -> None:
    table = read(service, range="Größe/../x!A1", header=False, values="FORMATTED_VALUE")
    assert table.to_pylist() == [{"column 1": "a b", "column 2": 1}]
    for hostile in ("../../drive/v3/files", "A1?key=x", "A1#x", "A1\r\nHost: x", "%2e%2e/x"):
        with pytest.raises(QueryFailed):
            read(service, range=hostile)
    assert all(
        request[1].startswith(f"/v4/spreadsheets/{SHEET}/values/") for request in sheets.requests
    )


@pytest.mark.parametrize(
    ("spreadsheet", "error", "told"),
    [
        ("private", NotAllowed, "does not have permission"),
        ("none", NotThere, "not found"),
        ("often", Busy, "Quota exceeded"),
        ("elsewhere", ServiceAway, "redirect"),
    ],
)
def test_what_google_refuses_is_said(
    service: SheetsService, spreadsheet: str, error: type[BridgeError], told: str
) -> None:
    with pytest.raises(error, match=told) as refused:
        read(service, spreadsheet=spreadsheet)
    assert refused.value.advice


def test_a_token_that_is_over_is_said_plainly_and_not_told(
    service: SheetsService, sheets: Asked
) -> None:
    sheets.tokens.clear()
    with pytest.raises(TokenRefused, match="does not take the token") as refused:
        read(service)
    assert TOKEN not in f"{refused.value} {refused.value.advice}"
    assert len(sheets.requests) == 1


def test_a_token_that_was_just_renewed_is_tried(service: SheetsService, sheets: Asked) -> None:
    assert service.token is not None
    file = service.token.file
    assert file is not None
    sheets.tokens = {"renewed-token"}

    def renew() -> None:
        while not sheets.requests:
            time.sleep(0.01)
        file.write_text("renewed-token")

    # The server holds its first answer back until the token is another.
    known = sheets.tokens

    class Late(set[str]):
        def __contains__(self, token: object) -> bool:
            if token == TOKEN:
                thread.join()
            return token in known

    sheets.tokens = Late()
    thread = threading.Thread(target=renew)
    thread.start()
    assert read(service).num_rows == 4


def test_hosts_and_bytes_are_limited(service: SheetsService, sheets: Asked) -> None:
    with pytest.raises(NotAllowed):
        read(service, Reach(hosts=("sheets.googleapis.com",), bytes_limit=1 << 20))
    assert not sheets.requests
    with pytest.raises(BridgeError, match="more than 10 bytes"):
        read(service, Reach(hosts=("127.0.0.1",), bytes_limit=10))


@pytest.mark.parametrize(
    "body",
    [
        {"spreadsheet": "a/b"},
        {"spreadsheet": "../x"},
        {"spreadsheet": ""},
        {"range": ""},
        {"range": 3},
        {"values": "EVERYTHING"},
        {"header": "yes"},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        parse_sheet_request({"spreadsheet": SHEET, "range": "A1", **body})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"values": 3}', b'{"values": [3]}', b"\xff"]
)
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceAway):
        make_sheet(SheetsService(name="x", url="https://x"), body, header=True)

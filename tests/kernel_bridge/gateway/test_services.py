from pathlib import Path
from typing import Any

import pytest

from kernel_bridge.errors import BadSettings, ServiceAway
from kernel_bridge.gateway.errors import UnknownService
from kernel_bridge.gateway.secret import SecretPlace, hide, read_secret
from kernel_bridge.gateway.services import (
    DuckdbService,
    GraphqlService,
    PostgresqlService,
    SheetsService,
    find_service,
    kind_of,
    parse_services,
)

GIVEN: dict[str, Any] = {
    "warehouse": {"kind": "postgresql", "dsn-file": "/run/secrets/dsn", "timeout": 60},
    "files": {"kind": "duckdb", "folders": ["data/2024", "x"], "memory": 1000},
    "google": {"kind": "googlesheets", "token-env": "GOOGLE_TOKEN"},
    "tracker": {"kind": "graphql", "url": "https://api.example.org/graphql", "mutations": True},
}


def test_services_are_parsed_by_kind() -> None:
    services = parse_services(GIVEN)
    assert services["warehouse"] == PostgresqlService(
        name="warehouse", timeout=60, dsn=SecretPlace(file=Path("/run/secrets/dsn"))
    )
    assert services["files"] == DuckdbService(name="files", folders=("data/2024", "x"), memory=1000)
    assert isinstance(services["tracker"], GraphqlService)
    assert services["tracker"].mutations
    assert find_service(services, None, SheetsService).url == "https://sheets.googleapis.com"
    assert [kind_of(one) for one in services.values()] == [one["kind"] for one in GIVEN.values()]


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("postgresql://u:hunter2@h/d", "is no object"),
        ({"kind": "oracle"}, "has no kind"),
        ({"kind": ["graphql"]}, "has no kind"),
        ({}, "has no kind"),
        ({"kind": "postgresql"}, "has no dsn-file"),
        ({"kind": "postgresql", "dsn": "postgresql://u:hunter2@h/d"}, "a field 'dsn'"),
        ({"kind": "postgresql", "dsn-file": "hunter2"}, "bad dsn-file"),
        ({"kind": "postgresql", "dsn-file": "/x", "dsn-env": "X"}, "both"),
        ({"kind": "postgresql", "dsn-env": "hunter2 "}, "bad dsn-env"),
        ({"kind": "duckdb", "path": "/etc/x.duckdb"}, "bad path"),
        ({"kind": "duckdb", "path": "../x.duckdb"}, "bad path"),
        ({"kind": "duckdb", "path": "a/../../x"}, "bad path"),
        ({"kind": "duckdb", "folders": ["~root"]}, "bad folders"),
        ({"kind": "duckdb", "folders": "data"}, "folders that are no list"),
        ({"kind": "duckdb", "folders": [3]}, "bad folders"),
        ({"kind": "graphql"}, "bad url"),
        ({"kind": "graphql", "url": "https://u:hunter2@h/"}, "bad url"),
        ({"kind": "graphql", "url": "file:///etc/passwd"}, "bad url"),
        ({"kind": "graphql", "url": "http://[::1"}, "bad url"),
        ({"kind": "graphql", "url": "https://h/", "mutations": "yes"}, "bad mutations"),
        ({"kind": "graphql", "url": "https://h/", "header": "a: b\r\nc"}, "bad header"),
        ({"kind": "duckdb", "timeout": 0}, "bad timeout"),
        ({"kind": "duckdb", "queries": True}, "bad queries"),
    ],
)
def test_what_cannot_be_read_is_refused_and_no_secret_told(service: Any, message: str) -> None:
    with pytest.raises(BadSettings) as refused:
        parse_services({"w": service})
    assert message in str(refused.value)
    assert "hunter2" not in f"{refused.value} {refused.value.advice}"


def test_a_service_is_found_by_name_and_kind() -> None:
    services = parse_services(GIVEN)
    for name, kind in (
        ("nope", GraphqlService),
        ("warehouse", GraphqlService),
        ("", SheetsService),
    ):
        with pytest.raises(UnknownService):
            find_service(services, name, kind)
    with pytest.raises(UnknownService) as refused:
        find_service(services, None, (PostgresqlService, DuckdbService))
    assert "files, warehouse" in str(refused.value.advice)


def test_secrets_are_read_where_they_are_used(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hunter2\n")
    assert read_secret(SecretPlace(file=file), "w") == "hunter2"
    assert read_secret(SecretPlace(variable="X"), "w", {"X": "hunter2"}) == "hunter2"
    for text in ("", "two lines\nhunter2", "\xff"):
        file.write_bytes(text.encode("latin-1"))
        with pytest.raises(ServiceAway) as refused:
            read_secret(SecretPlace(file=file), "w")
        assert "hunter2" not in str(refused.value)
        assert str(tmp_path) not in str(refused.value)
    with pytest.raises(ServiceAway):
        read_secret(SecretPlace(file=tmp_path / "none"), "w")


def test_secrets_are_hidden() -> None:
    dsn = "postgresql://ada:p%40ss-word@db.example.org:5433/x"
    for told in (dsn, "p%40ss-word", "p@ss-word", "ada:p@ss-word@db.example.org:5433"):
        assert "ss-word" not in hide(f"no: {told} !", dsn)
    assert hide("password=other x", dsn) == "password=… x"

"""Tokens in the database, on both kinds of it."""

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from index_server.errors import BadRequest, Conflict, NotAuthenticated, NotHere
from index_server.holdings import Holdings
from index_server.people.access import Permission
from index_server.people.tokens import (
    TOKEN,
    Token,
    check_token,
    create_token,
    first_token,
    list_tokens,
    parse_token,
    read_token,
    revoke_token,
)
from index_server.records.changes import read_entries
from index_server.records.database import read_serial
from index_server.records.engine import reading
from index_server.records.schema import metadata

YEAR = timedelta(days=365)


def make(engine: Engine, name: str = "ci", **fields: Any) -> tuple[Token, str]:
    given = {"permissions": [Permission.UPLOAD], "lifetime": YEAR, "actor": "tests", **fields}
    return create_token(engine, name=name, **given)


def test_a_token_is_kept_as_a_hash_and_found_again(engine: Engine) -> None:
    before = read_serial(engine)
    token, text = make(
        engine, permissions=[Permission.READ, Permission.UPLOAD], projects=["Acme_*"]
    )
    assert TOKEN.fullmatch(text)
    secret = text.split("_", 2)[2]
    assert len(secret) >= 43, "32 bytes"
    assert token.projects == ("acme-*",)
    assert read_serial(engine) > before, "servers look for a new serial"
    assert read_token(engine, parse_token(text)) == token
    assert check_token(token, text, datetime.now(UTC)) is token
    with reading(engine) as connection:
        for table in metadata.tables.values():
            for row in connection.execute(table.select()):
                assert secret not in repr(row)
    assert token.digest not in repr(token)


def test_making_and_revoking_are_in_the_log(engine: Engine) -> None:
    token, _ = make(engine, projects=["acme-*"])
    revoke_token(engine, token.id, actor="ann")
    told = [(e.actor, e.action, e.subject, e.detail) for e in read_entries(engine)]
    subject = f"ci ({token.id})"
    assert told == [
        ("ann", "revoke token", subject, ""),
        ("tests", "create token", subject, "upload acme-*"),
    ]


def test_a_revoked_token_is_refused_and_its_name_is_free(engine: Engine) -> None:
    token, text = make(engine)
    with pytest.raises(Conflict, match="a token ci already"):
        make(engine)
    revoke_token(engine, token.id, actor="tests")
    with pytest.raises(NotHere, match="to revoke"):
        revoke_token(engine, token.id, actor="tests")
    with pytest.raises(NotAuthenticated, match="was revoked"):
        check_token(read_token(engine, token.id), text, datetime.now(UTC))
    again, _ = make(engine)
    assert [found.id for found in list_tokens(engine)] == [token.id, again.id]


def test_an_expired_token_is_refused(engine: Engine) -> None:
    token, text = make(engine)
    assert token.expires_at is not None
    check_token(token, text, token.expires_at - timedelta(seconds=1))
    with pytest.raises(NotAuthenticated, match="expired"):
        check_token(token, text, token.expires_at)
    forever, text = make(engine, "forever", lifetime=None)
    check_token(forever, text, datetime.now(UTC) + 100 * YEAR)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "porter_",
        "porter_0123456789ab_short",
        "porter_0123456789AB_" + "a" * 43,
        " porter_0123456789ab_" + "a" * 43,
        "porter_0123456789ab_" + "a" * 43 + "\n",
        "porter_0123456789ab_" + "é" * 43,
        "porter_0123456789ab_" + "a" * 5000,
        "pypi-AgEIcHlwaS5vcmc",
    ],
)
def test_what_is_no_token_is_refused_before_the_database_is_asked(text: str) -> None:
    with pytest.raises(NotAuthenticated, match="no token of an index"):
        parse_token(text)


def test_a_token_with_anothers_secret_is_refused(engine: Engine) -> None:
    token, text = make(engine)
    other, _ = make(engine, "other")
    for found in (other, None):
        with pytest.raises(NotAuthenticated, match="did not make"):
            check_token(found, text, datetime.now(UTC))
    with pytest.raises(NotAuthenticated):
        check_token(token, text[:-1] + ("A" if text[-1] != "A" else "B"), datetime.now(UTC))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "a" * 65},
        {"name": "ci\n"},
        {"name": "ci "},
        {"name": "<script>"},
        {"name": "cli:root"},
        {"name": "ann@example.org"},
        {"permissions": []},
        {"projects": ["[a-z]"]},
        {"projects": ["a b"]},
        {"projects": [""]},
        {"projects": ["a"] * 51},
        {"lifetime": timedelta()},
        {"lifetime": timedelta(days=-1)},
        {"lifetime": timedelta(days=3651)},
    ],
    ids=repr,
)
def test_what_makes_no_token(index: Holdings, fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        make(index.engine, **{"name": "ci", **fields})
    assert list_tokens(index.engine) == []


def test_the_first_token_is_told_once_though_servers_start_at_once(index: Holdings) -> None:
    told: list[str | None] = []
    threads = [threading.Thread(target=lambda: told.append(first_token(index))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [text for text in told if text is not None]
    assert len(told) == 4
    assert len(texts) == 1
    assert re.fullmatch(r"porter_\w{12}_[\w-]{43}", texts[0])
    [token] = list_tokens(index.engine)
    revoke_token(index.engine, token.id, actor="tests")
    assert first_token(index) is None, "whoever revoked it makes another on the command line"

"""Sessions and path tokens: signed, for one purpose, and for a while."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_server.errors import BadRequest, NotAllowed, NotAuthenticated
from index_server.people.access import Permission, Principal
from index_server.people.grants import Grant, Holder, HolderKind, Kind, read_grant, sign_grant
from index_server.people.pathtokens import make_path_token

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOLDER = Holder(kind=HolderKind.PERSON, name="ann@example.org")
GRANT = Grant(holder=HOLDER, expires_at=NOW + timedelta(hours=1), projects=("acme-*", "b"))
ADMIN = Principal(name="root", permissions=frozenset((Permission.ADMIN,)))


@pytest.mark.parametrize("kind", list(Kind))
def test_a_grant_is_read_as_it_was_signed(kind: Kind) -> None:
    text = sign_grant("key", kind, GRANT)
    assert read_grant("key", kind, text, NOW) == GRANT
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    with pytest.raises(NotAuthenticated, match="expired"):
        read_grant("key", kind, text, GRANT.expires_at)


def test_one_kind_is_never_taken_for_another_nor_another_key() -> None:
    text = sign_grant("key", Kind.PATH, GRANT)
    for key, kind in (("key", Kind.SESSION), ("key", Kind.OPENID), ("other", Kind.PATH)):
        with pytest.raises(NotAuthenticated, match="did not sign"):
            read_grant(key, kind, text, NOW)


@given(st.text(max_size=200))
def test_nothing_made_up_is_a_grant(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_grant("key", Kind.PATH, text, NOW)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_grant_is_none(place: int, change: int) -> None:
    text = bytearray(sign_grant("key", Kind.PATH, GRANT).encode())
    text[place % (len(text) - 1)] ^= change
    with pytest.raises(NotAuthenticated):
        read_grant("key", Kind.PATH, text.decode("latin-1"), NOW)


def make(maker: Principal, *projects: str, seconds: float = 60) -> Grant:
    lifetime = timedelta(seconds=seconds)
    return make_path_token("key", holder=HOLDER, maker=maker, projects=projects, lifetime=lifetime)[
        1
    ]


def test_a_path_token_is_for_no_more_than_its_maker() -> None:
    reader = Principal(
        name="ci", permissions=frozenset((Permission.READ,)), projects=("acme-*", "tool")
    )
    assert make(ADMIN).projects == ()
    assert make(reader).projects == reader.projects
    for allowed in ("acme-tools", "acme-t*", "ACME_*", "tool"):
        assert make(reader, allowed).projects
    for refused in ("*", "a*", "acme", "tool*", "*acme-x", "other"):
        with pytest.raises(NotAllowed, match="may not read"):
            make(reader, refused)
    uploader = Principal(name="ci", permissions=frozenset((Permission.UPLOAD,)))
    with pytest.raises(NotAllowed, match="may not read"):
        make(uploader)


@pytest.mark.parametrize("seconds", [-1, 0, 86_401, 1e9])
def test_a_path_token_does_not_live_long(seconds: float) -> None:
    with pytest.raises(BadRequest, match="at most 86400 seconds"):
        make(ADMIN, seconds=seconds)

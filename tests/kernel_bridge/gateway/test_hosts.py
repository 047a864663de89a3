import asyncio

import pytest

from kernel_bridge.errors import NotAllowed, ServiceAway
from kernel_bridge.gateway.hosts import ListedResolver, check_address, check_host, find_addresses

LISTED = ("api.example.org", "db.example.org:5432", "127.0.0.1:9000", "[::1]:9000", "10.0.0.5")


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("api.example.org", 443),
        ("API.example.org.", 1),
        ("db.example.org", 5432),
        ("127.0.0.1", 9000),
        ("::1", 9000),
        ("10.0.0.5", 80),
    ],
)
def test_listed_hosts_are_asked(host: str, port: int) -> None:
    check_host(LISTED, host, port)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("", 443),
        ("example.org", 443),
        ("api.example.org.evil.test", 443),
        ("evil-api.example.org", 443),
        ("api.example.org@evil.test", 443),
        ("db.example.org", 5433),
        ("127.0.0.1", 9001),
        ("127.1", 9000),
        ("2130706433", 9000),
        ("0x7f000001", 9000),
        ("0177.0.0.1", 9000),
        ("::ffff:127.0.0.1", 9000),
        ("localhost", 9000),
        ("0.0.0.0", 9000),  # noqa: S104
        ("169.254.169.254", 80),
        ("10.0.0.50", 80),
        ("*", 80),
    ],
)
def test_others_are_not(host: str, port: int) -> None:
    with pytest.raises(NotAllowed):
        find_addresses(LISTED, host, port)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "169.254.169.254",
        "fe80::1%eth0",
        "0.0.0.0",  # noqa: S104
        "::",
        "224.0.0.1",
        "240.0.0.1",
    ],
)
def test_a_listed_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(NotAllowed):
        check_address(LISTED, "api.example.org", 443, address)


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("api.example.org", 443, "93.184.215.14"),
        ("db.example.org", 5432, "10.1.2.3"),
        ("api.example.org", 9000, "127.0.0.1"),
        ("127.0.0.1", 9000, "127.0.0.1"),
        ("localhost", 80, "127.0.0.1"),
    ],
)
def test_where_they_may_lead(host: str, port: int, address: str) -> None:
    check_address(LISTED, host, port, address)


def test_what_is_connected_to_is_what_was_checked() -> None:
    resolver = ListedResolver(hosts=("localhost",))
    found = asyncio.run(_resolve(resolver, "localhost"))
    assert {where[0] for _, where in found} <= {"127.0.0.1", "::1"}
    with pytest.raises(NotAllowed):
        asyncio.run(_resolve(resolver, "127.0.0.1"))
    with pytest.raises(ServiceAway):
        find_addresses(("no-such-host.invalid",), "no-such-host.invalid", 80)


async def _resolve(resolver: ListedResolver, host: str) -> list[tuple[int, tuple[str, int]]]:
    return await resolver.resolve(host, 80)

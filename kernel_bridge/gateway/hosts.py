"""Which hosts the gateway may ask, and which addresses they may have.

A service's host is on the list of the settings, as `host` (any port) or `host:port`. A name that
leads to this machine, to a link's own addresses (where clouds tell their secrets) or to nobody's
is refused unless that address is on the list too. What was checked is what is connected to.
"""

import asyncio
import socket
from collections.abc import Awaitable, Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from tornado.netutil import Resolver

from kernel_bridge.errors import NotAllowed, ServiceAway

LISTED = "who runs this Jupyter server puts hosts into c.PorterBridge.hosts"


def check_host(hosts: Collection[str], host: str, port: int) -> None:
    """A host and a port are on the list; raises NotAllowed."""
    if not _listed(hosts, host, port):
        raise NotAllowed(f"the host {host[:200]!r} (port {port}) is not on the list", advice=LISTED)


def check_address(hosts: Collection[str], host: str, port: int, address: str) -> None:
    """An address that a listed host has may be connected to; raises NotAllowed."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if _written_as_address(host) or _listed(hosts, str(found), port):
        return
    if host.lower().rstrip(".") == "localhost" and found.is_loopback:
        return
    odd = found.is_loopback or found.is_link_local or found.is_multicast
    if odd or found.is_unspecified or found.is_reserved:
        raise NotAllowed(
            f"the host {host[:200]!r} leads to {found}, which is not on the list", advice=LISTED
        )


def find_addresses(hosts: Collection[str], host: str, port: int) -> list[tuple[int, Any]]:
    """Where a listed host is, as `(family, socket address)`; raises NotAllowed, ServiceAway."""
    check_host(hosts, host, port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServiceAway(f"the host {host!r} is not known", advice="see its name") from error
    for _, _, _, _, where in found:
        check_address(hosts, host, port, str(where[0]))
    return [(family, where) for family, _, _, _, where in found]


class ListedResolver(Resolver):
    """Tornado's way to addresses, with the list in between."""

    def initialize(self, hosts: Collection[str] = ()) -> None:
        """`hosts` are those of the settings."""
        self._hosts = hosts

    def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> Awaitable[list[tuple[int, Any]]]:
        """As `find_addresses`."""
        del family
        return asyncio.to_thread(find_addresses, self._hosts, host, port)


def _listed(hosts: Collection[str], host: str, port: int) -> bool:
    plain = host.lower().rstrip(".").strip("[]")
    shown = f"[{plain}]" if ":" in plain else plain
    return shown in hosts or f"{shown}:{port}" in hosts


def _written_as_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

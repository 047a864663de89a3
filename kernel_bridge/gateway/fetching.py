"""One request to a service by HTTP: only to listed hosts, never after a redirect."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from kernel_bridge.errors import BridgeError, ServiceAway, TooMuch
from kernel_bridge.gateway.hosts import ListedResolver, check_host
from kernel_bridge.gateway.secret import read_secret
from kernel_bridge.gateway.services import HttpService

CONNECT = 10.0
# Ours are lower; what Tornado counts is not told apart from a broken connection.
UNBOUND = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer; names of `headers` in any case, as Tornado has them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a request goes: to which hosts, and for how many bytes."""

    hosts: Collection[str]
    bytes_limit: int


async def fetch(
    service: HttpService, url: str, reach: Reach, *, body: bytes | None = None
) -> Fetched:
    """The answer, whatever its status; raises NotAllowed, ServiceAway and TooMuch.

    It is asked with GET, or with POST where there is a body of JSON.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    check_host(reach.hosts, parts.hostname or "", port)
    received = bytearray()
    refused: list[BridgeError] = []

    def take(chunk: bytes) -> None:
        received.extend(chunk)
        if len(received) > reach.bytes_limit:
            refused.append(too_many_bytes(reach.bytes_limit))
            raise refused[0]

    request = HTTPRequest(
        url,
        method="GET" if body is None else "POST",
        headers=_headers(service, body),
        body=body,
        follow_redirects=False,
        connect_timeout=CONNECT,
        request_timeout=service.timeout,
        streaming_callback=take,
        decompress_response=False,
    )
    resolver = ListedResolver(hosts=reach.hosts)
    client = SimpleAsyncHTTPClient(force_instance=True, resolver=resolver, max_body_size=UNBOUND)
    try:
        answer = await client.fetch(request, raise_error=False)
    except (OSError, HTTPClientError, ValueError):
        if refused:
            raise refused[0] from None
        # What the library tells may have the request's headers in it.
        raise _away(service) from None
    finally:
        client.close()
    if refused:
        raise refused[0]
    if answer.code == 599:
        raise _away(service)
    if 300 <= answer.code < 400:
        raise ServiceAway(
            f"service {service.name!r} answers with a redirect, which is not followed",
            advice="ask who runs this Jupyter server to set the address that it leads to",
        )
    return Fetched(status=answer.code, headers=answer.headers, body=bytes(received))


def too_many_bytes(limit: int) -> TooMuch:
    """More than one answer may have."""
    return TooMuch(
        f"the answer has more than {limit:,} bytes, the most that this server passes on",
        advice="ask for fewer rows or columns",
    )


def _headers(service: HttpService, body: bytes | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if service.token is not None:
        token = read_secret(service.token, service.name)
        bearer = service.header.lower() == "authorization"
        headers[service.header] = f"Bearer {token}" if bearer else token
    return headers


def _away(service: HttpService) -> ServiceAway:
    return ServiceAway(
        f"service {service.name!r} cannot be reached",
        advice="try again; if it stays so, ask who runs this Jupyter server",
    )

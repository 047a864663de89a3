"""The way from a server's kernel to the bridge: over loopback, with the kernel's own token.

The Jupyter server puts `PORTER_GATEWAY_URL` (the address that ends in `porter/`) and
`PORTER_GATEWAY_TOKEN` into the environment of each kernel that it starts.
"""

import http.client
import json
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

HEADER = "X-Porter-Kernel"
# Seconds until an answer begins; events come at least every 15.
PATIENCE = 60.0


class GatewayError(Exception):
    """The bridge said no, or cannot be reached; `advice` is what to do next, or empty.

    `status` is the HTTP status, 0 where there was no answer; `error` the class that it names.
    """

    def __init__(self, message: str, *, advice: str = "", status: int = 0, error: str = "") -> None:
        super().__init__(message)
        self.advice = advice
        self.status = status
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where the bridge is; `url` ends in a slash."""

    url: str
    token: str

    def ask(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        body: bytes | memoryview | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer, of JSON; raises GatewayError."""
        answer = self.open(method, path, json_body=json_body, body=body, headers=headers)
        try:
            data = answer.read()
            return json.loads(data) if data else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _away(self.url, error) from error
        finally:
            answer.close()

    def open(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        body: bytes | memoryview | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        """The answer as it comes, for the caller to close; raises GatewayError."""
        told = {HEADER: self.token, "Accept": "application/json", **(headers or {})}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            told["Content-Type"] = "application/json"
        parts = urlsplit(self.url)
        connection = _connect(parts.scheme, parts.hostname or "127.0.0.1", parts.port)
        try:
            connection.request(method, parts.path + path, body=body, headers=told)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _away(self.url, error) from error
        except BaseException:
            connection.close()  # an interrupt: its traceback would hold the connection open
            raise
        if answer.status >= 400:
            refusal = _refusal(answer)
            connection.close()
            raise refusal
        return answer


def find_gateway(env: Mapping[str, str] | None = None) -> Gateway:
    """The gateway that the environment names; raises GatewayError where it names none."""
    env = os.environ if env is None else env
    url, token = env.get("PORTER_GATEWAY_URL", ""), env.get("PORTER_GATEWAY_TOKEN", "")
    if not url or not token:
        raise GatewayError(
            "this kernel knows of no gateway",
            advice="start it from a Jupyter server that has Porter's kernel bridge",
        )
    return Gateway(url=url if url.endswith("/") else url + "/", token=token)


def _connect(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=PATIENCE)
    context = ssl.create_default_context()
    if host in ("127.0.0.1", "::1"):
        # The server's certificate has the name that people know it by, not that of loopback.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)


def _refusal(answer: http.client.HTTPResponse) -> GatewayError:
    data = answer.read(1 << 20)
    try:
        told = json.loads(data)
        message, advice = str(told["message"]), str(told.get("advice", ""))
        return GatewayError(
            message, advice=advice, status=answer.status, error=str(told.get("error", ""))
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return GatewayError(f"the bridge answered {answer.status}", status=answer.status)


def _away(url: str, error: Exception) -> GatewayError:
    return GatewayError(
        f"the bridge at {url} cannot be reached: {error}",
        advice="see that the Jupyter server runs, and start the kernel anew",
    )

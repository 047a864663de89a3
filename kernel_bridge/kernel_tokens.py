"""Tokens by which a server's own kernels are known at the bridge's addresses.

A kernel finds the address and its token in its environment, `PORTER_GATEWAY_URL` and
`PORTER_GATEWAY_TOKEN`. A token is good for the bridge alone, and for as long as its kernel lives.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jupyter_server.base.call_context import CallContext

URL = "PORTER_GATEWAY_URL"
TOKEN = "PORTER_GATEWAY_TOKEN"  # noqa: S105 — a variable's name
# A kernel sends it in this header: Authorization belongs to Jupyter's own tokens.
HEADER = "X-Porter-Kernel"


class Kernels(Protocol):
    """What is asked of `jupyter_client.multikernelmanager.MultiKernelManager`."""

    start_kernel: Any

    def new_kernel_id(self, **options: Any) -> str:
        """An id that no kernel has."""
        ...

    def __contains__(self, kernel_id: str, /) -> bool: ...


class KernelTokens:
    """Makes and reads tokens, `KERNEL.SIGNATURE`, by a secret of this process."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._owners: dict[str, str] = {}

    def issue(self, kernel: str, *, owner: str = "") -> str:
        """The token of a kernel, by its id; `owner` is the user who started it."""
        self._owners[kernel] = owner
        return f"{kernel}.{self._sign(kernel)}"

    def owner_of(self, kernel: str) -> str:
        """The user who started a kernel, "" where nobody is known."""
        return self._owners.get(kernel, "")

    def kernel_of(self, token: str) -> str | None:
        """Whose token it is, None where it is nobody's."""
        kernel, _, signature = token.rpartition(".")
        known = hmac.compare_digest(self._sign(kernel).encode(), signature.encode())
        return kernel if known and kernel else None

    def _sign(self, kernel: str) -> str:
        text = kernel.encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def give_tokens(kernels: Kernels, tokens: KernelTokens, address: Callable[[], str]) -> None:
    """Have each kernel that is started from now on find its token in its environment.

    `address` is asked at each start: a server knows its port only once it listens.
    """
    start = kernels.start_kernel

    async def start_with_token(*, kernel_id: str | None = None, **options: Any) -> str:
        if kernel_id is None:
            kernel_id = kernels.new_kernel_id()
        if kernel_id not in kernels:
            env: Mapping[str, str] = options.get("env") or os.environ
            token = tokens.issue(kernel_id, owner=_user())
            options["env"] = {**env, URL: address(), TOKEN: token}
        started: str = await start(kernel_id=kernel_id, **options)
        return started

    kernels.start_kernel = start_with_token


def _user() -> str:
    """Who asks for the kernel, by the request that this is part of."""
    asking = CallContext.get(CallContext.JUPYTER_HANDLER)
    return str(getattr(getattr(asking, "current_user", None), "username", ""))

"""Addresses that a server's own kernels may ask too, with the token of their environment."""

from jupyter_server.auth import IdentityProvider, PasswordIdentityProvider, User
from jupyter_server.auth.identity import LegacyIdentityProvider
from jupyter_server.serverapp import ServerApp

from kernel_bridge.kernel_tokens import HEADER, KernelTokens, give_tokens
from kernel_bridge.web.handler import BridgeHandler, Route

SETTING = "porter_kernel_tokens"
# A server that listens at these listens on loopback too.
ANYWHERE = ("", "0.0.0.0", "*", "localhost", "::")  # noqa: S104 — compared with

# They let in whoever has the one secret, and make up a name for each: that is one person.
ONE_PERSON = (IdentityProvider, PasswordIdentityProvider, LegacyIdentityProvider)


class KernelHandler(BridgeHandler):
    """A handler that lets in people as Jupyter does, and kernels of this server that live.

    `kernel` is the id of the kernel that asks, None where it is a person.
    """

    kernel: str | None = None

    async def prepare(self) -> None:  # type: ignore[override] # as APIHandler's
        """A kernel's token is as good as a person's here; a wrong one is no token."""
        token = self.request.headers.get(HEADER)
        tokens = self.settings.get(SETTING)
        if token is not None and isinstance(tokens, KernelTokens):
            kernel = tokens.kernel_of(token)
            if kernel is not None and kernel in self.kernel_manager:
                self.kernel = kernel
                self._jupyter_current_user = User(username=f"kernel:{kernel}")
                self._token_authenticated = True
        await super().prepare()

    @property
    def owner(self) -> str:
        """Whose uploads and jobs these are: a user's name, "" where the server has one user."""
        if type(self.identity_provider) in ONE_PERSON:
            return ""
        if self.kernel is not None:
            tokens: KernelTokens = self.settings[SETTING]
            return tokens.owner_of(self.kernel) or f"kernel:{self.kernel}"
        return str(self.current_user.username)


def set_up(server: ServerApp) -> None:
    """Give each kernel that is started from now on its token."""
    tokens = server.web_app.settings[SETTING] = KernelTokens()
    give_tokens(server.kernel_manager, tokens, lambda: loopback(server))


def loopback(server: ServerApp) -> str:
    """The bridge's address for programs of this machine; it ends in a slash."""
    scheme = "https" if server.certfile else "http"
    host = "127.0.0.1" if server.ip in ANYWHERE else server.ip
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{server.port}{server.base_url}porter/"


def routes() -> list[Route]:
    """None of its own."""
    return []

"""Addresses that a server's own kernels may ask too, with the token of their environment."""

from jupyter_server.auth import IdentityProvider, PasswordIdentityProvider, User
from jupyter_server.auth.identity import LegacyIdentityProvider

from kernel_bridge.kernel_tokens import HEADER, KernelTokens
from kernel_bridge.web.handler import BridgeHandler

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
        tokens = self.settings.get("porter_kernel_tokens")
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
            tokens: KernelTokens = self.settings["porter_kernel_tokens"]
            return tokens.owner_of(self.kernel) or f"kernel:{self.kernel}"
        return str(self.current_user.username)

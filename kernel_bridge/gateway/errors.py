"""Every way the gateway says no, beside those of the whole bridge."""

from kernel_bridge.errors import BridgeError


class UnknownService(BridgeError):
    """The settings name no such service."""

    status = 404
    exit_code = 2


class UntrustedNotebook(BridgeError):
    """The notebook that asks is not trusted, or nobody knows which one it is."""

    status = 403
    exit_code = 2


class QueryFailed(BridgeError):
    """The service understood who asks, and refuses what is asked."""

    status = 422
    exit_code = 2


class Busy(BridgeError):
    """As many queries run as may run at once."""

    status = 429
    exit_code = 4


class TokenRefused(BridgeError):
    """The service does not take the token, or the password, that the server has for it."""

    status = 502
    exit_code = 4


class TooSlow(BridgeError):
    """A query took longer than its service may."""

    status = 504
    exit_code = 4


class Cancelled(BridgeError):
    """A query was ended by who asked."""

    status = 409
    exit_code = 4

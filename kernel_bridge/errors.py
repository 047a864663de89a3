"""Every way the bridge says no, each with its HTTP status and the next step.

The command line catches them as it does Porter's own; `kernel_bridge.web.handler` turns them into
answers by their `status`.
"""

from typing import ClassVar

from porter.errors import PorterError


class BridgeError(PorterError):
    """What failed, where, and what to do next; `status` is the HTTP status that says so."""

    status: ClassVar[int] = 500


class BadSettings(BridgeError):
    """The bridge's settings cannot be read as written."""

    exit_code = 2


class BadRequest(BridgeError):
    """What is asked for cannot be read as written."""

    status = 400
    exit_code = 2


class NotAllowed(BridgeError):
    """The settings do not allow what is asked for: a host, a size, a notebook nobody trusts."""

    status = 403
    exit_code = 2


class NotThere(BridgeError):
    """What is asked for is not known here, or no longer."""

    status = 404
    exit_code = 4


class TooMuch(BridgeError):
    """More bytes or rows than the settings allow."""

    status = 413
    exit_code = 2


class ServiceAway(BridgeError):
    """A service behind the bridge cannot be reached, or does not answer as it should."""

    status = 502
    exit_code = 4

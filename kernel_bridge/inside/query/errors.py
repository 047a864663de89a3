"""Every way a magic says no before anything is asked."""

from kernel_bridge.inside.errors import InsideError


class BadMagic(InsideError):
    """A magic's line or body cannot be read as written."""


class BadValue(InsideError):
    """A value cannot be bound to a parameter."""


class QueryError(InsideError):
    """The gateway, or the service behind it, says no."""

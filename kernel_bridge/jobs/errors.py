"""How uploads and jobs say no."""

from kernel_bridge.errors import BridgeError


class Conflict(BridgeError):
    """What is asked for does not go with what is there already."""

    status = 409
    exit_code = 2


class WrongDigest(BridgeError):
    """A chunk's bytes are not those that its digest tells of."""

    status = 422
    exit_code = 2


class NoSpace(BridgeError):
    """The spool holds as much as it may: of one user, or of all."""

    status = 507
    exit_code = 2


class JobFailed(BridgeError):
    """A job could not do what it was to; raised on a worker, told in the job's state."""


class Stopped(BridgeError):
    """A job found that nobody wants its result any more."""


class TierAway(BridgeError):
    """The compute tier cannot be reached, or its workers ended."""

    status = 502
    exit_code = 4

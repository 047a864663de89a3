"""The server's log: JSON lines on stderr, one a write, a refusal, or a failure; reads are sampled.

No token is ever in it: not from a header, which are not logged, nor from a path or a message.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# `/t/TOKEN/…` before its prefix is taken off, and tokens wherever they may be.
SECRET = re.compile(r"(?<=/t/)[^/\s\"']+|porter_[A-Za-z0-9_-]+|(?i:(?<=basic )|(?<=bearer ))\S+")
HIDDEN = "***"
READS = frozenset(("GET", "HEAD", "OPTIONS"))
# Of that many reads that went well, one is logged.
SAMPLE = 1000

log = structlog.get_logger("index_server")
_reads = 0


def configure() -> None:
    """Have everything that is logged in this process go through here; called once a process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def note(
    scope: Mapping[str, Any], *, route: str, status: int, seconds: float, principal: str
) -> None:
    """Log a request, if it is one to log; called by the event loop's thread alone.

    Status 404 is what clients of several indexes get all day.
    """
    global _reads  # noqa: PLW0603 # a count of this process
    method = scope["method"]
    if method in READS and 0 < status < 500 and status not in (401, 403):
        _reads += 1
        if _reads % SAMPLE:
            return
    write = log.error if status >= 500 or status == 0 else log.info
    write(
        "request",
        method=method,
        path=scope["path"],
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        who=principal,
        client=(scope.get("client") or ("",))[0],
    )


def hide_secrets(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog: what looks like a token is replaced, in every value."""
    for name, value in event.items():
        event[name] = _hide(value)
    return event


def _hide(value: Any) -> Any:
    match value:
        case str():
            return SECRET.sub(HIDDEN, value)
        case Mapping():
            return {key: _hide(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_hide(inner) for inner in value]
    return value

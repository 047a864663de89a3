"""The few lines of a failing build's log that a person needs first."""

import re
from collections.abc import Sequence

MEANT = re.compile(
    r"(^Failed to |\bcommand not found|fatal error:|\berror:|\bError:|^ERROR\b|undefined symbol|No such file or directory"
    r"|^\w+(Error|Exception)\b|CMake Error|No module named)"
)
# What stands around every failure and explains none: the drivers' own last words.
NOISE = re.compile(
    r"(^\s*File \"|^Traceback|^\s*\^|^\s+~|CalledProcessError|BuildBackendException|Backend "
    r"subprocess exited|error: command '.*' failed with exit code|emcc: error: '.*' failed"
    r"|^\* |returned non-zero exit status|ninja: build stopped|During handling of|\d+ errors? generated)"
)
OFFLINE = re.compile(
    r"(Failed to fetch|error sending request|dns error|Name or service not known"
    r"|Temporary failure in name resolution|NewConnectionError|NameResolutionError"
    r"|Connection refused)"
)
FULL = re.compile(r"(No space left on device|Disk quota exceeded|File too large)")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
LINES = 6


def summarise_failure(lines: Sequence[str]) -> tuple[str, ...]:
    """At most six lines of a log that say why it ended, the first cause first.

    Where no line looks like a cause, the last ones stand in.
    """
    clean = [ANSI.sub("", line).rstrip() for line in lines]
    meant = [line for line in clean if MEANT.search(line) and not NOISE.search(line)]
    # What is said again, as by one compiler after the other, is read once.
    found = list(dict.fromkeys(meant))[:LINES]
    if not found:
        last = dict.fromkeys(line for line in reversed(clean) if line.strip())
        found = list(last)[:LINES][::-1]
    return tuple(line.strip() for line in found)


def says_offline(lines: Sequence[str]) -> bool:
    """Whether the log tells of an index that could not be reached."""
    return any(OFFLINE.search(line) for line in lines)


def says_full(lines: Sequence[str]) -> bool:
    """Whether the log tells of a full disk."""
    return any(FULL.search(line) for line in lines)

"""Every way Porter says no, each with its exit code and the next step.

Exit codes: 1 it ran and the answer is no, 2 usage or configuration, 3 a build or
command failed, 4 an input or a server could not be reached.
"""

from pathlib import Path
from typing import ClassVar


class PorterError(Exception):
    """What failed, where, and what to do next.

    ``message`` is one line; ``advice`` one line or empty; ``log`` the file that holds
    everything a person would need to look further.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, advice: str = "", log: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.log = log


class UsageError(PorterError):
    """A command was called with something it does not take."""

    exit_code = 2


class ConfigurationError(PorterError):
    """A recipe, a project file or a setting cannot be read as written."""

    exit_code = 2


class UnknownPlatform(PorterError):
    """No platform of that name is in platforms.toml."""

    exit_code = 2


class MissingRequirement(PorterError):
    """This machine lacks a program that the task needs."""

    exit_code = 2


class WrongPython(MissingRequirement):
    """There is no Python of the platform's minor version, which pyodide-build has to run on."""


class SourceNotFound(PorterError):
    """The source named does not exist."""

    exit_code = 4


class HashMismatch(PorterError):
    """Bytes that arrived are not the bytes that were promised."""

    exit_code = 4


class Unreachable(PorterError):
    """A registry, named by its role, did not answer or does not have the file."""

    exit_code = 4


class UnsafeArchive(PorterError):
    """An archive holds a member that would be written outside its folder."""

    exit_code = 4


class CommandFailed(PorterError):
    """A child process ended with an error; the log holds all it printed."""


class BuildFailed(CommandFailed):
    """The project's build backend gave no wheel."""


class AuditFailed(PorterError):
    """A wheel was built that would not work on the platform."""

    exit_code = 1


class PublishFailed(PorterError):
    """An index refused a file, or does not show it."""

    exit_code = 1


class LoginRefused(PorterError):
    """An index does not know the token, or the token may not do this."""

    exit_code = 2


class CommandTimedOut(CommandFailed):
    """A child process was stopped at its time limit."""


class NoSpace(PorterError):
    """The disk is full; what was half-written has been removed."""


class NotWritable(PorterError):
    """A folder that must be written to cannot be."""

    exit_code = 2


class ToolchainNotFound(PorterError):
    """No provider could give a compiler for the platform."""

    exit_code = 2


class CratesMissing(PorterError):
    """A Rust project needs crates that are neither vendored nor in Debian's archive."""

    exit_code = 4


class BadCluster(PorterError):
    """A cluster cannot be reached, or none of its workers can do what they are to."""

    exit_code = 4


class StoreAway(PorterError):
    """A shared store does not answer, or may not be read or written."""

    exit_code = 4


class StoreDamaged(PorterError):
    """What a shared store has is not what it says it is."""

    exit_code = 1


class Interrupted(PorterError):
    """Ctrl-C: scratch files are gone, finished work is kept."""

    exit_code = 130

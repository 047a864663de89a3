"""The catalogue's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from compat_report.reported import ResolvedFile


class Origin(StrEnum):
    """Where an import comes from."""

    STDLIB = "stdlib"
    """The runtime's own standard library."""
    LOCK = "lock"
    """The release's lock file, the parts of the standard library that it loads among them."""
    KERNEL = "kernel"
    """The kernel itself, or one of the empty modules it puts in place of a real one."""
    INDEX = "index"
    """The private index."""
    PYPI = "pypi"
    """The public index."""
    MAPPING = "mapping"
    """The company's own mapping file says so."""


class State(StrEnum):
    """What becomes of an import."""

    WORKS = "works"
    BROKEN = "broken"
    """It imports, and what it is for does not work."""
    MISSING = "missing"
    """No platform-compatible form of it can be had."""
    UNKNOWN = "unknown"
    """A source that would know could not be asked, or nobody knows which project it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What is known of one import: `name` is the dotted prefix that the answer is for.

    `project` is the normalised project to install for it, None where nothing is installed.
    `detail` says in a few words why the state is what it is: "sdist only", "removed from the
    runtime".
    """

    name: str
    state: State
    origin: Origin | None = None
    project: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a set of requirements cannot be installed, or what is to say of it.

    `code` is a rule of rules.toml, whose severity tells which; `project` what it is about,
    normalised; `chain` leads to it from the requirement that was asked for, both ends in it.
    """

    code: str
    project: str
    chain: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What micropip would install for a set of requirements, in the order it would be loaded."""

    files: tuple[ResolvedFile, ...] = ()
    problems: tuple[Problem, ...] = ()


class Catalog(Protocol):
    """All that is known of one platform and one kernel.

    Asking is safe from several threads; what was asked once is remembered.
    """

    @property
    def identity(self) -> str:
        """Names all that answers follow from: equal identities give equal answers."""
        ...

    def look_up(self, name: str) -> Provided:
        """What is known of a dotted import; the longest prefix that is known decides."""
        ...

    def resolve(self, requirements: Sequence[str]) -> Resolution:
        """What micropip would install for PEP 508 requirements, as one set."""
        ...

"""The values of reading, in the order they are made: notebook → facts; and findings.

All are frozen. What is kept of one cell (`CellFacts`) follows from its source and from the names
that cells above it bound, so that a notebook with one more cell needs only that cell read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """Where a cell or a notebook can run."""

    BROWSER = "browser"
    SERVER = "server"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """What a finding means for the verdict."""

    SERVER = "server"
    """It cannot work in a browser."""
    UNKNOWN = "unknown"
    """Whether it works cannot be told from what there is to read."""
    WARNING = "warning"
    """It works, and not as on a server: slower, in silence, or only for some input."""
    INFO = "info"
    """Worth knowing; changes nothing."""


class Guard(StrEnum):
    """What keeps an import or a use from being run, or from mattering when it fails."""

    NONE = "none"
    OPTIONAL = "optional"
    """In a `try` that catches what it raises: ImportError, ModuleNotFoundError, Exception."""
    ELSEWHERE = "elsewhere"
    """In a branch that a browser does not take: `if sys.platform != "emscripten"`."""
    TYPING = "typing"
    """Under TYPE_CHECKING: read, never run."""
    LAZY = "lazy"
    """In the body of a function: run when that is called."""


class CellKind(StrEnum):
    """nbformat's cell types."""

    CODE = "code"
    MARKDOWN = "markdown"
    RAW = "raw"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """Where in a notebook something stands.

    `cell` counts all cells from 0, None for the notebook itself; `id` is nbformat 4.5's cell id
    where there is one; `line` counts from 1 in the cell's source as its author wrote it (0: the
    whole cell); `column` counts characters from 0.
    """

    path: str
    cell: int | None = None
    line: int = 0
    column: int = 0
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know: `code` is a rule of rules.toml, `subject` what it is about.

    `chain` leads from what the notebook asks for to the subject, where it is not the notebook
    itself that asks: ("geopandas", "fiona").
    """

    code: str
    severity: Severity
    location: Location
    subject: str
    message: str
    advice: str
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell as its author wrote it.

    `language` is that of the notebook, or of the cell magic it begins with ("bash", "html",
    "sql"). `line` is where the cell begins in a file of text, counted from 1; 0 in a notebook
    of JSON.
    """

    index: int
    kind: CellKind
    source: str
    language: str = "python"
    id: str | None = None
    line: int = 0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """What was read of one file.

    `path` is how it was named to the report; `folder` where its local modules are looked for
    (None: nowhere, as for standard input). `sha256` is of the file's bytes. `findings` tell
    what of the file could not be read: with one of severity `unknown` the verdict is unknown.
    """

    path: str
    format: str
    sha256: str
    language: str = "python"
    kernel: str | None = None
    folder: str | None = None
    cells: tuple[Cell, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One module that an import statement, `import_module` or `__import__` asks for.

    `name` is dotted and absolute: `from google.cloud import storage` asks for
    `google.cloud.storage` where that may be a submodule, with `parent` `google.cloud` then
    being what is certainly asked for. A relative import keeps its dots.
    """

    name: str
    location: Location
    guard: Guard = Guard.NONE
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a line of pip or conda asks for.

    `text` is a PEP 508 requirement; for a URL or a path it is that, and `name` what its file
    name tells, or "". `tool` is the line's own: "pip", "conda", "mamba", "uv", "micropip",
    "piplite", or "script" for PEP 723 metadata.
    """

    name: str
    text: str
    tool: str
    location: Location


class Unreadable:
    """The one value `NOT_CONSTANT`: an argument that is there and cannot be told without running."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_CONSTANT"

    def __reduce__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT = Unreadable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A name that is used, as it is called where it comes from: aliases are followed.

    `name` is dotted: `pd.read_csv` is `pandas.read_csv`, `open` is `builtins.open`. `arguments`
    and `keywords` hold constants (numbers, strings, tuples of such; names bound once to a
    constant and arithmetic of those are worked out), else NOT_CONSTANT. `caught` are names of
    exceptions that a `try` around it catches.
    """

    name: str
    location: Location
    called: bool = False
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()
    guard: Guard = Guard.NONE
    caught: frozenset[str] = frozenset()

    def argument(self, position: int, keyword: str = "", default: Any = None) -> Any:
        """The value given by position or by keyword, or the default where it is not given."""
        for name, value in self.keywords:
            if name == keyword and keyword:
                return value
        if 0 <= position < len(self.arguments):
            return self.arguments[position]
        return default


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """All that one code cell says, before anything is known of the platform."""

    index: int
    id: str | None = None
    imports: tuple[Import, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    uses: tuple[Use, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that one notebook says. `modules` are the local modules its imports led to, by path.

    `files` are these and all others beside it that reading it looked into, or for.
    """

    notebook: Notebook
    cells: tuple[CellFacts, ...] = ()
    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=(), compare=False)

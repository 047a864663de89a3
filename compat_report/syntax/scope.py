"""What names mean at a point of a notebook, and what was found on the way there."""

from dataclasses import dataclass, field
from typing import Any, Self

from compat_report.model import NOT_CONSTANT, Finding, Guard, Import, Location, Requirement, Use
from compat_report.syntax.watch import Watch

# The notebook itself as a module: what it defines is below this name.
MAIN = "__main__"
# Words that make a line worth reading whatever is watched; "import" is in "import_module", too.
ALWAYS = frozenset(
    {
        "import",
        "get_ipython",
        "run_line_magic",
        "run_cell_magic",
        "getoutput",
        "micropip",
        "piplite",
        "loadPackage",
    }
)
# Modules followed through assignments though nothing of them is watched: guards ask for them.
FOLLOWED = frozenset({"sys", "os", "platform", "get_ipython", "micropip", "piplite", "importlib"})


# What is read where it is called, whatever it is called there.
CALLED = frozenset(
    {
        "__import__",
        "importlib.import_module",
        "micropip.install",
        "piplite.install",
        "piplite.piplite.install",
        "pyodide_js.loadPackage",
    }
)


class Made(str):
    """The dotted name of what was called to make an object: what is asked of it is below that."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Constant:
    """A value a name is bound to; `once` while no other binding of that name was seen."""

    value: Any
    once: bool = True


class Other:
    """The one value `OTHER`: the name is bound, to nothing that is followed."""

    __slots__ = ()


OTHER = Other()

type Bound = str | Constant | Other


@dataclass(slots=True)
class Gathered:
    """What statements say. `calls` are names of functions whose own bodies say more."""

    imports: list[Import] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    findings: list[tuple[Finding, Guard]] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    calls: list[tuple[str, Guard, Location]] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.imports or self.uses or self.findings or self.calls)


@dataclass(slots=True)
class Scope:
    """The names of one module.

    `functions` holds what the bodies of functions and methods say, by dotted name; `aliases`
    what names of local modules stand for; `hot` the words that make a line worth reading;
    `ran` how strongly the local modules that were run are guarded; `written` the text of
    modules that cells wrote; `tops` the words that stand for names, by the first parts of those; `seen` the first parts of
    all imports, `installed` the projects that lines of pip asked for; `replaced` the names of
    libraries that have something else put in their place, as `builtins.input = ...` does.
    """

    watch: Watch
    module: str = MAIN
    names: dict[str, Bound] = field(default_factory=dict)
    functions: dict[str, Gathered] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    hot: set[str] = field(default_factory=set)
    ran: dict[str, int] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    tops: dict[str, set[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    installed: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not self.hot:
            self.hot |= ALWAYS | self.watch.builtins

    def copy(self) -> Self:
        """The same names, to go on from on their own. What functions say is never changed later."""
        return type(self)(
            watch=self.watch,
            module=self.module,
            names=dict(self.names),
            functions=dict(self.functions),
            aliases=dict(self.aliases),
            hot=set(self.hot),
            ran=dict(self.ran),
            written=dict(self.written),
            tops={top: set(words) for top, words in self.tops.items()},
            seen=set(self.seen),
            installed=set(self.installed),
            replaced=set(self.replaced),
        )

    def follows(self, name: str) -> bool:
        """Whether anything below the dotted name's first part is worth knowing."""
        top = name.partition(".")[0]
        return top in self.watch.tops or top in FOLLOWED or top == MAIN

    def is_warm(self, name: str) -> bool:
        """Whether lines with a word that stands for the dotted name are worth reading."""
        watch = self.watch
        if name in self.functions or name in CALLED:
            return True
        return name.partition(".")[0] in watch.tops and (
            name in watch.prefixes or watch.wants(name)
        )


def constant_of(bound: Bound | None, *, later: bool) -> Any:
    """The value of a name, or NOT_CONSTANT; `later` asks for it from a function's body."""
    if isinstance(bound, Constant) and (bound.once or not later):
        return bound.value
    return NOT_CONSTANT

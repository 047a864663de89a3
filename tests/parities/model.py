"""A probe, what was seen of it in both kernels, and the page's rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from driving import Desk

KERNELS = ("python3", "porter-browser")
# What to do where a browser has not what a cell needs.
SERVER = "run the cell below `%%remote`, or the notebook on a server"

# Does something at a notebook whose cell of this index is the probe's first, and tells what it saw.
type Act = Callable[[Desk, int], str]


@dataclass(frozen=True, slots=True)
class Probe:
    """Cells that tell in a line what becomes of something; `note` says why two kernels differ."""

    what: str
    cells: Sequence[str]
    note: str = ""
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Probes that share a notebook, in this order."""

    name: str
    probes: Sequence[Probe]
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> list[str]:
        return [cell for probe in self.probes for cell in probe.cells]


class Unexplained(Exception):
    """Two kernels differ and no note says why, or a note is there and they do not."""


def caught(code: str) -> str:
    """A cell of some code, or the name of the error that it raises."""
    return f"try:\n    {code}\nexcept Exception as error:\n    print(type(error).__name__)"


def section(group: Group, seen: Mapping[str, Sequence[str]]) -> str:
    """A group's part of the page; raises Unexplained."""
    lines = [f"## {group.name}", "", "| what | server | browser | the difference |"]
    lines.append("|---|---|---|---|")
    wrong = []
    for probe, server, browser in zip(
        group.probes, *(seen[kernel] for kernel in KERNELS), strict=True
    ):
        if (server != browser) != bool(probe.note):
            wrong.append(f"{probe.what}: server {server!r}, browser {browser!r}")
        cells = (probe.what, _code(server), _code(browser), probe.note or "none")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if wrong:
        raise Unexplained("\n".join([f"{group.name}: a note is wanted, or one too many:", *wrong]))
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else "nothing"

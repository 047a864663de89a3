"""Which cells to run again, in order, for names that could not be carried."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel_bridge.inside.analysis.cell import Analysis, analyse_cell
from kernel_bridge.inside.analysis.effects import Effect, Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A cell to run again, by its place among those that were run; `makes` is what it is for."""

    index: int
    makes: tuple[str, ...]
    effects: tuple[Effect, ...]

    def as_json(self) -> dict[str, Any]:
        """As it goes over the page."""
        return {
            "index": self.index,
            "makes": list(self.makes),
            "effects": [effect.as_json() for effect in self.effects if effect.asks],
            "chance": [effect.as_json() for effect in self.effects if not effect.asks],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`steps` in the order they are to be run.

    `overwrites` are carried names that the steps bind or change: they are to be restored after
    them, once more. `unmade` are names that no cell that was run makes.
    """

    steps: tuple[Step, ...] = ()
    overwrites: tuple[str, ...] = ()
    unmade: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it goes over the page."""
        return {
            "cells": [step.as_json() for step in self.steps],
            "overwrites": list(self.overwrites),
            "unmade": list(self.unmade),
            "asks": any(effect.asks for step in self.steps for effect in step.effects),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A cell as it was run; `ok` is whether it ran to its end."""

    source: str
    ok: bool = True


def plan_replay(
    cells: Sequence[Executed],
    lost: Iterable[str],
    transform: Callable[[str], str] | None = None,
) -> Plan:
    """Plan it, from the cells in the order they were run; `transform` is that of the shell that will.

    From the last cell to the first, a cell is run again if it binds or changes a name that is
    needed; then what it reads is needed too, unless that was carried and has been the same since.
    """
    known = Known()
    read = [analyse_cell(cell.source, known, transform) for cell in cells]
    reads = [_deep_reads(number, read) for number in range(len(read))]
    made = {name for one in read for name in one.bindings.writes}
    wanted = set(lost)
    needed = set(wanted)
    later: set[str] = set()  # bound or changed by a cell further down
    chosen: list[Step] = []
    for number in range(len(cells) - 1, -1, -1):
        names = read[number].bindings
        touched = names.writes | names.changes
        makes = touched & needed
        if makes:
            if cells[number].ok:
                needed -= names.always - names.reads - names.changes
            needed |= {
                name
                for name in reads[number]
                if name in made and (name in wanted or name in later or name in needed)
            }
            effects = read[number].effects
            chosen.append(Step(index=number, makes=tuple(sorted(makes)), effects=effects))
        later |= touched
    steps = tuple(reversed(chosen))
    overwrites = {
        name
        for step in steps
        for name in read[step.index].bindings.writes | read[step.index].bindings.changes
    }
    return Plan(
        steps=steps,
        overwrites=tuple(sorted((overwrites & made) - wanted)),
        unmade=tuple(sorted(wanted - made)),
    )


def _deep_reads(number: int, read: Sequence[Analysis]) -> set[str]:
    """What a cell reads, and what the notebook's functions that it uses take when they run."""
    frees: dict[str, set[str]] = {}
    for one in read[: number + 1]:
        frees |= one.bindings.frees
    found: set[str] = set()
    waiting = list(read[number].bindings.reads)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += frees.get(name, ())
    return found

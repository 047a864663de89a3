"""Where builds run: here, or elsewhere (`porter.cluster`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from porter.build import Built, build, build_again
from porter.host import HostFile
from porter.source import Source
from porter.workshop import Workshop


class Crew(Protocol):
    """Builds one source at a time, from several threads; a context that ends what it started."""

    @property
    def hands(self) -> int:
        """How many builds it bears at once."""
        ...

    @property
    def spare(self) -> int:
        """How many more may be begun, to do what they can while others wait for the network."""
        ...

    def build(self, source: Source, host: Sequence[HostFile], share: int) -> Built:
        """Have the source's wheel in the output folder, compiled against `host`.

        `share` is how many of the `hands` nobody else has meanwhile. Raises as `porter.build.build`.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """This machine: each hand is a processor. Those of `again` are built whatever was built before."""

    shop: Workshop
    out: Path
    hands: int
    again: Collection[str] = ()

    @property
    def spare(self) -> int:
        """Half as many again, where they take turns."""
        return self.hands // 2 if self.shop.turns is not None else 0

    def build(self, source: Source, host: Sequence[HostFile], share: int) -> Built:
        """As of `Crew`."""
        mine = replace(self.shop, jobs=share)
        if source.name in self.again:
            # The compiler cache would answer with what was compiled before.
            mine = replace(mine, toolchain=replace(mine.toolchain, ccache=None))
            return build_again(source, mine, self.out, host=host)
        return build(source, mine, self.out, host=host)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.shop.turns is not None:
            self.shop.turns.file.close()

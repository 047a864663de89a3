"""Which names are worth recording when they are used."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Dotted names to record the uses of, made for asking often.

    `names` are those as given, `packages` those below which all is recorded (given as
    `pyspark.*`), and `prefixes` these and what they are below. `builtins` are the watched ones
    that need no import, `tops` the first parts of all, `leaves` the last parts of names by their
    first.
    """

    names: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    builtins: frozenset[str] = frozenset()
    tops: frozenset[str] = frozenset()
    leaves: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    _answers: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """A watch on dotted names; one that ends in `.*` is on all below that package."""
        given = frozenset(names)
        exact = frozenset(name for name in given if not name.endswith(".*"))
        packages = frozenset(name[:-2] for name in given if name.endswith(".*"))
        leaves: dict[str, set[str]] = {}
        for name in exact:
            leaves.setdefault(name.partition(".")[0], set()).add(name.rpartition(".")[2])
        return cls(
            names=exact,
            packages=packages,
            prefixes=frozenset(prefix for name in packages for prefix in _prefixes(name)),
            leaves={top: frozenset(words) for top, words in leaves.items()},
            builtins=frozenset(
                name.removeprefix("builtins.") for name in exact if name.startswith("builtins.")
            ),
            tops=frozenset(name.partition(".")[0] for name in exact | packages),
        )

    def wants(self, name: str) -> bool:
        """Whether a use of the dotted name is to be recorded."""
        if name in self.names:
            return True
        if not self.packages:
            return False
        answer = self._answers.get(name)
        if answer is None:
            answer = self._answers[name] = self._below(name)
        return answer

    def _below(self, name: str) -> bool:
        while "." in name:
            name = name.rpartition(".")[0]
            if name in self.packages:
                return True
        return False


def _prefixes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]

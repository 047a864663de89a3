"""Turns of several builds on fewer processors: one that waits for the network gives its own away."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

# Read by `pyodide.py`: the file that it inherits, and how many turns there are.
VARIABLE = "PORTER_TURNS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """`count` turns, each a byte of an open file that whoever has the turn locks.

    A process that is killed gives its turn back.
    """

    file: IO[bytes]
    count: int

    @classmethod
    def open(cls, count: int) -> "Turns":
        """Turns that nobody has; the file has no name."""
        return cls(file=tempfile.TemporaryFile(), count=count)

    @property
    def env(self) -> Mapping[str, str]:
        """What a build is told, which inherits the file."""
        return {VARIABLE: f"{self.file.fileno()} {self.count}"}

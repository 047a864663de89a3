"""Mistakes of recipes: each at its file, line and field, all told at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from porter.errors import ConfigurationError

# A folder of hundreds that all have one mistake is told of by the first of them.
SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake: `where` is the file, `line` counts from 1, 0 where it is not known."""

    where: str
    line: int = 0
    text: str

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.text}"


def raise_mistakes(mistakes: Sequence[Mistake], *, advice: str = "") -> None:
    """Raise one ConfigurationError that lists them, where there are any."""
    if not mistakes:
        return
    lines = [str(mistake) for mistake in mistakes[:SHOWN]]
    if len(mistakes) > SHOWN:
        lines.append(f"and {len(mistakes) - SHOWN} more")
    if len(lines) == 1:
        raise ConfigurationError(lines[0], advice=advice)
    text = "".join(f"\n  {line}" for line in lines)
    raise ConfigurationError(f"{len(mistakes)} mistakes in recipes:{text}", advice=advice)

"""What a report comes to, counted while its notebooks go by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compat_report.model import NotebookReport, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Notebooks, and how many of them have each verdict."""

    notebooks: int = 0
    browser: int = 0
    server: int = 0
    unknown: int = 0

    def of(self, verdict: Verdict) -> int:
        """How many notebooks have the verdict."""
        return {
            Verdict.BROWSER: self.browser,
            Verdict.SERVER: self.server,
            Verdict.UNKNOWN: self.unknown,
        }[verdict]


class Counting:
    """An iterable of the notebooks given, that counts those that went by."""

    def __init__(self, notebooks: Iterable[NotebookReport]) -> None:
        self._notebooks = notebooks
        self._counts = dict.fromkeys(Verdict, 0)

    def __iter__(self) -> Iterator[NotebookReport]:
        for notebook in self._notebooks:
            self._counts[notebook.verdict] += 1
            yield notebook

    @property
    def totals(self) -> Totals:
        """Of those that went by until now."""
        return Totals(
            notebooks=sum(self._counts.values()),
            browser=self._counts[Verdict.BROWSER],
            server=self._counts[Verdict.SERVER],
            unknown=self._counts[Verdict.UNKNOWN],
        )


def count_notebooks(notebooks: Iterable[NotebookReport]) -> Totals:
    """How many there are, and of which verdict."""
    counting = Counting(notebooks)
    for _ in counting:
        pass
    return counting.totals

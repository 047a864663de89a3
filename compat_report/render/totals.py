"""What a report comes to, counted while its notebooks go by."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from compat_report.model import Verdict
from compat_report.reported import NotebookReport


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


@runtime_checkable
class OnDisk(Protocol):
    """Notebooks by path that are on disk as JSON: what need not be read back is not."""

    @property
    def verdicts(self) -> Mapping[Verdict, int]:
        """How many have each."""
        ...

    def iter_json(self) -> Iterator[bytes]:
        """Each one's part of the document."""
        ...


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
        return _total(self._counts)


def count_notebooks(notebooks: Iterable[NotebookReport]) -> Totals:
    """How many there are, and of which verdict."""
    if isinstance(notebooks, OnDisk):
        return _total(notebooks.verdicts)
    counting = Counting(notebooks)
    for _ in counting:
        pass
    return counting.totals


def _total(counts: Mapping[Verdict, int]) -> Totals:
    return Totals(
        notebooks=sum(counts.values()),
        browser=counts[Verdict.BROWSER],
        server=counts[Verdict.SERVER],
        unknown=counts[Verdict.UNKNOWN],
    )

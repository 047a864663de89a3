"""What to port next: projects by the notebooks that they alone stand in the way of; pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from compat_report.check import PORTABLE
from compat_report.model import Severity, Verdict
from compat_report.reported import Candidate, NotebookReport


@dataclass(slots=True)
class _Counted:
    unblocks: int = 0
    blocks: int = 0
    weight: float = 0.0


@dataclass(slots=True)
class Ranking:
    """Counts notebooks one by one, so that none has to be kept.

    `runs` says how often a notebook is run, by its path; one that is not in it counts once.
    """

    runs: Mapping[str, float] = field(default_factory=dict)
    _counted: dict[str, _Counted] = field(default_factory=lambda: defaultdict(_Counted))

    def count(self, notebook: NotebookReport) -> None:
        """Count what stands in the way of one notebook."""
        if notebook.verdict is Verdict.SERVER:
            self.add(notebook.path, notebook.blockers, alone=is_alone(notebook))

    def add(self, path: str, blockers: Iterable[str], *, alone: bool) -> None:
        """Count a notebook that runs on a server; `alone` as `is_alone` has it."""
        for project in blockers:
            counted = self._counted[project]
            counted.blocks += 1
            if alone:
                counted.unblocks += 1
                counted.weight += self.runs.get(path, 1.0)

    def best(self, most: int | None = None) -> tuple[Candidate, ...]:
        """The candidates, the best first: by weight, then by how many they block, then by name."""
        ordered = sorted(
            self._counted.items(),
            key=lambda item: (-item[1].weight, -item[1].blocks, item[0]),
        )
        return tuple(
            Candidate(
                project=project,
                unblocks=counted.unblocks,
                blocks=counted.blocks,
                weight=counted.weight,
                command=f"porter new {project} --from pkg:pypi/{project}",
            )
            for project, counted in ordered[:most]
        )


def is_alone(notebook: NotebookReport) -> bool:
    """Whether a port of one project is all that a notebook needs to run."""
    return len(notebook.blockers) == 1 and all(
        finding.code in PORTABLE and finding.subject in notebook.blockers
        for finding in notebook.all_findings
        if finding.severity in (Severity.SERVER, Severity.UNKNOWN)
    )

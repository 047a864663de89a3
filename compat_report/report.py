"""The journey of one notebook: it is read, what it needs is looked up, and its verdict is made."""

from dataclasses import dataclass
from functools import cache, partial

from compat_report.apis import find_apis, is_portable
from compat_report.catalog.model import Catalog, Resolution
from compat_report.check import Known, check_notebook, wanted
from compat_report.footprint.estimate import WATCHED, estimate_footprint
from compat_report.footprint.judge import judge_footprint
from compat_report.model import Facts, Notebook
from compat_report.policy import Policy, apply_policy, find_denied
from compat_report.reported import NotebookReport
from compat_report.rules import watched_names
from compat_report.syntax.facts import read_facts
from compat_report.syntax.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """All that a verdict follows from besides the notebook itself.

    `platform` is a short name (`0.29`), `kernel` a kernel's name without its version.
    """

    platform: str
    kernel: str
    catalog: Catalog
    policy: Policy

    def report(self, notebook: Notebook) -> NotebookReport:
        """The report on one notebook."""
        return self.judge(read_facts(notebook, watch=watched()))

    def judge(self, facts: Facts) -> NotebookReport:
        """The report on a notebook whose facts are known."""
        return check_notebook(self.know(facts), partial(apply_policy, policy=self.policy))

    def know(self, facts: Facts, resolution: Resolution | None = None) -> Known:
        """All there is to find out; `resolution` is that of what it requires, where it is known."""
        names = {imported.name for cell in facts.cells for imported in cell.imports}
        provided = {name: self.catalog.look_up(name) for name in names}
        if resolution is None:
            resolution = self.catalog.resolve(wanted(facts, provided))
        footprint = estimate_footprint(facts, resolution, release=self.platform)
        policy = self.policy
        apis = find_apis(
            facts,
            kernel=self.kernel,
            installed=[file.name for file in resolution.files],
            hosts=policy.cors_hosts,
        )
        sizes = judge_footprint(
            footprint,
            path=facts.notebook.path,
            memory=policy.memory,
            data=policy.data,
            download=policy.download,
            confidence=policy.confidence,
        )
        return Known(
            facts=facts,
            provided=provided,
            resolution=resolution,
            apis=(*apis, *find_denied(facts, resolution, policy)),
            footprint=footprint,
            sizes=sizes,
            portable=is_portable,
        )


@cache
def watched() -> Watch:
    """The names whose uses say something: those of the rules, and what reads or makes data."""
    return Watch.of(watched_names() | WATCHED)

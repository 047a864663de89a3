"""What an audit found."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What happens where a finding is ignored, the worst first."""

    REFUSED = "refused"
    """Installers and indexes refuse the wheel, or should."""
    LINK_ERROR = "link-error"
    """The engine refuses the module: a LinkError, so the import fails."""
    IMPORT_ERROR = "import-error"
    """The loader or Python refuses the module: an ImportError or a SystemError."""
    DIES_WHEN_CALLED = "dies-when-called"
    """The import succeeds; the interpreter dies when the function is first called."""
    WARNING = "warning"
    """It runs, and is likely not what was meant."""
    NOTE = "note"
    """To know; nothing is wrong."""

    @property
    def blocks(self) -> bool:
        """Whether a wheel with such a finding must not be published."""
        return self not in (Severity.WARNING, Severity.NOTE)


ORDER = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a wheel.

    `member` is the file inside the wheel, empty where it is the wheel itself; `subject` the
    symbol, tag or field meant, as a person reads it; `allowed` the recipe's reason to accept it.
    """

    code: str
    severity: Severity
    member: str
    subject: str
    message: str
    advice: str
    allowed: str = ""

    @property
    def page(self) -> str:
        """Where the documentation says more."""
        return f"docs/reference/findings.md#{self.severity}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The findings of one wheel on one platform, the worst first.

    `modules` counts its side modules, `imports` the imports that were resolved, `names` are the
    names it can be imported by.
    """

    wheel: str
    platform: str
    findings: tuple[Finding, ...]
    modules: int
    imports: int
    names: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing but notes, and what the recipe allows, was found."""
        return not self.problems

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are neither notes nor allowed."""
        return tuple(f for f in self.findings if f.severity != Severity.NOTE and not f.allowed)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The problems with which the wheel must not be published."""
        return tuple(finding for finding in self.problems if finding.severity.blocks)


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by place."""
    return tuple(
        sorted(
            dict.fromkeys(findings),
            key=lambda f: (ORDER[f.severity], f.member, f.code, f.subject),
        )
    )

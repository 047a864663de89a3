"""The rules of a report, read once from rules.toml; a finding is a rule met at a place."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from compat_report.model import Finding, Location, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that can be found.

    `names` are the dotted names whose use it is about: `threading.Thread`, or `pyspark.*` for
    all below a package. With `called`, only a call counts.
    """

    code: str
    severity: Severity
    says: str
    advice: str
    names: tuple[str, ...] = ()
    called: bool = False


def parse_rules(data: Mapping[str, Any]) -> dict[str, Rule]:
    """Rules of a parsed rules.toml by code, in the file's order."""
    return {
        code: Rule(
            code=code,
            severity=Severity(fields["severity"]),
            says=fields["says"],
            advice=fields["advice"],
            names=tuple(fields.get("names", ())),
            called=fields.get("called", False),
        )
        for code, fields in data.get("rule", {}).items()
    }


@cache
def read_rules() -> Mapping[str, Rule]:
    """Every rule there is, by code."""
    return parse_rules(
        tomllib.loads(files("compat_report").joinpath("rules.toml").read_text("utf-8"))
    )


def find(
    code: str,
    location: Location,
    subject: str,
    *,
    chain: tuple[str, ...] = (),
    severity: Severity | None = None,
    **values: object,
) -> Finding:
    """A rule met at a place; `values` fill its message, `severity` may be another than the rule's."""
    rule = read_rules()[code]
    return Finding(
        code=code,
        severity=severity or rule.severity,
        location=location,
        subject=subject,
        message=rule.says.format(subject=subject, **values),
        advice=rule.advice.format(subject=subject, **values),
        chain=chain,
    )

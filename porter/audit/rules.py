"""The rules of an audit: data, in rules.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from porter.audit.model import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; `says` and `advice` are templates for `str.format`."""

    code: str
    severity: Severity
    says: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All of them; `cannot_work` are symbols that link and cannot work, each with the reason."""

    rules: Mapping[str, Rule]
    cannot_work: Mapping[str, str]


def parse_rules(data: Mapping[str, Any]) -> Rules:
    """The rules of a parsed rules.toml."""
    return Rules(
        rules={
            code: Rule(
                code=code,
                severity=Severity(table["severity"]),
                says=table["says"],
                advice=table["advice"],
            )
            for code, table in data["rule"].items()
        },
        cannot_work=data["cannot-work"],
    )


@cache
def read_rules() -> Rules:
    """The rules of this Porter."""
    return parse_rules(
        tomllib.loads(files("porter.audit").joinpath("rules.toml").read_text("utf-8"))
    )


def find(code: str, *, member: str = "", subject: str = "", **values: object) -> Finding:
    """A finding of the rule `code`, its message and advice filled in."""
    rule = read_rules().rules[code]
    values["subject"] = subject
    return Finding(
        code=code,
        severity=rule.severity,
        member=member,
        subject=subject,
        message=rule.says.format(**values),
        advice=rule.advice.format(**values),
    )

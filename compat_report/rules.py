"""The rules of a report, read once from rules.toml; a finding is a rule met at a place."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from compat_report.model import Finding, Location, Severity


class About(StrEnum):
    """What a rule's findings have as their subject."""

    NAME = "name"
    """The dotted name that is used."""
    PACKAGE = "package"
    """The package of the rule that the name is below."""
    VALUE = "value"
    """The argument that was looked at."""
    HOST = "host"
    """The host of that argument, a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Some names of a rule, and when a use of them counts.

    `severity` is what a use means, `uncalled` what it means where the name is only mentioned
    (None: nothing). With a `pattern`, one argument decides, found by `argument` (position) or
    one of `keywords`: `severity` where the pattern is found in it, `unread` where it cannot be
    told, `missing` where it is not given, else nothing. With a `leaf`, only names that end in it.
    `caught_by` are names of exceptions: a `try` that goes on after one of them is a guard.
    """

    names: tuple[str, ...]
    severity: Severity
    uncalled: Severity | None = None
    argument: int = -1
    keywords: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    unread: Severity | None = None
    missing: Severity | None = None
    leaf: str = ""
    caught_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that can be found.

    `names` are the dotted names whose use it is about: `threading.Thread`, or `pyspark.*` for
    all below a package and for importing it. With `called`, only a call counts. `cases` say it
    name by name. `kernels` gives another severity for a kernel, by its name. What is in `cures`
    (a project that is installed, or a name that is called) makes it `info`. `details`
    says more of a name. Where `portable` is
    false, no port of the package that it names would help. A `silent` one raises nothing, so that
    no `try` is a guard against it.
    """

    code: str
    severity: Severity
    says: str
    advice: str
    names: tuple[str, ...] = ()
    called: bool = False
    cases: tuple[Case, ...] = ()
    about: About = About.NAME
    kernels: Mapping[str, Severity] = field(default_factory=dict)
    cures: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    portable: bool = True
    silent: bool = False


def parse_rules(data: Mapping[str, Any]) -> dict[str, Rule]:
    """Rules of a parsed rules.toml by code, in the file's order.

    A name `@readers` stands for those of `[group] readers`.
    """
    groups = data.get("group", {})
    return {code: _parse_rule(code, fields, groups) for code, fields in data["rule"].items()}


def _parse_rule(code: str, fields: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> Rule:
    severity = Severity(fields["severity"])
    tables = [{**fields, "names": fields["names"]}] if "names" in fields else []
    cases = tuple(
        _parse_case({"severity": severity, **table}, groups)
        for table in [*tables, *fields.get("cases", ())]
    )
    return Rule(
        code=code,
        severity=severity,
        says=fields["says"],
        advice=fields["advice"],
        names=tuple(dict.fromkeys(name for case in cases for name in case.names)),
        called=fields.get("called", False),
        cases=cases,
        about=About(fields.get("about", "name")),
        kernels={name: Severity(text) for name, text in fields.get("kernels", {}).items()},
        cures=tuple(fields.get("cures", ())),
        details=fields.get("details", {}),
        portable=fields.get("portable", True),
        silent=fields.get("silent", False),
    )


def _parse_case(fields: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> Case:
    names: list[str] = []
    for name in fields["names"]:
        names += groups[name[1:]] if name.startswith("@") else [name]
    severity = Severity(fields["severity"])
    mentioned = None if fields.get("called") or "pattern" in fields else severity
    return Case(
        names=tuple(names),
        severity=severity,
        uncalled=_parse_severity(fields, "uncalled") or mentioned,
        argument=fields.get("argument", -1),
        keywords=tuple(fields.get("keywords", ())),
        pattern=re.compile(fields["pattern"]) if "pattern" in fields else None,
        unread=_parse_severity(fields, "unread"),
        missing=_parse_severity(fields, "missing"),
        leaf=fields.get("leaf", ""),
        caught_by=frozenset(fields.get("caught_by", ())),
    )


def _parse_severity(fields: Mapping[str, Any], name: str) -> Severity | None:
    return Severity(fields[name]) if name in fields else None


@cache
def read_rules() -> Mapping[str, Rule]:
    """Every rule there is, by code."""
    return parse_rules(
        tomllib.loads(files("compat_report").joinpath("rules.toml").read_text("utf-8"))
    )


@cache
def watched_names() -> frozenset[str]:
    """Every name whose use a rule is about, and those that cure one: what facts have to record."""
    rules = read_rules().values()
    cures = {name for rule in rules for name in rule.cures if "." in name}
    return frozenset(name for rule in rules for name in rule.names) | cures


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

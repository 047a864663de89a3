"""Print report-rules.md: every rule of a report, as compat_report/rules.toml has it."""

import re
import tomllib
from importlib.resources import files

from compat_report.model import Severity
from compat_report.rules import Rule, read_rules

HEAD = """\
# What a report can find

`porter report` gives each finding a code that stays the same, and a severity that says what it means for the
verdict. A [policy](report-policy.md) changes both. How the rules about the runtime are proven is told in
[What a browser cannot do](../explanation/what-a-browser-cannot-do.md). This page is written by `make docs`, from
the rules themselves.

| severity | what it means |
|---|---|
"""
MEANING = {
    Severity.SERVER: "it cannot work in a browser: the verdict is *server*",
    Severity.UNKNOWN: "whether it works cannot be told from what there is to read: the verdict is *unknown*",
    Severity.WARNING: "it works, and not as on a server: slower, in silence, or only for some input",
    Severity.INFO: "worth knowing; it changes nothing",
}
GUARDS = """
Behind a guard less is left of a severity: in a `try` that catches the failure, in a branch that a browser does not
take, or under `TYPE_CHECKING` it is *info*; in a function that the notebook never calls, *warning*.
"""
SECTION = re.compile(r"^# -- (.+?):? -*$")
SHOWN = 12


def main() -> None:
    """The whole page, on standard output."""
    print(HEAD, end="")
    for severity, meaning in MEANING.items():
        print(f"| `{severity}` | {meaning} |")
    print(GUARDS)
    rules = read_rules()
    for title, codes in sections():
        print(f"## {title}\n\n| code | severity | what it says | what to do |\n|---|---|---|---|")
        for code in codes:
            rule = rules[code]
            row = (f"`{code}`", severities(rule), plain(rule.says), plain(rule.advice))
            print(f"| {' | '.join(row)} |")
        print()
        for rule in (rules[code] for code in codes):
            if rule.names:
                print(f"`{rule.code}` is about {named(rule)}.{more(rule)}\n")


def sections() -> list[tuple[str, list[str]]]:
    """The file's sections with their rules, in its order; those without rules are left out."""
    found: list[tuple[str, list[str]]] = []
    text = files("compat_report").joinpath("rules.toml").read_text("utf-8")
    known = tomllib.loads(text)["rule"]
    for line in text.splitlines():
        if (section := SECTION.match(line)) is not None:
            found.append((section.group(1).rstrip("- "), []))
        elif (code := line.removeprefix("[rule.").removesuffix("]")) in known and line[:1] == "[":
            found[-1][1].append(code)
    return [(title, codes) for title, codes in found if codes]


def severities(rule: Rule) -> str:
    """Every severity that the rule's cases give, its own first."""
    given = {rule.severity, *(case.severity for case in rule.cases)}
    given |= {case.unread for case in rule.cases if case.unread}
    given |= {case.uncalled for case in rule.cases if case.uncalled}
    others = [severity for severity in Severity if severity in given - {rule.severity}]
    return ", ".join([str(rule.severity), *others])


def named(rule: Rule) -> str:
    """The first names of a rule."""
    names = [f"`{name}`" for name in rule.names]
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"


def more(rule: Rule) -> str:
    """What else decides."""
    told = [f" In the kernel {name} it is *{severity}*." for name, severity in rule.kernels.items()]
    if rule.cures:
        cures = " or ".join(f"`{name}`" for name in rule.cures)
        told.append(f" With {cures} at hand it is *info*.")
    if not rule.portable:
        told.append(" No port of the package would help.")
    return "".join(told)


def plain(text: str) -> str:
    """A template's text with its fields as the words of a command line."""
    return re.sub(r"\{(\w+)\}", lambda match: match.group(1).upper(), text).replace("|", "\\|")


if __name__ == "__main__":
    main()

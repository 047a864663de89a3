"""Print findings.md: every rule of the audit, as porter/audit/rules.toml has it."""

import re

from porter.audit.model import Severity
from porter.audit.rules import read_rules

HEAD = """\
# What an audit can find

`porter audit` gives each finding a code that stays the same, and a severity that says what happens at run
time. A finding that is not a note makes the exit code 1; one that blocks keeps `porter build` from giving the
wheel. A recipe accepts one with its reason, in [`[audit]`](recipe.md#audit). This page is written by
`make docs`, from the rules themselves.
"""
MEANING = {
    Severity.REFUSED: "installers and indexes refuse the wheel, or should",
    Severity.LINK_ERROR: "the engine refuses the module: the import fails with a LinkError",
    Severity.IMPORT_ERROR: "the loader or Python refuses the module: the import fails",
    Severity.DIES_WHEN_CALLED: "the import succeeds, and the first call ends the interpreter",
    Severity.WARNING: "it runs, and is likely not what was meant",
    Severity.NOTE: "to know; nothing is wrong",
}


def main() -> None:
    """The whole page, on standard output."""
    rules = read_rules()
    print(HEAD)
    for severity in Severity:
        blocks = "It blocks." if severity.blocks else "It does not block."
        print(f"## {severity}\n\n{MEANING[severity].capitalize()}. {blocks}\n")
        print("| code | what it says | what to do |\n|---|---|---|")
        for rule in rules.rules.values():
            if rule.severity == severity:
                print(f"| `{rule.code}` | {plain(rule.says)} | {plain(rule.advice)} |")
        print()
    print("## Names that link and cannot work\n")
    print(
        "The runtime exports them, so a module that calls them links; `cannot-work` tells of them.\n"
    )
    print("| name | why |\n|---|---|")
    for name, why in sorted(rules.cannot_work.items()):
        print(f"| `{name}` | {why} |")


def plain(text: str) -> str:
    """A template's text with its fields as the words of a command line."""
    return re.sub(r"\{(\w+)\}", lambda match: match.group(1).upper(), text).replace("|", "\\|")


if __name__ == "__main__":
    main()

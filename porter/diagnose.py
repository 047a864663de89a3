"""Why a build, a load or a test failed, read from its log: known classes, best first.

The rules are data, diagnoses.toml; nothing here knows a compiler or a backend.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from porter.failure import summarise_failure

PAGE = "docs/reference/diagnoses.md"
# A line may be as long as a program; what it says is at its start.
WIDTH = 1000
SHOWN = 300
ESCAPES = re.compile(r"\x1b(?:\[[0-9;:?]{0,32}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\))")
# What servers, container builders, ninja and pytest put before a line of somebody else's.
PREFIX = re.compile(
    r"\s*(?:"
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?[ \t]"
    r"|\[\d{4}-\d\d-\d\dT[0-9:.]{8,18}Z?\][ \t]"
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\]?[ \t]"
    r"|\[ {0,8}\d{1,7}(?:\.\d{1,6})?(?: ?s)?\][ \t]"
    r"|\[\d{1,6}/\d{1,6}\][ \t]"
    r"|#\d{1,4} \d{1,7}\.\d{1,6}[ \t]"
    r"|##\[[a-z]{1,10}\]"
    r"|E {2,8}(?=\S)"
    r")"
)
# A driver's last words repeat the whole command line, so they hold every flag and file name.
DRIVERS = re.compile(
    r"^\$ |returned non-zero exit status|failed with exit code \d|em(?:cc|\+\+): error: '.{1,900} \(returned"
)
# A log may hold anything; a terminal is to show it, not to obey it.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
# Sources that a build writes to see what this compiler has: that one fails is an answer.
PROBES = re.compile(
    r"(?:^|/)(?:te?mp[\w-]{0,40}|conftest\w{0,20}|_configtest|CMakeScratch|meson-private)[/.]"
)
PROBED = 100
PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One recognised cause: where the log tells of it, and the edit that mends it.

    `line` counts from 1 in the lines that were read; `page` is the section of the documentation.
    """

    code: str
    cause: str
    line: int
    evidence: str
    edit: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Lines that tell of one cause.

    Only lines that hold one of `hints` are tried, which is what keeps long logs quick, and only in
    a log that holds one of `needs` somewhere, where there are any. A named group of the pattern
    fills its place in the templates. `known` names the group to look up in the table `table`:
    where it is there, `known_edit` is the edit, with what was found in `{supplier}`. The rule of
    the highest `rank` wins: a cause ranks above its consequences.
    """

    code: str
    rank: int
    hints: tuple[str, ...]
    needs: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...]
    cause: str
    edit: str
    known: str = ""
    table: Mapping[str, str] = field(default_factory=dict)
    known_edit: str = ""


def parse_rules(data: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a parsed diagnoses.toml."""
    tables = data.get("table", {})
    return tuple(
        Rule(
            code=rule["code"],
            rank=rule["rank"],
            hints=tuple(rule["hints"]),
            needs=tuple(rule.get("needs", ())),
            patterns=tuple(re.compile(pattern) for pattern in rule["patterns"]),
            cause=rule["cause"],
            edit=rule["edit"],
            known=rule.get("known", ""),
            table=tables[rule["table"]] if "table" in rule else {},
            known_edit=rule.get("known-edit", ""),
        )
        for rule in data["rule"]
    )


def read_rules() -> tuple[Rule, ...]:
    """The rules that Porter ships."""
    text = files("porter").joinpath("diagnoses.toml").read_text("utf-8")
    return parse_rules(tomllib.loads(text))


def diagnose(lines: Sequence[str], rules: Sequence[Rule]) -> tuple[Diagnosis, ...]:
    """The causes that a log tells of, the likeliest first, one of each code."""
    numbered: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        # What is said again, as by two compilers at once, is said once for us.
        numbered.setdefault(clean_line(line), number)
    whole = "\n".join(numbered)
    found: dict[str, tuple[int, Diagnosis]] = {}
    for rule in rules:
        if rule.needs and not any(word in whole for word in rule.needs):
            continue
        hints = [hint for hint in rule.hints if hint in whole]
        first = _find_first(rule, hints, numbered) if hints else None
        if first is not None:
            rank = rule.rank - PROBED * first[0]
            if rule.code not in found or found[rule.code][0] < rank:
                found[rule.code] = rank, first[1]
    ranked = sorted(found.values(), key=lambda pair: (-pair[0], pair[1].line))
    return tuple(diagnosis for _, diagnosis in ranked)


def explain_text(text: str, rules: Sequence[Rule]) -> Diagnosis | None:
    """The likeliest cause of what a failed test or command said, None where none is known."""
    return next(iter(diagnose(text.split("\n"), rules)), None)


def decisive_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """What to read first in a log of no known class."""
    decisive = summarise_failure([clean_line(line) for line in lines])
    return tuple(_show(line, 0) for line in decisive)


def clean_line(line: str) -> str:
    """A line as its program wrote it: without colours, times and counters, and not too long."""
    text = line[: 2 * WIDTH].rstrip("\r\n")
    if "\x1b" in text:
        text = ESCAPES.sub("", text)
    # A progress bar writes over itself.
    text = text.rpartition("\r")[2]
    # A server's time may stand before a tool's counter.
    for _ in range(3):
        if (match := PREFIX.match(text)) is None:
            break
        text = text[match.end() :]
    return CONTROLS.sub("", text[:WIDTH]).strip()


def _find_first(
    rule: Rule, hints: Sequence[str], lines: Mapping[str, int]
) -> tuple[bool, Diagnosis] | None:
    """The first line that the rule fits, and whether it tells of a probe only."""
    # Of one rule the first line is the cause: what follows repeats it or comes of it.
    probed = None
    for text, number in lines.items():
        if any(hint in text for hint in hints) and not DRIVERS.search(text):
            match = next((m for p in rule.patterns if (m := p.search(text))), None)
            if match is None:
                continue
            if not PROBES.search(match.groupdict("").get("file", "")):
                return False, _conclude(rule, match, number, text)
            probed = probed or (True, _conclude(rule, match, number, text))
    return probed


def _conclude(rule: Rule, match: re.Match[str], number: int, text: str) -> Diagnosis:
    words = {name: value.strip() for name, value in match.groupdict("").items()}
    edit = rule.edit
    if rule.known and (supplier := _look_up(words.get(rule.known, ""), rule.table)):
        words["supplier"], edit = supplier, rule.known_edit
    return Diagnosis(
        code=rule.code,
        cause=_fill(rule.cause, words),
        line=number,
        evidence=_show(text, match.start()),
        edit=_fill(edit, words),
        page=f"{PAGE}#{rule.code}",
    )


def _show(text: str, place: int) -> str:
    """The part of a long line where it tells of the cause."""
    if len(text) <= SHOWN:
        return text
    start = min(place, len(text) - SHOWN)
    end = start + SHOWN
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _look_up(name: str, table: Mapping[str, str]) -> str:
    """Who has `name`; an entry that ends with a slash stands for all below it."""
    folders = [name[: end + 1] for end, letter in enumerate(name) if letter == "/"]
    return next((table[key] for key in (name, *folders) if key in table), "")


def _fill(template: str, words: Mapping[str, str]) -> str:
    filled = PLACE.sub(lambda place: words.get(place[1], ""), template)
    return " ".join(filled.split()).rstrip(" :")

"""Why a wheel is built again: the inputs that are not what they were. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Inputs whose lines are parts with names of their own.
PARTS = frozenset({"patches", "flags", "env", "config-settings", "recipe", "host"})
HASH_DIGITS = 12
HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One input, or one part of it, that changed; empty is what was not there."""

    input: str
    part: str = ""
    before: str
    after: str

    def __str__(self) -> str:
        what = f"{self.input} {self.part}".strip()
        before, after = _short(self.before), _short(self.after)
        if not before:
            return f"{what} is new"
        if not after:
            return f"{what} is gone"
        if before == after or len(before) + len(after) > 60:
            return f"{what} changed"
        return f"{what}: {before} → {after}"


def explain_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Every input of two builds that differs, in the order of `after`."""
    return tuple(_changes(before, after))


def render_changes(changes: tuple[Change, ...], *, limit: int = 3) -> str:
    """The changes in one line; of many, the first few."""
    shown = "; ".join(str(change) for change in changes[:limit])
    more = len(changes) - limit
    return f"{shown}; and {more} more" if more > 0 else shown


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in {**after, **before}:
        old, new = before.get(name, ""), after.get(name, "")
        if old == new:
            continue
        if name not in PARTS:
            yield Change(input=name, before=old, after=new)
            continue
        olds, news = _parts(old), _parts(new)
        found = [part for part in {**news, **olds} if olds.get(part, "") != news.get(part, "")]
        for part in found:
            yield Change(input=name, part=part, before=olds.get(part, ""), after=news.get(part, ""))
        if not found:
            yield Change(input=name, part="order", before=old, after=new)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        # A setting may be given more than once.
        parts[name] = f"{parts[name]} {value}" if name in parts else value
    return parts


def _short(value: str) -> str:
    words = value.split(" ")
    cut = [
        f"{word[:HASH_DIGITS]}…" if len(word) in (40, 64) and HEX.issuperset(word) else word
        for word in words
    ]
    return " ".join(cut)

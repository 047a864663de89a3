"""The memory that a notebook needs at its height, as a range, with the reasons for it."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from compat_report.catalog.model import Resolution
from compat_report.footprint.arrays import MEASURES, measure_array
from compat_report.footprint.reads import READERS, measure_reads
from compat_report.footprint.size import MIB, UNTOLD, Sized
from compat_report.model import NOT_CONSTANT, Facts, Guard, Location, Use
from compat_report.reported import Evidence, Footprint, ResolvedFile

# The bare runtime's heap after its start, by release (tests/compat_report/footprint measures it).
BASE = {"0.29": (14 * MIB, 24 * MIB), "314": (20 * MIB, 34 * MIB)}
# What importing a project takes of the heap, of what its wheel holds: modules' code and data.
IMPORTED = 1.0
# A wheel is compressed to a third or so.
UNPACKED = 4
# All that nobody can say anything of is together no more than this.
UNTOLD_LIMIT = 4 * UNTOLD
QUERIES = (
    "pandas.read_sql",
    "pandas.read_sql_query",
    "pandas.read_sql_table",
    "polars.read_database",
)
# Bytes of one row of a query's result, at least and at most.
ROW = (8, 8_000)
WATCHED = frozenset(MEASURES) | READERS | frozenset(QUERIES)
"""Names whose uses an estimate asks for: what facts have to record."""


def estimate_footprint(
    facts: Facts,
    resolution: Resolution,
    *,
    folder: Path | None = None,
    release: str = "0.29",
) -> Footprint:
    """The footprint of a notebook on a platform, by its name (`Platform.name`).

    `low` holds the runtime and the largest single thing: what came before may be gone by then.
    `high` holds everything at once. Files are looked for in `folder`, the notebook's own where
    none is given; of what is not there nobody can say anything: the range widens and the
    confidence falls.
    """
    if folder is None and facts.notebook.folder is not None:
        folder = Path(facts.notebook.folder)
    whole = Location(path=facts.notebook.path)
    base_low, base_high = BASE.get(release, BASE["314"])
    evidence = [Evidence(what="the runtime", low=base_low, high=base_high, location=whole)]
    if resolution.files:
        evidence.append(_weigh_wheels(resolution.files, whole))
    trust, data, untold, largest = 1.0, 0, 0, 0
    for use in _uses(facts):
        for sized in _measure(use, folder):
            low = 0 if use.guard is not Guard.NONE else sized.low
            high = sized.high
            if sized.trust <= 0.75 and not sized.disk:
                high = min(high, UNTOLD_LIMIT - untold)
                untold += high
            trust *= 1 - (1 - sized.trust) / 2
            data += sized.disk
            largest = max(largest, low)
            evidence.append(
                Evidence(
                    what=sized.what,
                    low=low,
                    high=high,
                    location=use.location,
                    whole=sized.whole and low > 0,
                )
            )
    return Footprint(
        low=base_low + largest,
        high=sum(reason.high for reason in evidence),
        confidence=round(max(trust, 0.1), 2),
        download=sum(file.size or 0 for file in resolution.files),
        data=data,
        evidence=tuple(evidence),
    )


def _uses(facts: Facts) -> Iterator[Use]:
    """Uses that can take memory, each place and name once."""
    seen: set[tuple[Location, str]] = set()
    for cell in facts.cells:
        for use in cell.uses:
            key = (use.location, use.name)
            if use.guard not in {Guard.TYPING, Guard.ELSEWHERE} and key not in seen:
                seen.add(key)
                yield use


def _measure(use: Use, folder: Path | None) -> Iterator[Sized]:
    array = measure_array(use)
    if array is not None:
        yield array
    elif use.name in QUERIES and use.called:
        yield _measure_query(use)
    else:
        yield from measure_reads(use, folder)


def _measure_query(use: Use) -> Sized:
    """A query's rows, where it says how many with LIMIT."""
    query = use.argument(0, "sql", use.argument(0, "query", NOT_CONSTANT))
    rows = _limit(query) if isinstance(query, str) else None
    if rows is None:
        return Sized(what="a query whose rows are not told", low=0, high=UNTOLD, trust=0.75)
    return Sized(
        what=f"a query of {rows:,} rows at most",
        low=0,
        high=rows * ROW[1],
        trust=0.8,
    )


def _limit(query: str) -> int | None:
    words = query.replace(";", " ").split()
    for word, following in pairwise(words):
        if word.upper() in {"LIMIT", "TOP"} and following.isdecimal() and len(following) < 16:
            return int(following)
    return None


def _weigh_wheels(files: tuple[ResolvedFile, ...], whole: Location) -> Evidence:
    """What the packages take once imported: nothing where they are not, at most what they hold."""
    held = sum(file.unpacked or (file.size or 0) * UNPACKED for file in files)
    what = f"{len(files)} packages of {held:,} bytes"
    return Evidence(what=what, low=0, high=int(held * IMPORTED), location=whole)

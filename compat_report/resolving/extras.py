"""A wheel's requirements with some of its extras, as micropip reads them; pure.

After `Metadata` in micropip/metadata.py (micropip 0.11.1).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from packaging.requirements import Requirement

from compat_report.catalog.contents import Contents


def requirements_of(
    contents: Contents, extras: Iterable[str], environment: Mapping[str, str]
) -> tuple[Requirement, ...]:
    """What is required on an environment, then what each extra adds, each once.

    Raises InvalidRequirement for a line that is none (PEP 508), KeyError with the name of an
    extra that the wheel does not have. Who gets them shares them, and does not change them.
    """
    known = {_plain(extra): extra for extra in contents.extras}
    names = [""]
    for extra in extras:
        if _plain(extra) not in known:
            raise KeyError(extra)
        names.append(known[_plain(extra)])
    return _select(contents.requires, tuple(names), tuple(sorted(environment.items())))


# Notebooks ask for the same few projects again and again, and to parse a line takes long.
@lru_cache(maxsize=4096)
def _select(
    lines: tuple[str, ...], extras: tuple[str, ...], environment: tuple[tuple[str, str], ...]
) -> tuple[Requirement, ...]:
    parsed = [Requirement(line.partition(" #")[0].strip()) for line in lines]
    found: dict[str, Requirement] = {}
    for extra in extras:
        values = {**dict(environment), "extra": extra}
        for one in parsed:
            if one.marker is None or one.marker.evaluate(values):
                found.setdefault(str(one), one)
    return tuple(found.values())


def _plain(extra: str) -> str:
    return re.sub("[^A-Za-z0-9.-]+", "_", extra).lower()

"""A wheel's requirements with some of its extras, as micropip reads them; pure.

After `Metadata` in micropip/metadata.py (micropip 0.11.1).
"""

import re
from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement

from compat_report.catalog.contents import Contents


def requirements_of(
    contents: Contents, extras: Iterable[str], environment: Mapping[str, str]
) -> tuple[Requirement, ...]:
    """What is required on an environment, then what each extra adds, each once.

    Raises InvalidRequirement for a line that is none (PEP 508), KeyError with the name of an
    extra that the wheel does not have.
    """
    lines = [Requirement(line.partition(" #")[0].strip()) for line in contents.requires]
    known = {_plain(extra): extra for extra in contents.extras}
    names = [""]
    for extra in extras:
        if _plain(extra) not in known:
            raise KeyError(extra)
        names.append(known[_plain(extra)])
    found: dict[str, Requirement] = {}
    for name in names:
        for line in lines:
            if line.marker is None or line.marker.evaluate({**environment, "extra": name}):
                found.setdefault(str(line), line)
    return tuple(found.values())


def _plain(extra: str) -> str:
    return re.sub("[^A-Za-z0-9.-]+", "_", extra).lower()

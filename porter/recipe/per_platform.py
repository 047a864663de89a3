"""`[platform."NAME"]`: what of a recipe is otherwise on one Pyodide release."""

from collections.abc import Iterator, Mapping
from typing import Any

from porter.platform import read_platforms
from porter.recipe.model import purl_version

TABLE = "platform"
# A source is named by several fields at once: half of another's would be nobody's.
WHOLE = ("source",)


def merge_platform(data: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The document of one platform: `data` with the fields of `other` in place of its own.

    Fields that are tables are joined; `[source]` is replaced as a whole.
    """
    merged = {table: dict(fields) for table, fields in data.items() if table != TABLE}
    for table, fields in other.items():
        mine = {} if table in WHOLE else merged.get(table, {})
        merged[table] = mine | {
            field: {**mine.get(field, {}), **value} if isinstance(value, dict) else value
            for field, value in fields.items()
        }
    return merged


def find_unknown(names: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, what is wrong with it) of every name that is no platform's, or a platform's second."""
    known = read_platforms().values()
    seen: dict[str, str] = {}
    for name in names:
        release = next((p.pyodide for p in known if name in (p.name, p.pyodide)), "")
        if not release:
            yield name, f"no such platform: there are {', '.join(p.name for p in known)}"
        elif release in seen:
            yield name, f'is the platform of [platform."{seen[release]}"] too'
        else:
            seen[release] = name


def find_stale_version(data: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What is wrong where a platform's source has another version than the recipe says."""
    told = data.get("package", {}).get("version", "")
    purl = other.get("source", {}).get("purl", "")
    version = purl_version(purl)
    if not told or not version or "version" in other.get("package", {}) or told == version:
        return ""
    return f"source.purl is of version {version}, package.version says {told}: name both"

"""recipe.toml and `[tool.porter]`: their fields, and the recipe they make."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from porter.recipe.mistake import Mistake, raise_mistakes
from porter.recipe.model import Kind, Recipe
from porter.recipe.per_platform import TABLE, find_stale_version, find_unknown, merge_platform

NAMES = {str: "string", int: "number", bool: "true or false", dict: "dict", list: "list"}
FLAGS = ("cflags", "cxxflags", "ldflags")
FIELDS: dict[str, dict[str, type]] = {
    "package": {"version": str, "top-level": list, "tags": list, "disabled": bool},
    "source": {
        "purl": str,
        "url": str,
        "path": str,
        "git": str,
        "commit": str,
        "sha256": str,
        "extract-dir": str,
        "extras": dict,
    },
    "build": {
        "type": str,
        "cflags": str,
        "cxxflags": str,
        "ldflags": str,
        "exports": str,
        "env": dict,
        "config-settings": list,
        "patches": list,
        "script": str,
        "cross-script": str,
        "post": str,
        "vendor-sharedlib": bool,
        "unvendor-tests": bool,
        "crates": str,
        "cross-build-env": bool,
        "cross-build-files": list,
    },
    "requirements": {
        "host": list,
        "run": list,
        "constraint": list,
        "build-extras": list,
        "executable": list,
    },
    "audit": {"size": int, "allow": dict},
    "test": {"imports": list, "files": list, "shipped": list, "skip": dict, "requires": list},
}
ORIGINS = ("purl", "url", "path", "git")
SHA256_DIGITS = 64
# Where a field stands in its file; 0 where nobody knows.
type Lines = Callable[[tuple[str, ...]], int]


def parse_recipe(data: Mapping[str, Any], *, name: str, folder: Path, where: str) -> Recipe:
    """The recipe of a parsed recipe.toml, or of a pyproject.toml's `[tool.porter]`.

    Paths are relative to `folder`. Raises ConfigurationError that names every field that is
    unknown or of the wrong type.
    """
    raise_mistakes([*find_mistakes(data, where=where)], advice=known_fields())
    return make_recipe(data, name=name, folder=folder)


def find_mistakes(
    data: object, *, where: str, lines: Lines = lambda _: 0, prefix: str = ""
) -> Iterator[Mistake]:
    """Every field that is unknown, of the wrong type, or at odds with another."""
    for field, text in _mistakes(data):
        yield Mistake(where=where, line=lines(field), text=f"{prefix}{text}")


def make_recipe(
    data: Mapping[str, Any], *, name: str, folder: Path, file: Path | None = None
) -> Recipe:
    """The recipe of a document without mistakes, with those of the platforms it names."""
    platforms = tuple(
        (platform, _make(merge_platform(data, other), name, folder, file))
        for platform, other in data.get(TABLE, {}).items()
    )
    recipe = _make(data, name, folder, file)
    return replace(recipe, platforms=platforms) if platforms else recipe


def _make(data: Mapping[str, Any], name: str, folder: Path, file: Path | None) -> Recipe:
    package, source, build, needs, audit, test = (data.get(table, {}) for table in FIELDS)
    return Recipe(
        name=name,
        folder=folder,
        file=file,
        version=package.get("version", ""),
        kind=Kind(build.get("type", Kind.PACKAGE)),
        tags=tuple(package.get("tags", ())),
        disabled=package.get("disabled", False),
        top_level=tuple(package.get("top-level", ())),
        purl=source.get("purl", ""),
        url=source.get("url", ""),
        path=folder / source["path"] if "path" in source else None,
        git=source.get("git", ""),
        commit=source.get("commit", ""),
        sha256=source.get("sha256", ""),
        extract_dir=source.get("extract-dir", ""),
        extras=tuple((folder / file, place) for file, place in source.get("extras", {}).items()),
        patches=tuple(folder / patch for patch in build.get("patches", ())),
        host=normalised(needs.get("host", ())),
        run=normalised(needs.get("run", ())),
        constraint=tuple(needs.get("constraint", ())),
        build_extras=tuple(needs.get("build-extras", ())),
        executable=tuple(needs.get("executable", ())),
        exports=build.get("exports", "requested"),
        env=tuple(build.get("env", {}).items()),
        config_settings=tuple(build.get("config-settings", ())),
        script=build.get("script", ""),
        cross_script=build.get("cross-script", ""),
        post=build.get("post", ""),
        vendor_sharedlib=build.get("vendor-sharedlib", True),
        unvendor_tests=build.get("unvendor-tests", False),
        crates=folder / build["crates"] if "crates" in build else None,
        cross_build_env=build.get("cross-build-env", False),
        cross_build_files=tuple(build.get("cross-build-files", ())),
        size=audit.get("size"),
        allow=tuple(audit.get("allow", {}).items()),
        imports=tuple(test.get("imports", ())),
        tests=tuple(folder / file for file in test.get("files", ())),
        shipped=tuple(test.get("shipped", ())),
        skip=tuple(test.get("skip", {}).items()),
        requires=tuple(test.get("requires", ())),
        **{flag: build.get(flag, "") for flag in FLAGS},
    )


def normalised(names: "tuple[str, ...] | list[str]") -> tuple[str, ...]:
    """Requirements by normalised name (PEP 503), each once."""
    return tuple(dict.fromkeys(canonicalize_name(name) for name in names))


def known_fields() -> str:
    """What a person is told who wrote another field."""
    fields = ", ".join(f"{table}.{field}" for table, fields in FIELDS.items() for field in fields)
    return f'its fields are {fields}; [{TABLE}."NAME"] takes the same for one platform'


type Found = tuple[tuple[str, ...], str]


def _mistakes(data: object) -> Iterator[Found]:
    if not isinstance(data, Mapping) or TABLE not in data:
        yield from _plain_mistakes(data)
        return
    plain = {table: fields for table, fields in data.items() if table != TABLE}
    found = [*_plain_mistakes(plain)]
    yield from found
    platforms = data[TABLE]
    if not isinstance(platforms, dict):
        yield (TABLE,), f"{TABLE} must be a table"
        return
    for name, text in find_unknown(platforms):
        yield (TABLE, name), f'[{TABLE}."{name}"] {text}'
    for name, other in platforms.items():
        mistakes = [*_plain_mistakes(other)]
        if not found and not mistakes and (text := find_stale_version(plain, other)):
            mistakes = [(("source", "purl"), text)]
        for field, text in mistakes:
            yield (TABLE, name, *field), f'[{TABLE}."{name}"] {text}'


def _plain_mistakes(data: object) -> Iterator[Found]:
    """Those of a document without tables of platforms."""
    if not isinstance(data, Mapping):
        yield (), "must be a table"
        return
    for table, fields in data.items():
        known = FIELDS.get(table)
        if known is None:
            yield (table,), f"unknown table [{table}]"
        elif not isinstance(fields, dict):
            yield (table,), f"{table} must be a table"
        else:
            for field, value in fields.items():
                if text := _mistake(f"{table}.{field}", known.get(field), value):
                    yield (table, field), text
    yield from _source_mistakes(data.get("source"))
    build = data.get("build")
    kind = build.get("type", "package") if isinstance(build, dict) else "package"
    if isinstance(kind, str) and kind not in {*Kind}:
        yield ("build", "type"), f"build.type must be one of {', '.join(Kind)}"


def _mistake(field: str, wanted: type | None, value: object) -> str:
    if wanted is None:
        return f"unknown field {field}"
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        return (
            f"{field} must be a {NAMES[wanted]}"
            if wanted is not bool
            else f"{field} must be {NAMES[bool]}"
        )
    members = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    if not all(isinstance(member, str) for member in members):
        return f"{field} must hold strings only"
    return ""


def _source_mistakes(source: object) -> Iterator[Found]:
    """Fields of `[source]` that do not go together; types are another's business."""
    if not isinstance(source, dict):
        return
    given = [field for field in source if field in ORIGINS]
    if len(given) > 1:
        yield ("source", given[1]), f"source.{' and source.'.join(given)}: one of them"
    purl = source.get("purl", "")
    debian = isinstance(purl, str) and purl.startswith("pkg:deb/") and "checksum=" not in purl
    if debian and "sha256" not in source:
        yield ("source", "purl"), "source.purl of Debian needs source.sha256"
    if "url" in source and "sha256" not in source:
        yield ("source", "url"), "source.url needs source.sha256"
    if ("git" in source) != ("commit" in source):
        at = "git" if "git" in source else "commit"
        yield ("source", at), "source.git and source.commit go together"

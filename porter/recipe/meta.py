"""meta.yaml, as the repository of Pyodide's own recipes writes it, read unchanged.

The schema is pyodide-build's (`recipe/spec.py` of pkg:pypi/pyodide-build): its classes say which
fields there are, and judge what goes with what. Values and lines are read here, so that every
mistake is told at once with its place.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from porter.recipe.fields import normalised
from porter.recipe.mistake import Mistake
from porter.recipe.model import Kind, Recipe

if TYPE_CHECKING:
    import attrs
    import yaml

# What earlier versions of the schema called a field.
LEGACY = {"package": {"_tag": "tag", "disabled": "_disabled", "_pinned": "pinned"}}


# A line, and what is wrong there.
type Found = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the schema: `name` is how a document spells it, `kind` what it holds."""

    name: str
    kind: str
    required: bool


def parse_meta(text: str, *, folder: Path, where: str) -> tuple[Recipe | None, list[Mistake]]:
    """The recipe of a meta.yaml's text, or every mistake in it. Paths are relative to `folder`."""
    import yaml

    loader = yaml.CSafeLoader(text)
    try:
        root = loader.get_single_node()
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError) as error:
        return None, [_not_yaml(error, where)]
    finally:
        loader.dispose()
    if not isinstance(root, yaml.MappingNode):
        return None, [Mistake(where=where, line=1, text="must be a mapping")]
    lines: dict[tuple[str, ...], int] = {}
    found: list[Found] = []
    data = _read_sections(root, lines, found)
    found = found or [(_line(lines, field), text) for field, text in _at_odds(data)]
    if found:
        mistakes = [Mistake(where=where, line=line, text=text) for line, text in sorted(found)]
        return None, mistakes
    return _make(data, folder), []


def _not_yaml(error: Exception, where: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return Mistake(where=where, line=mark.line + 1 if mark else 0, text=f"not YAML: {problem}")


@cache
def _schema() -> Mapping[str, Mapping[str, Field]]:
    """Every section of the schema, its fields by each of the spellings they go by."""
    import attrs
    from pyodide_build.recipe.spec import MetaConfig  # type: ignore[import-untyped]

    sections = {}
    for section in attrs.fields(MetaConfig):
        fields: dict[str, Field] = {}
        for attribute in attrs.fields(section.type):
            field = Field(
                name=attribute.metadata.get("alias", attribute.name),
                kind=_kind(attribute),
                required=attribute.default is attrs.NOTHING,
            )
            fields[attribute.name] = fields[field.name] = field
        for old, new in LEGACY.get(section.name, {}).items():
            fields[old] = fields[new]
        sections[section.name] = fields
    return sections


def _kind(attribute: "attrs.Attribute[Any]") -> str:
    text = str(attribute.type)
    for word in ("list[tuple", "list", "bool"):
        if word in text and "Literal" not in text:
            return word
    return "exports" if attribute.name == "exports" else "str"


def _read_sections(
    root: "yaml.MappingNode",
    lines: dict[tuple[str, ...], int],
    found: list[Found],
) -> dict[str, dict[str, Any]]:
    import yaml

    data: dict[str, dict[str, Any]] = {}
    for key, node in root.value:
        name = str(key.value)
        line = lines[(name,)] = key.start_mark.line + 1
        schema = _schema().get(name)
        if schema is None:
            found.append((line, f"unknown section {name}"))
        elif name in data:
            found.append((line, f"section {name} stands here twice"))
        elif isinstance(node, yaml.MappingNode):
            data[name] = dict(_read_fields(name, node, schema, lines, found))
        elif _scalar(node) is not None:
            found.append((line, f"{name} must be a mapping"))
    for name, schema in _schema().items():
        found += [
            (lines.get((name,), 1), f"{name}.{field.name} is missing")
            for field in dict.fromkeys(schema.values())
            if field.required and (name, field.name) not in lines
        ]
    return data


def _read_fields(
    section: str,
    node: "yaml.MappingNode",
    schema: Mapping[str, Field],
    lines: dict[tuple[str, ...], int],
    found: list[Found],
) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        field = schema.get(name)
        line = key.start_mark.line + 1
        lines[(section, field.name if field else name)] = line
        if field is None:
            # `extra` is for whoever keeps the recipes.
            if section != "extra":
                found.append((line, f"unknown field {section}.{name}"))
            continue
        if field.name in seen:
            found.append((line, f"{section}.{name} stands here twice"))
            continue
        seen.add(field.name)
        try:
            parsed = _value(value, field.kind)
        except ValueError as error:
            found.append((line, f"{section}.{name} {error}"))
            continue
        if parsed is not None:
            yield field.name, parsed


def _value(node: "yaml.Node", kind: str) -> Any:
    import yaml

    if isinstance(node, yaml.SequenceNode) and kind in ("list", "list[tuple", "exports"):
        if kind == "list[tuple":
            return [_pair(member) for member in node.value]
        members = [_scalar(member) for member in node.value]
        if not all(isinstance(member, str) for member in members):
            raise ValueError("must hold strings only")
        return members
    scalar = _scalar(node) if isinstance(node, yaml.ScalarNode) else ()
    # A key with nothing after it is a field that was left out.
    if scalar is None:
        return None
    wanted = {"bool": bool, "list": list, "list[tuple": list}.get(kind, str)
    if not isinstance(scalar, wanted):
        words = {bool: "true or false", list: "a list", str: "a string"}
        raise ValueError(f"must be {words[wanted]}")  # noqa: TRY004 # it is caught as one above
    return scalar


def _pair(node: "yaml.Node") -> list[str]:
    members = [_scalar(member) for member in node.value] if isinstance(node.value, list) else []
    if len(members) != 2 or not all(isinstance(member, str) for member in members):
        raise ValueError("must hold pairs of strings: [file, place in the source]")
    return [str(member) for member in members]


def _scalar(node: "yaml.Node") -> str | bool | tuple[()] | None:
    """What a scalar means; an empty tuple for what is none."""
    if not isinstance(node.value, str):
        return ()
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in ("true", "yes", "on")
    return node.value


def _at_odds(data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Fields that do not go together, as pyodide-build judges them."""
    kind = data.get("build", {}).get("type", Kind.PACKAGE)
    if kind not in {*Kind}:
        return [(("build", "type"), f"build.type must be one of {', '.join(Kind)}")]
    whole = _refusal(data)
    if whole is None:
        return []
    found = []
    for section in data:
        minimal = {"package": data["package"], "source": {"path": "."}, section: data[section]}
        if (refusal := _refusal(minimal)) is not None:
            found.append((_blamed(section, refusal), refusal))
    return found or [(_blamed("source", whole), whole)]


def _refusal(data: Mapping[str, Any]) -> str | None:
    from pyodide_build.recipe.spec import MetaConfig

    try:
        MetaConfig.from_dict({name: dict(fields) for name, fields in data.items()})
    except (ValueError, TypeError, KeyError) as error:
        return str(error).rstrip(".")
    return None


def _blamed(section: str, refusal: str) -> tuple[str, ...]:
    """The field that a refusal names, `build/type` or the like."""
    named = re.search(rf"{section}/([\w-]+)", refusal)
    return (section, named[1].replace("_", "-")) if named else (section,)


def _line(lines: Mapping[tuple[str, ...], int], field: tuple[str, ...]) -> int:
    return lines.get(field) or lines.get(field[:1], 1)


def _make(data: Mapping[str, Any], folder: Path) -> Recipe:
    package, source, build, needs, test = (
        data.get(section, {}) for section in ("package", "source", "build", "requirements", "test")
    )
    exports = build.get("exports", "pyinit")
    url = source.get("url", "")
    return Recipe(
        name=package["name"],
        version=package["version"],
        folder=folder,
        kind=Kind(build.get("type", Kind.PACKAGE)),
        tags=tuple(package.get("tag", ())),
        disabled=package.get("_disabled", False),
        top_level=tuple(package.get("top-level", ())),
        url=url,
        path=folder / source["path"] if "path" in source else None,
        sha256=source.get("sha256", ""),
        extract_dir=source.get("extract_dir", ""),
        patches=tuple(folder / patch for patch in source.get("patches", ())),
        extras=tuple((folder / file, place) for file, place in source.get("extras", ())),
        host=normalised(needs.get("host", ())),
        run=normalised(needs.get("run", ())),
        constraint=tuple(needs.get("constraint", ())),
        build_extras=tuple(needs.get("build-extras", ())),
        executable=tuple(needs.get("executable", ())),
        # Blocks of several lines are lists of flags.
        cflags=" ".join(build.get("cflags", "").split()),
        cxxflags=" ".join(build.get("cxxflags", "").split()),
        ldflags=" ".join(build.get("ldflags", "").split()),
        exports=exports if isinstance(exports, str) else ",".join(exports),
        config_settings=tuple(build.get("backend-flags", "").split()),
        script=build.get("script", ""),
        cross_script=build.get("cross-script", ""),
        post=build.get("post", ""),
        # A wheel is as its project made it.
        vendor_sharedlib=build.get("vendor-sharedlib", True) and not url.endswith(".whl"),
        unvendor_tests=build.get("unvendor-tests", True),
        retain_test_patterns=tuple(build.get("_retain-test-patterns", ())),
        cross_build_env=build.get("cross-build-env", False),
        cross_build_files=tuple(build.get("cross-build-files", ())),
        imports=tuple(test.get("imports", ())),
    )

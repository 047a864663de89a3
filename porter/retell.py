"""A recipe as the inputs of its build tell it: the other way round of `porter.inputs`. Pure."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from porter.errors import ConfigurationError
from porter.inputs import LISTS, SCRIPTS
from porter.recipe import FLAGS, Kind, Recipe

EXTRA = "extra "


def retell_recipe(
    inputs: Mapping[str, str], known: Recipe, *, find: Callable[[str, str], Path]
) -> Recipe:
    """What of a recipe decided a build, in place of what `known` says of it.

    `find` gives the file of a name and a sha256, for patches. What the inputs do not tell, such as
    tests, stays as it is known. Raises ConfigurationError where they cannot be understood.
    """
    try:
        flags, told = _parts(inputs["flags"]), _parts(inputs["recipe"])
        size, allow = _audit(inputs["audit"], known)
        fields: dict[str, Any] = {
            "patches": tuple(find(*part) for part in _parts(inputs["patches"]).items()),
            "extras": tuple(
                (find(Path(name.removeprefix(EXTRA)).name, sha256), name.removeprefix(EXTRA))
                for name, sha256 in told.items()
                if name.startswith(EXTRA)
            ),
            "exports": flags["exports"],
            "env": tuple(_parts(inputs["env"]).items()),
            "config_settings": tuple(inputs["config-settings"].splitlines()),
            "extract_dir": told.get("extract_dir", ""),
            "kind": Kind(told.get("type", Kind.PACKAGE)),
            "vendor_sharedlib": "vendor_sharedlib" not in told,
            "unvendor_tests": "unvendor_tests" in told,
            "size": size,
            "allow": allow,
        }
        fields |= {flag: flags.get(flag, "") for flag in FLAGS}
        fields |= {name: told.get(name, "") for name in SCRIPTS}
        fields |= {name: tuple(told.get(name, "").split()) for name in LISTS}
        return replace(known, name=inputs["name"], **fields)
    except (KeyError, ValueError, SyntaxError, TypeError) as error:
        raise ConfigurationError(
            "its bill of materials tells of a build that this Porter does not understand",
            advice="take the Porter that it names",
        ) from error


def host_parts(inputs: Mapping[str, str]) -> dict[str, str]:
    """What a build was compiled against, by name: the sha256 of each."""
    return _parts(inputs.get("host", ""))


def _parts(text: str) -> dict[str, str]:
    parts = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        # Of several lines a value is written as Python writes it.
        quoted = value[:1] in ("'", '"') and value[-1:] == value[:1] and "\\n" in value
        parts[name] = str(ast.literal_eval(value)) if quoted else value
    return parts


def _audit(text: str, known: Recipe) -> tuple[int | None, tuple[tuple[str, str], ...]]:
    if text == "skipped":
        return known.size, known.allow
    size, _, allow = text.partition(" ")
    pairs = ast.literal_eval(allow)
    return ast.literal_eval(size), tuple((str(finding), str(reason)) for finding, reason in pairs)

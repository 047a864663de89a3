"""A recipe as pyodide-build's own recipe builder takes it: a folder with a meta.yaml.

Scripts, libraries and vendored libraries are its work (`recipe/builder.py` of
pkg:pypi/pyodide-build). The source it is given is laid out and patched already.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from porter.errors import ConfigurationError
from porter.recipe import Kind, Recipe

EXPORTS = ("pyinit", "requested", "whole_archive")
# A library's archive is named by it, where its recipe does not say.
NO_VERSION = "0"


def needs_recipe_builder(recipe: Recipe, *, vendors: bool) -> bool:
    """Whether more is asked for than a build backend does; `vendors`: libraries may be needed."""
    scripts = recipe.script or recipe.cross_script or recipe.post
    more = recipe.constraint or recipe.build_extras
    return bool(scripts or more) or recipe.kind is not Kind.PACKAGE or vendors


def write_meta(
    recipe: Recipe, folder: Path, source: Path, *, settings: tuple[str, ...], version: str
) -> None:
    """Lay out the recipe's folder, whose files scripts use, with a meta.yaml for `source`.

    `settings` are the config-settings with their variables filled in. Raises ConfigurationError
    where the recipe cannot be said so.
    """
    if recipe.folder is not None:
        shutil.copytree(recipe.folder, folder, ignore=shutil.ignore_patterns("dist", "build"))
    folder.mkdir(parents=True, exist_ok=True)
    for setting in settings:
        if any(character.isspace() for character in setting):
            raise ConfigurationError(
                f"{recipe.file}: {setting!r}: with a script, no white space in config-settings"
            )
    # JSON is YAML, and quotes what looks like a number.
    text = json.dumps(_meta(recipe, source, settings, version), indent=1)
    (folder / "meta.yaml").write_text(text)


def _meta(
    recipe: Recipe, source: Path, settings: tuple[str, ...], version: str
) -> Mapping[str, object]:
    exports: object = recipe.exports if recipe.exports in EXPORTS else recipe.exports.split(",")
    build: dict[str, object] = {"type": recipe.kind, "script": recipe.script or None}
    if not recipe.kind.is_library:
        build |= {
            "exports": exports,
            "backend-flags": " ".join(settings),
            "cflags": recipe.cflags,
            "cxxflags": recipe.cxxflags,
            "ldflags": recipe.ldflags,
            "cross-script": recipe.cross_script or None,
            "post": recipe.post or None,
            "vendor-sharedlib": recipe.vendor_sharedlib,
        }
    if recipe.kind is Kind.CPYTHON_MODULE:
        # Its schema lets a module of CPython have a script alone.
        build = {"type": recipe.kind, "script": recipe.script or None}
    return {
        "package": {"name": recipe.key, "version": version or NO_VERSION},
        "source": {"path": str(source)},
        "build": build,
        "requirements": {
            "executable": list(recipe.programs),
            "constraint": list(recipe.constraint),
            "build-extras": list(recipe.build_extras),
        },
    }

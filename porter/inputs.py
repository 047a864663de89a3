"""Everything that goes into a wheel, by name: what its artefact's key is made of."""

import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from porter import __version__
from porter.home import hash_file
from porter.platform import Platform
from porter.recipe import FLAGS, Kind, Recipe
from porter.tree import hash_tree, list_tree

# Raised when the way a wheel is built or finished changes: older artefacts are not reused.
SCHEME = "7"
# Fields of a recipe that change a wheel only where they are given.
SCRIPTS = ("script", "cross_script", "post")
LISTS = ("constraint", "build_extras", "cross_build_files", "retain_test_patterns")


def build_inputs(
    recipe: Recipe,
    *,
    identity: str,
    platform: Platform,
    toolchain: str,
    host: Mapping[str, str],
    audited: bool,
    rust: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The inputs of a recipe's build; those of several parts have one part a line.

    `identity` is of the source, `toolchain` the toolchain's, `host` has the sha256 of every
    artefact that it is compiled against, by name; `rust` are its inputs of a source with Rust.
    """
    return {
        "scheme": SCHEME,
        "name": recipe.key,
        "source": identity,
        "patches": _lines({patch.name: hash_file(patch) for patch in recipe.patches}),
        "flags": _lines(
            {flag: getattr(recipe, flag) for flag in FLAGS} | {"exports": recipe.exports}
        ),
        "env": _lines(dict(recipe.env)),
        "config-settings": "\n".join(recipe.config_settings),
        "recipe": _lines(_told(recipe)),
        "host": _lines(host),
        "platform": f"{platform.pyodide} {platform.integrity}",
        "toolchain": toolchain,
        "python": sys.version,
        "porter": __version__,
        "pyodide-build": _builder_version(),
        "audit": f"{recipe.size} {recipe.allow}" if audited else "skipped",
        **(rust or {}),
    }


@cache
def _builder_version() -> str:
    return version("pyodide-build")


def _told(recipe: Recipe) -> dict[str, str]:
    """What else of the recipe decides, where it is not as it would be without."""
    told = {name: getattr(recipe, name) for name in SCRIPTS}
    told |= {name: " ".join(getattr(recipe, name)) for name in LISTS}
    told |= {f"extra {place}": hash_file(file) for file, place in recipe.extras}
    told["files"] = _beside(recipe)
    told["extract_dir"] = recipe.extract_dir
    told["type"] = "" if recipe.kind is Kind.PACKAGE else recipe.kind
    told["vendor_sharedlib"] = "" if recipe.vendor_sharedlib else "no"
    told["crates"] = _hash_folder(recipe.crates)
    told["unvendor_tests"] = "yes" if recipe.unvendor_tests else ""
    return {name: value for name, value in told.items() if value}


def _hash_folder(folder: Path | None) -> str:
    return hash_tree(list_tree(folder)) if folder is not None and folder.is_dir() else ""


def _beside(recipe: Recipe) -> str:
    """The hash of the files beside a recipe, which its scripts may use; empty without scripts.

    Those that have an input of their own are left out: the source, patches, the recipe itself.
    """
    folder, file = recipe.folder, recipe.file
    scripts = any(getattr(recipe, name) for name in SCRIPTS)
    remote = recipe.purl or recipe.url or recipe.git
    if not scripts or folder is None or not folder.is_dir() or not (recipe.path or remote):
        return ""
    apart = {path.resolve() for path in (*recipe.patches, *recipe.tests, file) if path is not None}
    entries = list_tree(folder, leave_out=recipe.path)
    return hash_tree([entry for entry in entries if entry.path.resolve() not in apart])


def _lines(parts: Mapping[str, str]) -> str:
    # A value of several lines stays one part.
    return "\n".join(
        f"{name}={value!r}" if "\n" in value else f"{name}={value}" for name, value in parts.items()
    )

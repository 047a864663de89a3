"""Whether a source has Rust in it, and how its crates are had: found out once a source."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from porter.crates.debian import CrateArchive
from porter.crates.manifest import any_manifest, find_manifest, may_have_rust
from porter.crates.resolve import Cargo, Resolved, resolve
from porter.errors import ConfigurationError
from porter.home import Home, hash_file, new_file
from porter.recipe import Recipe
from porter.source import Fetched, lay_source
from porter.toolchain.profile import read_rust
from porter.toolchain.rust import Rust, find_rust, have_rust, rust_folder
from porter.tree import hash_tree, list_tree
from porter.workshop import Workshop

# Raised when the way crates are found changes.
SCHEME = 1
# What was found out of the sources in a folder of fetched ones.
KEPT = "crates"


@dataclass(frozen=True, slots=True, kw_only=True)
class RustWork:
    """The Rust of a source: its toolchain, and its crates."""

    rust: Rust
    crates: Resolved

    @property
    def inputs(self) -> dict[str, str]:
        """What goes into the wheel."""
        lines = [f"{name} {version} {sha256}" for name, version, sha256 in self.crates.packages]
        return {
            "rust": f"{self.rust.version} {self.rust.identity}",
            **({"crates": "\n".join(lines)} if lines else {}),
        }


def plan_rust(fetched: Fetched, shop: Workshop) -> RustWork | None:
    """The Rust of a source at hand, None where it has none; its toolchain is installed for it.

    Raises CratesMissing, ToolchainNotFound, Unreachable, SourceNotFound, BuildFailed.
    """
    recipe = fetched.source.recipe
    record = _record(recipe, fetched.identity, shop.home)
    noted = told = _read(record)
    if told is None and shop.sources is not None:
        told = _read(shop.sources / KEPT / record.name)
    archive = crate_archive(shop, shop.home.logs / "crates.log")
    if told is None or (told and archive.known(told.packages) is None):
        told = _find_out(fetched, shop)
    if told != noted:
        _write(record, told)
    if not told:
        return None
    return RustWork(rust=_have(shop), crates=told)


def keep_crates(fetched: Fetched, shop: Workshop, folder: Path) -> None:
    """Have in a folder of fetched sources what `plan_rust` needs of it. Raises as that does."""
    work = plan_rust(fetched, shop)
    if work is not None:
        crate_archive(shop, shop.home.logs / "crates.log").keep(work.crates.packages, folder)
        record = _record(fetched.source.recipe, fetched.identity, shop.home)
        _write(folder / KEPT / record.name, work.crates)


def has_rust(fetched: Fetched) -> bool:
    """Whether a source at hand may need Rust; what its patches add is not seen."""
    return fetched.source.recipe.needs_rust or may_have_rust(fetched)


def known_inputs(recipe: Recipe, identity: str, home: Home) -> dict[str, str]:
    """What of Rust goes into the build of a source, as far as an earlier one found out."""
    told = _read(_record(recipe, identity, home))
    rust = find_rust(home) if told else None
    return RustWork(rust=rust, crates=told).inputs if told and rust else {}


def crate_archive(shop: Workshop, log: Path) -> CrateArchive:
    """Debian's crates, for a shop."""
    return CrateArchive(
        home=shop.home, env=shop.env, report=shop.report, log=log, kept=shop.sources
    )


def _find_out(fetched: Fetched, shop: Workshop) -> "Resolved | Literal[False]":
    source = fetched.source
    if not has_rust(fetched):
        return False
    log = shop.home.new_log(f"crates-{source.name}")
    shop.home.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="crates-", dir=shop.home.work) as scratch:
        folder = Path(scratch) / "source"
        lay_source(fetched, folder, log=log, env=shop.env)
        manifest = find_manifest(folder) or (
            any_manifest(folder) if source.recipe.needs_rust else None
        )
        if manifest is None:
            return False
        shop.report.phase(source.name, "finding its crates")
        cargo = Cargo(
            rust=_have(shop),
            folder=Path(scratch) / "rust",
            env=shop.env,
            log=log,
            children=shop.children,
        )
        return resolve(
            folder,
            manifest,
            cargo,
            given=given_crates(source.recipe),
            archive=crate_archive(shop, log),
            subject=source.name,
        )


def given_crates(recipe: Recipe) -> Path | None:
    """The folder of crates beside a recipe; raises ConfigurationError where there is none."""
    if recipe.crates is not None and not recipe.crates.is_dir():
        raise ConfigurationError(
            f"{recipe.file}: build.crates: there is no folder {recipe.crates}",
            advice="`cargo vendor` in the source fills one",
        )
    return recipe.crates


def _have(shop: Workshop) -> Rust:
    return have_rust(
        shop.toolchain.path[-1],
        home=shop.home,
        env=shop.env,
        report=shop.report,
        children=shop.children,
    )


def _record(recipe: Recipe, identity: str, home: Home) -> Path:
    """Where it is noted what was found out of a source: by all that can change it."""
    parts = [
        SCHEME,
        identity,
        recipe.extract_dir,
        recipe.needs_rust,
        rust_folder(home, read_rust()).name,
        [hash_file(patch) for patch in recipe.patches],
        [(place, hash_file(file)) for file, place in recipe.extras],
        hash_tree(list_tree(recipe.crates)) if recipe.crates and recipe.crates.is_dir() else "",
    ]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return home.crates / "plans" / f"{digest}.json"


def _read(record: Path) -> "Resolved | Literal[False] | None":
    """What was noted: False where there is no Rust, None where nothing was."""
    try:
        data = json.loads(record.read_bytes())
        return _parse(data) if data is not None else False
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(record: Path, told: "Resolved | Literal[False]") -> None:
    with new_file(record) as file:
        file.write_text(json.dumps(asdict(told) if told else None))


def _parse(data: Mapping[str, object]) -> Resolved:
    packages = data["packages"]
    if not isinstance(packages, list):
        raise TypeError("not a list")
    return Resolved(
        manifest=str(data["manifest"]),
        lock_path=str(data["lock_path"]),
        lock=str(data["lock"]),
        packages=tuple((str(n), str(v), str(s)) for n, v, s in packages),
    )

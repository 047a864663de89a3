"""Which crates a Rust project is compiled with: vendored ones first, then Debian's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from porter.crates.debian import CrateArchive, CratePackage
from porter.crates.manifest import (
    Missing,
    needed_crates,
    package_name,
    parse_lock,
    parse_missing,
    replaces_source,
    vendored_folders,
)
from porter.errors import BuildFailed, CommandFailed, CratesMissing
from porter.process import Children, run
from porter.toolchain.rust import Rust, write_cargo_config

LOCK = "Cargo.lock"
# More rounds than any tree of crates is deep: each adds at least one crate.
ROUNDS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """How the crates of a source are had.

    `manifest` is its Cargo.toml, relative to the source. `lock` is the Cargo.lock that takes the
    place of `lock_path`; both are empty where the source's own holds. `packages` are Debian's:
    (name, version, sha256) each.
    """

    manifest: str
    lock_path: str = ""
    lock: str = ""
    packages: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """cargo with the crates of the folder `crates` and no others, run in a scratch folder."""

    rust: Rust
    folder: Path
    env: Mapping[str, str]
    log: Path
    children: Children
    said: list[str] = field(default_factory=list)

    @property
    def crates(self) -> Path:
        """Its directory source."""
        return self.folder / "crates"

    def begin(self) -> None:
        """Lay out an empty directory source."""
        self.crates.mkdir(parents=True, exist_ok=True)
        write_cargo_config(self.folder / "home", self.crates)

    def ask(self, *words: str, manifest: Path) -> bool:
        """Run it on a manifest; whether it succeeded. What it says is in `said`."""
        self.said.clear()
        env = {
            **self.env,
            "PATH": f"{self.rust.programs}:{self.env['PATH']}",
            "CARGO_HOME": str(self.folder / "home"),
            "CARGO_TERM_COLOR": "never",
        }
        command: list[str | Path] = [
            self.rust.programs / "cargo",
            *words,
            "--offline",
            "--manifest-path",
            manifest,
        ]
        try:
            run(
                command,
                log=self.log,
                env=env,
                cwd=manifest.parent,
                on_line=self.said.append,
                children=self.children,
            )
        except CommandFailed:
            return False
        return True


def resolve(
    folder: Path,
    manifest: Path,
    cargo: Cargo,
    *,
    given: Path | None,
    archive: CrateArchive,
    subject: str,
) -> Resolved:
    """The crates of the source that lies in `folder`, a scratch copy.

    Its own Cargo.lock holds where what is vendored fits it; where not, cargo chooses anew among
    what is vendored, what is `given` beside the recipe, and Debian's. Raises CratesMissing,
    BuildFailed, Unreachable.
    """
    name = manifest.relative_to(folder).as_posix()
    if replaces_source(folder, manifest):
        return Resolved(manifest=name)
    cargo.begin()
    link_crates(cargo.crates, local_crates(folder, manifest, given))
    if cargo.ask("metadata", "--format-version=1", "--locked", manifest=manifest):
        return Resolved(manifest=name)
    old = _set_lock_aside(folder, manifest)
    packages = _complete(manifest, cargo, archive, subject, old)
    lock = next(place for place in _lock_places(folder, manifest) if place.is_file())
    text = lock.read_text("utf-8")
    used = {(crate.name, crate.version) for crate in parse_lock(text)}
    return Resolved(
        manifest=name,
        lock_path=lock.relative_to(folder).as_posix(),
        lock=text,
        packages=tuple(
            (package.name, package.version, package.sha256)
            for package in packages
            if any(package_name(crate) in used for crate in package.crates)
        ),
    )


def local_crates(folder: Path, manifest: Path, given: Path | None) -> list[Path]:
    """Folders of crates that come with the source, then those that come with its recipe."""
    found = vendored_folders(folder, manifest)
    return [*found, given] if given is not None else found


def link_crates(target: Path, folders: Iterable[Path]) -> None:
    """Put the crates of those folders into a directory source; the first of a name stays."""
    for folder in folders:
        for crate in sorted(folder.iterdir()):
            if (crate / "Cargo.toml").is_file():
                _link(target, crate)


def link_packages(target: Path, packages: Iterable[CratePackage]) -> list[Path]:
    """Put Debian's crates into a directory source; those that were not there."""
    return [crate for package in packages for crate in package.crates if _link(target, crate)]


def _link(target: Path, crate: Path) -> bool:
    place = target / crate.name
    if place.is_symlink():
        return False
    place.symlink_to(crate.resolve(), target_is_directory=True)
    return True


def _complete(
    manifest: Path, cargo: Cargo, archive: CrateArchive, subject: str, old: Mapping[str, str]
) -> list[CratePackage]:
    """Add Debian's crates until cargo has all that it needs."""
    direct = dict(needed_crates(manifest))
    asked = dict(direct)
    tried: set[str] = set()
    packages: list[CratePackage] = []
    for _ in range(ROUNDS):
        # What a crate needs whatever its features is fetched with it: cargo names one at a time.
        while fresh := set(asked) - tried:
            tried |= fresh
            more = archive.fetch(fresh, subject)
            packages += [package for package in more if package not in packages]
            for crate in link_packages(cargo.crates, more):
                asked = dict(needed_crates(crate / "Cargo.toml")) | asked
        if cargo.ask("generate-lockfile", manifest=manifest):
            return packages
        missing = parse_missing("\n".join(cargo.said))
        if missing is None:
            lines = [line for line in cargo.said if line.strip()][:6]
            text = "".join(f"\n  {line.strip()}" for line in lines)
            raise BuildFailed(f"{subject}: cargo cannot resolve its crates:{text}", log=cargo.log)
        if missing.name in tried:
            raise _refuse(subject, missing, direct, asked, old, cargo, archive)
        asked.setdefault(missing.name, missing.wanted)
    raise BuildFailed(f"{subject}: its crates have no end", log=cargo.log)


def _refuse(
    subject: str,
    missing: Missing,
    direct: Mapping[str, str],
    asked: Mapping[str, str],
    old: Mapping[str, str],
    cargo: Cargo,
    archive: CrateArchive,
) -> CratesMissing:
    there = {package_name(crate)[0] for crate in cargo.crates.iterdir()}
    others = [name for name in direct if name not in there and name != missing.name]
    found = [
        missing,
        *(Missing(name=name, wanted=direct[name]) for name in others if not old or name in old),
    ]
    told = [
        str(each if each.wanted else Missing(name=each.name, wanted=asked.get(each.name, "")))
        + (f", {old[each.name]} in Cargo.lock" if each.name in old else "")
        for each in found
    ]
    return CratesMissing(
        f"{subject}: crates are missing: {'; '.join(told)}: neither the source nor {archive.suite} "
        "has them",
        advice="where crates can be had, in the source: cargo vendor; then put the folder vendor "
        'beside Cargo.toml, or beside the recipe with [build] crates = "vendor"',
        log=cargo.log,
    )


def _set_lock_aside(folder: Path, manifest: Path) -> dict[str, str]:
    """Remove the Cargo.lock that does not hold; the versions that it wanted."""
    old: dict[str, str] = {}
    for place in _lock_places(folder, manifest):
        if place.is_file():
            text = place.read_text("utf-8", "replace")
            old |= {crate.name: crate.version for crate in parse_lock(text)}
            place.unlink()
    return old


def _lock_places(folder: Path, manifest: Path) -> Sequence[Path]:
    """Where a workspace's lock may lie: beside the manifest or above it."""
    above = [folder / parent for parent in manifest.relative_to(folder).parents]
    return [place / LOCK for place in above]

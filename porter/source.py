"""Sources: a folder, an sdist file or a package URL; hash-checked, unpacked, patched."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packageurl import PackageURL
from packaging.utils import (
    InvalidSdistFilename,
    canonicalize_name,
    parse_sdist_filename,
)

from porter.archive import unpack_tar, unpack_zip
from porter.errors import (
    CommandFailed,
    ConfigurationError,
    HashMismatch,
    SourceNotFound,
    UnsafeArchive,
    UsageError,
)
from porter.home import Home, hash_file
from porter.platform import Platform
from porter.process import run
from porter.pypi import fetch_file, fetch_release, parse_purl, promised_sha256
from porter.recipe import Recipe, find_recipe, read_recipe
from porter.tree import Entry, copy_tree, hash_tree, list_tree
from porter.versioned import copy_git, git_state, versioned_by_git

PROJECT_FILES = ("pyproject.toml", "setup.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to build and how.

    `origin` is a folder, an sdist file, or the package URL of a project of the index. `sha256` is
    what the archive's bytes must hash to, empty where nobody promised anything.
    """

    recipe: Recipe
    origin: Path | PackageURL
    sha256: str = ""

    @property
    def name(self) -> str:
        """The project's normalised name (PEP 503)."""
        return canonicalize_name(self.recipe.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A source at hand, in the folder or archive `path`.

    `sha256` is of the archive, or of the folder's files, which are `entries`; `note` is what the
    plan says of it.
    """

    source: Source
    sha256: str
    path: Path
    entries: tuple[Entry, ...] = ()
    note: str = ""


def parse_source(text: str, *, recipes: Path) -> Source:
    """The source that a command line names.

    A folder with a pyproject.toml or setup.py; a recipe's folder; an sdist file; or
    `pkg:pypi/NAME@VERSION`, which means the sdist. `#sha256=HEX` after a file, or the qualifier
    `checksum=sha256:HEX` of a package URL, says what its bytes must be. Raises SourceNotFound
    or UsageError.
    """
    if text.startswith("pkg:"):
        return _index_source(parse_purl(text), recipes)
    name, _, fragment = text.partition("#")
    path = Path(name)
    if path.is_dir():
        return _folder_source(path, recipes)
    if not path.exists():
        raise SourceNotFound(
            f"{text}: no such folder or file",
            advice="a project on the index is written pkg:pypi/NAME@VERSION",
        )
    if fragment and not fragment.startswith("sha256="):
        raise UsageError(f"{text}: after # comes sha256=HEX")
    try:
        project = parse_sdist_filename(path.name)[0]
    except InvalidSdistFilename as error:
        raise UsageError(
            f"{path}: not the name of an sdist", advice="it is NAME-VERSION.tar.gz (PEP 625)"
        ) from error
    recipe = find_recipe(recipes, project)
    promised = fragment.removeprefix("sha256=")
    return Source(recipe=recipe, origin=path.resolve(), sha256=promised)


def fetch_source(
    source: Source,
    *,
    platform: Platform,
    home: Home,
    env: Mapping[str, str],
    out: Path | None = None,
) -> Fetched:
    """Have the source's bytes at hand, and know their hash. Raises HashMismatch, Unreachable.

    What lies in `out`, where the wheels go, is no source.
    """
    if isinstance(source.origin, PackageURL):
        return _fetch_sdist(source, source.origin, platform, home, env)
    path = source.origin
    if path.is_dir():
        entries = list_tree(path, leave_out=out)
        sha256 = hash_tree(entries)
        if versioned_by_git(path):
            sha256 = hashlib.sha256(f"{sha256}{git_state(path)}".encode()).hexdigest()
        return Fetched(source=source, sha256=sha256, path=path, entries=tuple(entries))
    found = hash_file(path)
    if source.sha256 and found != source.sha256:
        raise _mismatch(str(path), found, source.sha256)
    return Fetched(source=source, sha256=found, path=path)


def lay_source(fetched: Fetched, target: Path, *, log: Path, env: Mapping[str, str]) -> None:
    """A scratch copy of the source in `target`, patched. The source itself is only read."""
    source = fetched.source
    if fetched.path.is_dir():
        copy_tree(fetched.entries, target)
        if versioned_by_git(fetched.path):
            copy_git(fetched.path, target)
    else:
        _unpack_sdist(fetched.path, target)
    if not any((target / name).is_file() for name in PROJECT_FILES):
        raise ConfigurationError(
            f"{source.name}: neither pyproject.toml nor setup.py in it",
            advice="only projects with a build backend (PEP 517) can be built",
        )
    for patch in source.recipe.patches:
        try:
            run(["patch", "-p1", "--batch", "-i", patch], log=log, env=env, cwd=target)
        except CommandFailed as error:
            raise ConfigurationError(f"{patch} does not apply to {source.name}", log=log) from error


def _folder_source(path: Path, recipes: Path) -> Source:
    folder = path.resolve()
    recipe = read_recipe(folder)
    if recipe.purl:
        return _index_source(parse_purl(recipe.purl), recipes, recipe)
    if not any((folder / name).is_file() for name in PROJECT_FILES):
        raise SourceNotFound(
            f"{path}: neither pyproject.toml nor setup.py in it, nor a recipe that names a source",
            advice='a recipe names one so: [source] purl = "pkg:pypi/NAME@VERSION"',
        )
    return Source(recipe=recipe, origin=folder)


def _index_source(purl: PackageURL, recipes: Path, recipe: Recipe | None = None) -> Source:
    recipe = recipe or find_recipe(recipes, purl.name)
    asked = promised_sha256(purl)
    # The recipe's hash speaks of the version it names, not of every version.
    pinned = recipe.sha256 if recipe.purl == f"pkg:pypi/{purl.name}@{purl.version}" else ""
    return Source(recipe=recipe, origin=purl, sha256=asked or pinned)


def _fetch_sdist(
    source: Source, purl: PackageURL, platform: Platform, home: Home, env: Mapping[str, str]
) -> Fetched:
    release = fetch_release(purl, home=home, env=env)
    wheel = release.installable(platform)
    note = f"the index already has {wheel.filename}: no port may be needed" if wheel else ""
    if release.sdist is None:
        raise SourceNotFound(
            f"{source.name} {purl.version} has no sdist on the index",
            advice=note or "its sources must come from elsewhere: give the folder",
        )
    if source.sha256 and source.sha256 != release.sdist.sha256:
        raise _mismatch(release.sdist.filename, release.sdist.sha256, source.sha256)
    archive = fetch_file(release.sdist, home=home, env=env)
    return Fetched(source=source, sha256=release.sdist.sha256, path=archive, note=note)


def _unpack_sdist(archive: Path, target: Path) -> None:
    beside = target.with_name(f"{target.name}.unpacked")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    if archive.suffix == ".zip":
        unpack_zip(archive, beside)
    else:
        unpack_tar(archive, beside)
    tops = list(beside.iterdir())
    if len(tops) != 1 or not tops[0].is_dir():
        raise UnsafeArchive(
            f"{archive.name}: an sdist holds one folder, NAME-VERSION (PEP 625), this one has "
            f"{len(tops)} entries"
        )
    tops[0].replace(target)
    beside.rmdir()


def _mismatch(what: str, found: str, promised: str) -> HashMismatch:
    return HashMismatch(
        f"{what}: its sha256 is {found}, {promised} was promised",
        advice="do not build it; find out which of the two is right",
    )

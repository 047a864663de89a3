"""Sources by the names that people, and recipes, give them."""

import re
from collections.abc import Sequence
from pathlib import Path

from packageurl import PackageURL
from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from porter.errors import ConfigurationError, SourceNotFound, UsageError
from porter.platform import Platform
from porter.pypi import parse_purl, promised_sha256
from porter.recipe import Recipe, find_recipe, read_recipe
from porter.source.model import Address, Debian, Git, Source

PROJECT_FILES = ("pyproject.toml", "setup.py")
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
GIT = "git+"
# An address of another scheme would be a command line, or a secret of this machine.
WEB = ("https://", "http://")
DEBIAN = "pkg:deb/"
# Debian Policy, 5.6.1 and 5.6.12.
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
TAG = re.compile(r"(?:[0-9]+:)?[0-9][A-Za-z0-9.+~-]*")
REPOSITORY = re.compile(r"(?:https?|ssh|git|file)://\S+|/\S*")


def parse_source(text: str, *, recipes: Path | Sequence[Path], platform: Platform) -> Source:
    """The source that a command line names, with what its recipe says for the platform.

    A folder with a pyproject.toml or setup.py; a recipe's folder; an sdist file; an address of
    one; `git+URL@COMMIT`; `pkg:pypi/NAME@VERSION`, which means the sdist; or
    `pkg:deb/debian/NAME@VERSION?arch=source`, upstream's archive of that. `#sha256=HEX` after a
    file or an address, or the qualifier `checksum=sha256:HEX` of a package URL, says what its bytes
    must be. Raises SourceNotFound or UsageError.
    """
    if text.startswith(DEBIAN):
        package, promised = parse_debian(text)
        recipe = find_recipe(recipes, package.name).on(platform)
        return _debian_source(recipe, package, promised)
    if text.startswith("pkg:"):
        purl = parse_purl(text)
        return _index_source(purl, find_recipe(recipes, purl.name).on(platform))
    if text.startswith(GIT):
        git = parse_git(text)
        recipe = find_recipe(recipes, _repository_name(git)).on(platform)
        return Source(recipe=recipe, origin=git)
    name, _, fragment = text.partition("#")
    path = Path(name)
    if path.is_dir():
        return recipe_source(read_recipe(path.resolve()).on(platform))
    promised = fragment.removeprefix("sha256=")
    if text.startswith(WEB):
        if not promised or promised == fragment:
            raise UsageError(f"{text}: an address needs #sha256=HEX after it")
        address = Address(url=name)
        recipe = find_recipe(recipes, _project(Path(address.filename))).on(platform)
        return Source(recipe=recipe, origin=address, sha256=promised)
    if not path.exists():
        raise SourceNotFound(
            f"{text}: no such folder or file",
            advice="a project on the index is written pkg:pypi/NAME@VERSION",
        )
    if fragment and not fragment.startswith("sha256="):
        raise UsageError(f"{text}: after # comes sha256=HEX")
    recipe = find_recipe(recipes, _project(path)).on(platform)
    return Source(recipe=recipe, origin=path.resolve(), sha256=promised)


def recipe_source(recipe: Recipe) -> Source:
    """What a recipe says is to be built. Raises ConfigurationError or SourceNotFound."""
    where = recipe.file or recipe.folder or recipe.name
    if recipe.purl.startswith(DEBIAN):
        return _debian_source(recipe, *parse_debian(recipe.purl))
    if recipe.purl:
        purl = parse_purl(recipe.purl)
        return Source(recipe=recipe, origin=purl, sha256=promised_sha256(purl) or recipe.sha256)
    if recipe.url:
        if not recipe.url.startswith(WEB):
            raise ConfigurationError(f"{where}: {recipe.url} is no address")
        return Source(recipe=recipe, origin=Address(url=recipe.url), sha256=recipe.sha256)
    if recipe.git:
        return Source(recipe=recipe, origin=parse_git(f"{GIT}{recipe.git}@{recipe.commit}"))
    path = recipe.path or recipe.folder
    if path is None:
        raise SourceNotFound(f"{recipe.name}: its recipe names no source")
    if not path.exists():
        raise SourceNotFound(f"{where}: its source {path} is not there")
    # Libraries and modules of CPython have no build backend: their script is all.
    if path.is_dir() and not recipe.script and not is_project(path):
        raise SourceNotFound(
            f"{path}: neither pyproject.toml nor setup.py in it, nor a recipe that names a source",
            advice='a recipe names one so: [source] purl = "pkg:pypi/NAME@VERSION"',
        )
    return Source(recipe=recipe, origin=path.resolve(), sha256=recipe.sha256)


def parse_git(text: str) -> Git:
    """`git+URL@COMMIT`, with a full commit name; raises UsageError for anything else."""
    url, _, commit = text.removeprefix(GIT).rpartition("@")
    if not REPOSITORY.fullmatch(url) or not COMMIT.fullmatch(commit):
        raise UsageError(
            f"{text}: a repository is git+URL@COMMIT",
            advice="COMMIT is the full name, which `git rev-parse HEAD` prints: names move",
        )
    return Git(url=url, commit=commit)


def parse_debian(text: str) -> tuple[Debian, str]:
    """A source package of Debian by its package URL, and the sha256 that this promises, or none.

    Raises UsageError for anything else.
    """
    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise UsageError(f"{text}: not a package URL: {error}") from error
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    if (
        (purl.type, purl.namespace) != ("deb", "debian")
        or not PACKAGE.fullmatch(purl.name)
        or not TAG.fullmatch(purl.version or "")
        or qualifiers.get("arch", "source") != "source"
    ):
        raise UsageError(
            f"{text}: only source packages of Debian, with a version, can be built",
            advice="write pkg:deb/debian/NAME@VERSION?arch=source",
        )
    return Debian(name=purl.name, tag=purl.version or ""), promised_sha256(purl)


def is_project(folder: Path) -> bool:
    """Whether there is something a build backend (PEP 517) can build."""
    return any((folder / name).is_file() for name in PROJECT_FILES)


def _index_source(purl: PackageURL, recipe: Recipe) -> Source:
    asked = promised_sha256(purl)
    # The recipe's hash speaks of the version it names, not of every version.
    pinned = recipe.sha256 if recipe.purl == f"pkg:pypi/{purl.name}@{purl.version}" else ""
    return Source(recipe=recipe, origin=purl, sha256=asked or pinned)


def _debian_source(recipe: Recipe, package: Debian, promised: str) -> Source:
    if not promised and recipe.purl.startswith(DEBIAN) and parse_debian(recipe.purl)[0] == package:
        promised = recipe.sha256
    if not promised:
        raise UsageError(
            f"{package} needs a hash",
            advice="add sha256 beside it in its recipe, or &checksum=sha256:HEX to it",
        )
    return Source(recipe=recipe, origin=package, sha256=promised)


def _project(path: Path) -> str:
    try:
        return parse_sdist_filename(path.name)[0]
    except InvalidSdistFilename as error:
        raise UsageError(
            f"{path}: not the name of an sdist", advice="it is NAME-VERSION.tar.gz (PEP 625)"
        ) from error


def _repository_name(git: Git) -> str:
    return git.url.rstrip("/").rpartition("/")[2].removesuffix(".git")

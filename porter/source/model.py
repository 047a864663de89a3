"""What is built: where it comes from, and its bytes once they are at hand."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from porter.errors import HashMismatch
from porter.recipe import Recipe
from porter.tree import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An archive somewhere on the network."""

    url: str

    @property
    def filename(self) -> str:
        """The last part of the path, `sdist` where there is none."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name or "sdist"

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """A repository at a commit, with its submodules. `commit` is a full name: it says its content."""

    url: str
    commit: str

    def __str__(self) -> str:
        return f"git+{self.url}@{self.commit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debian:
    """A source package of Debian; `tag` is its version, `[EPOCH:]UPSTREAM[-REVISION]`.

    What is meant is the archive that upstream released, without Debian's own changes.
    """

    name: str
    tag: str

    @property
    def upstream(self) -> str:
        """Upstream's version, as Debian writes it (Debian Policy, 5.6.12)."""
        version = self.tag.partition(":")[2] or self.tag
        return version.rpartition("-")[0] or version

    @property
    def revision(self) -> str:
        """Debian's revision, empty where it is Debian's own project."""
        return self.tag.rpartition("-")[2] if "-" in self.tag else ""

    def __str__(self) -> str:
        return PackageURL("deb", "debian", self.name, self.tag, {"arch": "source"}).to_string()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to build and how.

    `origin` is a folder, an archive, an address, a repository, a source package of Debian, or the
    package URL of a project of the index. `sha256` is what the archive's bytes must hash to, empty where nobody promised
    anything.
    """

    recipe: Recipe
    origin: Path | PackageURL | Address | Git | Debian
    sha256: str = ""

    @property
    def name(self) -> str:
        """The project's normalised name (PEP 503)."""
        return canonicalize_name(self.recipe.name)

    @property
    def pinned(self) -> str:
        """What tells its content without having it, empty where nothing does."""
        return f"git {self.origin.commit}" if isinstance(self.origin, Git) else self.sha256

    @property
    def public(self) -> str:
        """Its origin as `parse_source` takes it, for whoever has the wheel.

        Empty for a folder or a file of this machine, and without any secret of an address.
        """
        origin = self.origin
        if isinstance(origin, PackageURL):
            return PackageURL(
                origin.type, origin.namespace, origin.name, origin.version
            ).to_string()
        return "" if isinstance(origin, Path) else _without_secret(str(origin))

    @property
    def where(self) -> str:
        """Its origin, for people."""
        return self.origin.to_string() if isinstance(self.origin, PackageURL) else str(self.origin)


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

    @property
    def identity(self) -> str:
        """What tells its content from any other's."""
        return self.source.pinned or self.sha256


def _without_secret(address: str) -> str:
    """An address without the password, or the token, that stands before its host."""
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    user, _, host = host.rpartition("@")
    # The user alone is how ssh is written, and no secret; by itself it may be a token elsewhere.
    keep = f"{user}@" if user and "ssh" in scheme and ":" not in user else ""
    return f"{scheme}{mark}{keep}{host}{slash}{path}" if mark else address


def mismatch(what: str, found: str, promised: str) -> HashMismatch:
    """What is raised where bytes are not the promised ones."""
    return HashMismatch(
        f"{what}: its sha256 is {found}, {promised} was promised",
        advice="do not build it; find out which of the two is right",
    )

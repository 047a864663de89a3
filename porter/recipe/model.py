"""A recipe: how one project is built and tried, whatever file said so."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from packaging.utils import canonicalize_name

from porter.platform import Platform


class Kind(StrEnum):
    """What a recipe builds, as pyodide-build names it (`build.type` of a meta.yaml)."""

    PACKAGE = "package"
    STATIC_LIBRARY = "static_library"
    SHARED_LIBRARY = "shared_library"
    CPYTHON_MODULE = "cpython_module"

    @property
    def is_library(self) -> bool:
        """Whether it fills a prefix instead of a wheel."""
        return self in (Kind.STATIC_LIBRARY, Kind.SHARED_LIBRARY)


# Programs that come with Porter's own Rust (`porter.toolchain.rust`).
RUST = frozenset({"cargo", "rustc", "rustup"})


# Asked for again and again, of each of thousands.
_key = lru_cache(maxsize=1 << 16)(canonicalize_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one project is built and tried.

    `folder` is where patches and tests lie, None for a project without a recipe; `file` says so.

    The source is a package URL `purl`, an address `url`, a folder or archive `path`, or a
    repository `git` at a `commit`; none of them: the folder itself. `sha256` is what an archive's
    bytes must hash to, `extract_dir` its folder that is the source, empty for the only one.
    `extras` are (file beside the recipe, its place in the source) each.

    `host` are requirements at build time: projects and libraries that are built before, by
    normalised name; `run` those at run time; `constraint` holds the build requirements down
    (pip's constraints), `build_extras` adds to them; `executable` are programs of this machine.

    Flags are added to the platform's own. `config_settings` are `KEY=VALUE` for the build backend
    (PEP 517), `exports` the symbols an extension module keeps (`pyinit`, `requested`,
    `whole_archive`, as pyodide-build names them). `script` runs before the backend, in bash, and
    what it exports stays; `cross_script` too, with the compilers in place; `post` in the unpacked
    wheel. `crates` is a folder of Rust's crates, as `cargo vendor` fills it. `cross_build_files` of the wheel are what its users compile against.

    `size` is how large its wheel may be, in bytes; `allow` pairs findings of an audit (`CODE` or
    `CODE:SUBJECT`) with the reason to accept them.

    In the runtime `imports` are tried, then pytest runs the files `tests` and what the wheel's
    packages `shipped` carry, but for `skip`: (pattern of a test's name, reason) each. `requires`
    are package URLs of pure wheels that the tests need, each with its checksum.

    `platforms` are (name of a platform, the recipe there) where it is another: whoever builds or
    tries asks for the one `on` a platform.
    """

    name: str
    version: str = ""
    folder: Path | None = None
    file: Path | None = None
    kind: Kind = Kind.PACKAGE
    tags: tuple[str, ...] = ()
    disabled: bool = False
    top_level: tuple[str, ...] = ()
    purl: str = ""
    url: str = ""
    path: Path | None = None
    git: str = ""
    commit: str = ""
    sha256: str = ""
    extract_dir: str = ""
    patches: tuple[Path, ...] = ()
    extras: tuple[tuple[Path, str], ...] = ()
    host: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    constraint: tuple[str, ...] = ()
    build_extras: tuple[str, ...] = ()
    executable: tuple[str, ...] = ()
    cflags: str = ""
    cxxflags: str = ""
    ldflags: str = ""
    exports: str = "requested"
    env: tuple[tuple[str, str], ...] = ()
    config_settings: tuple[str, ...] = ()
    script: str = ""
    cross_script: str = ""
    post: str = ""
    vendor_sharedlib: bool = True
    unvendor_tests: bool = False
    crates: Path | None = None
    retain_test_patterns: tuple[str, ...] = ()
    cross_build_env: bool = False
    cross_build_files: tuple[str, ...] = ()
    size: int | None = None
    allow: tuple[tuple[str, str], ...] = ()
    imports: tuple[str, ...] = ()
    tests: tuple[Path, ...] = ()
    shipped: tuple[str, ...] = ()
    skip: tuple[tuple[str, str], ...] = ()
    requires: tuple[str, ...] = ()
    platforms: tuple[tuple[str, "Recipe"], ...] = ()

    @property
    def key(self) -> str:
        """The project's normalised name (PEP 503)."""
        return _key(self.name)

    def on(self, platform: Platform) -> "Recipe":
        """What it says for a platform, and for that alone."""
        if not self.platforms:
            return self
        names = (platform.name, platform.pyodide)
        found = next((recipe for name, recipe in self.platforms if name in names), self)
        return replace(found, name=self.name, platforms=())

    @property
    def needs_rust(self) -> bool:
        """Whether it says that cargo is needed."""
        return not RUST.isdisjoint(self.executable)

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that this machine itself must have."""
        return tuple(program for program in self.executable if program not in RUST)

    @property
    def told_version(self) -> str:
        """The version that it says it makes, also by its package URL; empty where it says none."""
        return self.version or purl_version(self.purl)


def purl_version(purl: str) -> str:
    """The version of a project that its package URL tells; another's than PyPI's is none."""
    is_project = purl.startswith("pkg:pypi/")
    return purl.partition("?")[0].partition("@")[2] if is_project else ""

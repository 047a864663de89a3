"""Crates of Debian's archive (`librust-*-dev`), verified by apt, each unpacked once."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.errors import SourceNotFound, Unreachable
from porter.home import Home, hash_file, new_folder
from porter.progress import Reporter
from porter.source.fetch import kept_file
from porter.toolchain.apt import Suite
from porter.toolchain.packages import unpack_package
from porter.toolchain.profile import Package, read_rust

# Where the packages have them.
REGISTRY = "usr/share/cargo/registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class CratePackage:
    """A package of crates, unpacked in `folder`."""

    name: str
    version: str
    sha256: str
    folder: Path

    @property
    def crates(self) -> list[Path]:
        """The folders of its crates, as a directory source of cargo has them."""
        return sorted((self.folder / REGISTRY).glob("*"))


class CrateArchive:
    """Debian's crates; the index is read once, and again where a package has gone from the archive.

    `kept` is a folder of fetched sources that has their packages, where the archive is not asked.
    """

    def __init__(
        self,
        *,
        home: Home,
        env: Mapping[str, str],
        report: Reporter,
        log: Path,
        kept: Path | None = None,
    ) -> None:
        self._kept = kept
        self._home = home
        self._env = env
        self._report = report
        self._suite = Suite(name=read_rust().suite, folder=home.crates / "apt", log=log, env=env)
        self._names: tuple[str, ...] = ()

    @property
    def suite(self) -> str:
        """Whose crates they are."""
        return f"Debian {self._suite.name}"

    def fetch(self, crates: Iterable[str], subject: str) -> list[CratePackage]:
        """The packages of those crates, every version that there is; what there is not is left out.

        Raises Unreachable, SourceNotFound.
        """
        if self._kept is not None:
            raise SourceNotFound(
                f"{subject}: its crates are not in {self._kept}",
                advice=f"where there is a network: porter fetch … --out {self._kept}",
            )
        with self._home.lock("crates"):
            wanted = sorted({name for crate in crates for name in self._packages(crate)})
            if not wanted:
                return []
            try:
                return self._have(wanted, subject)
            except Unreachable:
                # The archive goes on, and an index of last week names files that are gone.
                self._suite.update()
                self._names = ()
                return self._have(wanted, subject)

    def known(self, packages: Iterable[tuple[str, str, str]]) -> list[CratePackage] | None:
        """Packages (name, version, sha256) that are unpacked already, None where one is not.

        Those that are kept are unpacked first; raises SourceNotFound where one is not, HashMismatch.
        """
        found = [self._described(*package) for package in packages]
        if self._kept is not None:
            with self._home.lock("crates"):
                for package in found:
                    if not package.folder.is_dir():
                        self._unpack(package, kept_file(self._kept, *_kept_as(package)))
        return found if all(package.folder.is_dir() for package in found) else None

    def keep(self, packages: Iterable[tuple[str, str, str]], folder: Path) -> None:
        """Have the files of known packages in a folder of fetched sources.

        Raises Unreachable where one was removed from the cache and the archive has another by now.
        """
        with self._home.lock("crates"):
            for package in (self._described(*one) for one in packages):
                sha256, name = _kept_as(package)
                if not (folder / sha256 / name).is_file():
                    kept_file(folder, sha256, name, put=self._file(package))

    def _file(self, package: CratePackage) -> Path:
        """The package's file, fetched again where it is not in the cache."""
        version = package.version.replace(":", "%3a")
        for path in (self._suite.folder / "debs").glob(f"{package.name}_{version}_*.deb"):
            if hash_file(path) == package.sha256:
                return path
        (deb,) = self._suite.plan([f"{package.name}={package.version}"])
        (path,) = self._suite.download([deb], lambda _: None)
        return path

    def _packages(self, crate: str) -> list[str]:
        """Names of the packages of a crate: `librust-NAME-dev`, `librust-NAME-VERSION-dev`."""
        if not self._names:
            self._names = self._read_names()
        name = re.escape(crate.lower().replace("_", "-"))
        pattern = re.compile(rf"librust-{name}(-\d+(\.\d+)*)?-dev")
        return [package for package in self._names if pattern.fullmatch(package)]

    def _read_names(self) -> tuple[str, ...]:
        if not (self._suite.folder / "apt.conf").is_file():
            self._report.phase("crates", f"reading {self.suite}'s index")
            self._suite.update()
        done = subprocess.run(
            ["apt-cache", "pkgnames", "librust-"],
            env={**self._env, "APT_CONFIG": str(self._suite.folder / "apt.conf"), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        return tuple(done.stdout.split())

    def _have(self, names: list[str], subject: str) -> list[CratePackage]:
        debs = self._suite.plan(names)
        found = [self._described(deb.name, deb.version, deb.sha256) for deb in debs]
        absent = [
            deb for deb, package in zip(debs, found, strict=True) if not package.folder.is_dir()
        ]
        if absent:
            self._report.phase(subject, f"getting {len(absent)} crates of {self.suite}")
        paths = self._suite.download(absent, lambda _: None)
        for deb, path in zip(absent, paths, strict=True):
            self._unpack(self._described(deb.name, deb.version, deb.sha256), path)
        return found

    def _unpack(self, crates: CratePackage, path: Path) -> None:
        package = Package(name=crates.name, version="", members=(f"{REGISTRY}/*",))
        with new_folder(crates.folder) as folder:
            unpack_package(package, path, folder, env=self._env)

    def _described(self, name: str, version: str, sha256: str) -> CratePackage:
        folder = self._home.crates / "packages" / f"{name}_{sha256[:16]}"
        return CratePackage(name=name, version=version, sha256=sha256, folder=folder)


def _kept_as(package: CratePackage) -> tuple[str, str]:
    """The hash and the name of a package's file in a folder of fetched sources."""
    return package.sha256, f"{package.name}.deb"

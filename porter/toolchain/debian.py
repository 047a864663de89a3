"""The provider that needs registries alone: Emscripten and LLVM of a Debian suite."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from porter.crossenv import assemble_crossenv
from porter.errors import ToolchainNotFound
from porter.home import Home, new_folder
from porter.npm import fetch_npm_package
from porter.platform import Platform
from porter.process import find_program, run
from porter.progress import Reporter
from porter.runtime import Runtime
from porter.toolchain.apt import Suite
from porter.toolchain.builder import Builder, builder_digest
from porter.toolchain.model import Toolchain, read_toolchain, write_toolchain
from porter.toolchain.packages import SUBJECT, fetch_packages, relocate, unpack_packages
from porter.toolchain.profile import CxxHeaders, Profile, read_profile

# Raised when the way a toolchain is put together changes: older ones are then made again.
LAYOUT = 2


def install_debian(
    runtime: Runtime, builder: Builder, *, home: Home, env: Mapping[str, str], report: Reporter
) -> Toolchain:
    """The platform's toolchain from Debian's archive; does nothing where it is installed.

    A killed run is gone on with: what was downloaded stays, what was half-unpacked goes. Two at
    once wait for each other. Raises Unreachable, MissingRequirement or ToolchainNotFound.
    """
    platform = runtime.platform
    if shutil.which("apt-get", path=env.get("PATH")) is None:
        raise ToolchainNotFound("this is not a Debian system: there is no apt-get")
    if not platform.toolchain:
        raise ToolchainNotFound(f"Debian's archive has no compiler for Pyodide {platform.pyodide}")
    profile = read_profile(platform.toolchain)
    target = debian_folder(platform, home)
    name = target.name
    if (found := _finished(target, builder)) is not None:
        return found
    node = find_program("node", env)
    with home.lock(f"toolchain-{name}"):
        if (found := _finished(target, builder)) is not None:
            return found
        suite = Suite(
            name=profile.suite,
            folder=home.downloads / f"apt-{profile.suite}",
            log=home.logs / f"toolchain-{name}.log",
            env=env,
        )
        fetched = fetch_packages(profile.packages, suite, env=env, report=report)
        with new_folder(target) as folder:
            unpacked = folder / "debian"
            unpack_packages(fetched, unpacked, env=env, report=report)
            report.phase(SUBJECT, "joining the parts")
            relocate(
                unpacked,
                target / "debian",
                programs=profile.programs,
                libraries=profile.libraries,
                loader=profile.loader,
                env=env,
                log=suite.log,
            )
            if profile.cxx_headers is not None:
                _overlay_headers(profile.cxx_headers, unpacked)
            _configure(profile, unpacked, target / "debian", node)
            for name, purl, integrity in profile.modules:
                module = fetch_npm_package(
                    purl, integrity=integrity, home=home, into=home.downloads / "npm", env=env
                )
                shutil.copytree(module, unpacked / profile.root / "node_modules" / name)
            emscripten = target / "debian" / profile.root
            assemble_crossenv(
                folder / "crossenv",
                runtime=runtime,
                emscripten=profile.emscripten,
                emsdk={"emscripten": emscripten, "llvm": target / "debian" / profile.llvm},
                node=node,
                include=builder.interpreter.include,
            )
        if profile.cache:
            _begin_cache(emscripten, env=env, log=suite.log)
        components = tuple((deb.name, deb.version) for _, deb, _ in fetched) + builder.components
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
            identity=hashlib.sha256(json.dumps([target.name, components]).encode()).hexdigest(),
            builder=builder.folder,
        )
        write_toolchain(toolchain, target)
        shutil.rmtree(suite.folder, ignore_errors=True)
    report.done(SUBJECT, f"Emscripten {profile.emscripten}, clang {profile.clang} installed")
    return toolchain


def debian_folder(platform: Platform, home: Home) -> Path:
    """Where the platform's toolchain lies; another profile, layout or interpreter, another name."""
    profile = read_profile(platform.toolchain)
    parts = f"{LAYOUT} {profile.digest} {platform} {sys.version}{builder_digest(platform)}"
    return home.toolchains / (
        f"{platform.pyodide}-debian-{hashlib.sha256(parts.encode()).hexdigest()[:8]}"
    )


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
    settings: dict[str, str | bool] = {
        "LLVM_ROOT": str(final / profile.llvm),
        "BINARYEN_ROOT": str(final / profile.binaryen),
        "NODE_JS": str(node),
    }
    if profile.cache:
        settings["CACHE"] = str(final / profile.cache)
    else:
        # Without it another LLVM_ROOT than the packaged one clears the cache of libraries.
        settings["FROZEN_CACHE"] = True
    text = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    (root / profile.root / ".emscripten").write_text(text)
    if profile.linker_flags:
        linker = root / profile.llvm / "wasm-ld"
        flags = " ".join(profile.linker_flags)
        linker.write_text(f'#!/bin/sh\nexec "${{0%/*}}/lld" -flavor wasm {flags} "$@"\n')
        linker.chmod(0o755)


def _begin_cache(emscripten: Path, *, env: Mapping[str, str], log: Path) -> None:
    """Lay the headers out, which proves that the compiler runs where it lies now."""
    python = {"EMSDK_PYTHON": os.path.realpath(sys.executable)}
    run([emscripten / "embuilder", "build", "sysroot"], log=log, env={**env, **python})


def _finished(target: Path, builder: Builder) -> Toolchain | None:
    """The toolchain that lies there, if it is whole and for that builder."""
    found = read_toolchain(target)
    return found if found is not None and found.builder == builder.folder else None

"""What a build of Rust sees: cargo's environment, its crates, its flags."""

import os
from collections.abc import Sequence
from pathlib import Path

from porter.crates.manifest import Locked, parse_lock
from porter.crates.plan import RustWork, crate_archive, given_crates
from porter.crates.resolve import LOCK, link_crates, link_packages, local_crates
from porter.recipe import Recipe
from porter.toolchain.rust import CODE, TARGET, host_linker, linker_variable, write_cargo_config
from porter.workshop import Workshop

# LLVM 22's modules name features that binaryen knows from its version 121 on, which Emscripten
# took with 3.1.74; with an older one the module is not optimised once more after linking.
KNOWS_FEATURES = (3, 1, 74)


def ready_rust(work: RustWork, recipe: Recipe, scratch: Path, shop: Workshop) -> dict[str, str]:
    """Lay out the crates of the source in `scratch/src`; the environment that finds them."""
    folder, source = scratch / "rust", scratch / "src"
    crates = folder / "crates"
    crates.mkdir(parents=True, exist_ok=True)
    manifest = source / work.crates.manifest
    link_crates(crates, local_crates(source, manifest, given_crates(recipe)))
    archive = crate_archive(shop, shop.home.logs / "crates.log")
    link_packages(crates, archive.known(work.crates.packages) or ())
    write_cargo_config(folder / "home", crates)
    if work.crates.lock:
        (source / work.crates.lock_path).write_text(work.crates.lock)
    rust = work.rust
    return {
        "PATH": os.pathsep.join([str(rust.programs), shop.env["PATH"]]),
        "CARGO_HOME": str(folder / "home"),
        "CARGO_NET_OFFLINE": "true",
        "CARGO_BUILD_JOBS": str(shop.jobs),
        "CARGO_BUILD_TARGET": TARGET,
        "RUSTC_BOOTSTRAP": "1",
        linker_variable(rust): str(host_linker(folder / "linker", rust, shop.toolchain.path[-1])),
        f"CARGO_TARGET_{TARGET.upper().replace('-', '_')}_RUSTFLAGS": " ".join(
            rust_flags(shop.toolchain.emscripten, scratch)
        ),
    }


def rust_flags(emscripten: str, scratch: Path) -> list[str]:
    """rustc's flags for a side module, linked by that Emscripten.

    Paths of the scratch folder are none of the wheel's business: another folder, the same bytes.
    """
    optimised = _parts(emscripten) >= KNOWS_FEATURES
    return [
        *CODE,
        # emcc is the linker, not one of rustc's own, and knows its own libraries.
        "-Clink-self-contained=no",
        "-Zlink-native-libraries=no",
        "-Clink-arg=-sSIDE_MODULE=2",
        "-Clink-arg=-sWASM_BIGINT",
        f"-Clink-arg={'-O2' if optimised else '-O1'}",
        f"--remap-path-prefix={scratch}=/build",
    ]


def read_crates(source: Path, manifest: str) -> tuple[Locked, ...]:
    """The crates that a source was compiled with, by the Cargo.lock that its build left."""
    above: Sequence[Path] = [source / parent for parent in Path(manifest).parents]
    for place in above:
        if (place / LOCK).is_file():
            return parse_lock((place / LOCK).read_text("utf-8", "replace"))
    return ()


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())

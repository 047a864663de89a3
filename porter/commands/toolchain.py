"""`porter toolchain`: install, list and remove compilers with their cross-build environments."""

import argparse
from pathlib import Path

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_json,
    add_platform,
    print_json,
)
from porter.errors import ToolchainNotFound, UsageError
from porter.platform import read_platform
from porter.progress import Progressing

PROVIDERS = ("official", "debian", "path")


def add(commands: Commands) -> None:
    """Declare the command and its actions."""
    toolchain = commands.add_parser("toolchain", help="install, list or remove toolchains")
    actions = toolchain.add_subparsers(required=True, metavar="ACTION")
    install = add_command(actions, "install", "install a platform's toolchain", run_install)
    add_platform(install)
    install.add_argument(
        "--provider",
        choices=("auto", *PROVIDERS),
        default="auto",
        help="who gives it (default: auto, the first that works)",
    )
    install.add_argument(
        "--emscripten", type=Path, metavar="DIR", help="with path: the folder that holds emcc"
    )
    install.add_argument(
        "--xbuildenv",
        type=Path,
        metavar="DIR",
        help="with path: a cross-build environment (default: one is assembled)",
    )
    install.add_argument(
        "--with-rust", action="store_true", help="Rust too; else the first Rust project brings it"
    )
    add_json(add_command(actions, "list", "list the installed toolchains", run_list))
    remove = add_command(actions, "remove", "remove a platform's toolchains", run_remove)
    add_platform(remove)
    remove.add_argument("--provider", choices=PROVIDERS, help="only this one's")
    remove.add_argument("--with-rust", action="store_true", help="Rust too, of all platforms")


def run_install(arguments: argparse.Namespace, machine: Machine) -> int:
    """Install one; says where it lies."""
    from porter.toolchain.select import have_toolchain

    platform = read_platform(arguments.platform)
    by_path = arguments.provider == "path"
    if by_path != (arguments.emscripten is not None) or (arguments.xbuildenv and not by_path):
        raise UsageError("--provider path goes with --emscripten DIR, and only with it")
    with Progressing() as report:
        if by_path:
            from porter.runtime import fetch_runtime
            from porter.toolchain.builder import have_builder
            from porter.toolchain.path import install_path

            toolchain = install_path(
                fetch_runtime(platform, home=machine.home, env=machine.env),
                have_builder(platform, home=machine.home, env=machine.env, report=report),
                arguments.emscripten,
                xbuildenv=arguments.xbuildenv,
                home=machine.home,
                env=machine.env,
            )
        else:
            toolchain = have_toolchain(
                platform, arguments.provider, home=machine.home, env=machine.env, report=report
            )
        rust = None
        if arguments.with_rust:
            from porter.toolchain.rust import have_rust

            llvm = toolchain.path[-1]
            rust = have_rust(llvm, home=machine.home, env=machine.env, report=report)
    print(
        f"{toolchain.provider}: Emscripten {toolchain.emscripten} for Pyodide "
        f"{toolchain.platform} in {toolchain.root}"
    )
    if rust is not None:
        print(f"debian: Rust {rust.version} in {rust.root}")
    return 0


def run_list(arguments: argparse.Namespace, machine: Machine) -> int:
    """List those that were finished."""
    from porter.toolchain.model import installed_toolchains
    from porter.toolchain.rust import find_rust

    found, rust = installed_toolchains(machine.home), find_rust(machine.home)
    if arguments.json:
        fields = ("platform", "provider", "emscripten", "clang", "root", "identity")
        rows = [{field: getattr(t, field) for field in fields} for t in found]
        told = ("version", "host", "root", "identity")
        print_json(
            {
                "toolchains": rows,
                "rust": {field: getattr(rust, field) for field in told} if rust else None,
            }
        )
        return 0
    from porter.table import print_table

    print_table(
        ("Pyodide", "provider", "Emscripten", "clang", "folder"),
        [(t.platform, t.provider, t.emscripten, t.clang, str(t.root)) for t in found],
    )
    if rust is not None:
        print(f"Rust {rust.version} for all of them: {rust.root}")
    return 0


def run_remove(arguments: argparse.Namespace, machine: Machine) -> int:
    """Remove those of one platform, all of them or one provider's."""
    from porter.toolchain.model import installed_toolchains
    from porter.toolchain.rust import find_rust, remove_rust
    from porter.toolchain.select import remove_toolchain

    platform = read_platform(arguments.platform)
    doomed = [
        toolchain
        for toolchain in installed_toolchains(machine.home)
        if toolchain.platform == platform.pyodide
        and arguments.provider in (None, toolchain.provider)
    ]
    rust = find_rust(machine.home) if arguments.with_rust else None
    if not doomed and rust is None:
        raise ToolchainNotFound(
            f"no such toolchain for Pyodide {platform.pyodide} is installed",
            advice="`porter toolchain list` shows those that are",
        )
    for toolchain in doomed:
        remove_toolchain(toolchain, machine.home)
        print(f"removed {toolchain.root}")
    if rust is not None:
        remove_rust(rust, machine.home)
        print(f"removed {rust.root}")
    return 0

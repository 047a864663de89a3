"""Which toolchain a platform is built with: the one asked for, or the first that works."""

import shutil
from collections.abc import Mapping

from porter.errors import MissingRequirement, PorterError, ToolchainNotFound, WrongPython
from porter.home import Home
from porter.platform import Platform
from porter.progress import Reporter
from porter.runtime import fetch_runtime
from porter.toolchain.builder import Builder, have_builder
from porter.toolchain.debian import debian_folder, install_debian
from porter.toolchain.model import Toolchain, installed_toolchains
from porter.toolchain.official import install_official

# Who registered a compiler of their own means it; Pyodide's own is next best; Debian's is
# another version, disclosed in every wheel.
PROVIDERS = ("path", "official", "debian")
SUBJECT = "toolchain"


def have_toolchain(
    platform: Platform,
    provider: str,
    *,
    home: Home,
    env: Mapping[str, str],
    report: Reporter,
) -> Toolchain:
    """The platform's toolchain from `provider`, installed where it is not there yet.

    `auto` takes what is installed, else the first provider that works, and reports which and
    why. Raises ToolchainNotFound naming what each provider said.
    """
    if provider == "path":
        return _registered(platform, home)
    if provider == "auto" and (found := find_toolchain(platform, home)) is not None:
        return found
    builder = have_builder(platform, home=home, env=env, report=report)
    if provider != "auto":
        return install(platform, builder, provider, home=home, env=env, report=report)
    refusals: list[str] = []
    for name in ("official", "debian"):
        try:
            toolchain = install(platform, builder, name, home=home, env=env, report=report)
        except (MissingRequirement, WrongPython):
            raise
        except PorterError as error:
            refusals.append(f"{name}: {error.message}")
            report.phase(SUBJECT, f"not {name}: {error.message}")
            continue
        report.phase(SUBJECT, f"{name} chosen, the first that works")
        return toolchain
    raise ToolchainNotFound(
        f"no provider has a toolchain for Pyodide {platform.pyodide}: {'; '.join(refusals)}",
        advice="porter toolchain install --provider path --emscripten FOLDER",
    )


def install(
    platform: Platform,
    builder: Builder,
    provider: str,
    *,
    home: Home,
    env: Mapping[str, str],
    report: Reporter,
) -> Toolchain:
    """Install from the provider `official` or `debian`."""
    if provider == "official":
        return install_official(platform, builder, home=home, env=env, report=report)
    runtime = fetch_runtime(platform, home=home, env=env)
    return install_debian(runtime, builder, home=home, env=env, report=report)


def find_toolchain(platform: Platform, home: Home, *, provider: str = "auto") -> Toolchain | None:
    """The installed toolchain that a provider, or `auto`, takes; None where there is none."""
    mine = [
        found
        for found in installed_toolchains(home)
        if found.platform == platform.pyodide
        and provider in ("auto", found.provider)
        and (found.provider != "debian" or found.root.name == debian_folder(platform, home).name)
        and (found.builder is None or (found.builder / "bin" / "pyodide").is_file())
    ]
    return min(mine, key=lambda found: PROVIDERS.index(found.provider), default=None)


def remove_toolchain(toolchain: Toolchain, home: Home) -> None:
    """Delete an installed toolchain; what it built stays."""
    with home.lock(f"toolchain-{toolchain.root.name}"):
        # Renamed first, so that a killed removal leaves nothing that looks installed.
        doomed = toolchain.root.with_name(f".{toolchain.root.name}.removed")
        shutil.rmtree(doomed, ignore_errors=True)
        toolchain.root.replace(doomed)
        shutil.rmtree(doomed)


def _registered(platform: Platform, home: Home) -> Toolchain:
    for found in installed_toolchains(home):
        if found.platform == platform.pyodide and found.provider == "path":
            return found
    raise ToolchainNotFound(
        f"no compiler of your own is registered for Pyodide {platform.pyodide}",
        advice="porter toolchain install --provider path --emscripten FOLDER",
    )

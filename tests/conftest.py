"""What tests share: one real cache for what is slow to fetch, and scratch caches beside it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings
from running import Ran, run_porter

from porter.audit.surface import LinkSurface
from porter.check.support import fetch_support
from porter.environment import tool_env
from porter.home import Home
from porter.platform import Platform, read_platform
from porter.progress import Quiet
from porter.runtime import Runtime, fetch_runtime, read_surface
from porter.toolchain.model import Toolchain
from porter.toolchain.select import have_toolchain

RECIPES = Path(__file__).parents[1] / "recipes"
# What a scratch cache borrows: fetched or installed once, and never changed by a build.
SHARED = (
    "bytecode",
    "ccache",
    "crates",
    "downloads",
    "environments",
    "npm",
    "pip",
    "runtimes",
    "surfaces",
    "toolchains",
    "uv",
)

# How long a machine takes that does other things too says nothing of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


class Porter(Protocol):
    """Runs the command `porter` as a person would."""

    def __call__(self, *arguments: str | Path, **options: object) -> Ran: ...


@pytest.fixture(scope="session")
def home() -> Home:
    """The cache that this machine's Porter uses."""
    found = Home.parse(os.environ)
    found.root.mkdir(parents=True, exist_ok=True)
    return found


@pytest.fixture(scope="session")
def env(home: Home) -> dict[str, str]:
    return tool_env(os.environ, home)


@pytest.fixture(scope="session")
def platform() -> Platform:
    return read_platform()


@pytest.fixture(scope="session")
def runtime(platform: Platform, home: Home, env: dict[str, str]) -> Runtime:
    return fetch_runtime(platform, home=home, env=env)


@pytest.fixture(scope="session")
def runtime_folder(runtime: Runtime) -> Path:
    return runtime.folder


@pytest.fixture(scope="session")
def surface(runtime: Runtime, home: Home, env: dict[str, str]) -> LinkSurface:
    return read_surface(runtime, home=home, env=env)


@pytest.fixture(scope="session")
def support_wheels(home: Home, env: dict[str, str]) -> tuple[Path, ...]:
    return fetch_support(home=home, env=env)


@pytest.fixture(scope="session")
def toolchain(platform: Platform, home: Home, env: dict[str, str]) -> Toolchain:
    return have_toolchain(platform, "auto", home=home, env=env, report=Quiet())


@pytest.fixture
def scratch_home(tmp_path: Path) -> Home:
    """An empty cache."""
    root = tmp_path / "home"
    root.mkdir()
    return Home(root=root)


@pytest.fixture
def build_home(scratch_home: Home, home: Home, toolchain: Toolchain) -> Home:
    """A cache without artefacts, that has the toolchain and what was fetched."""
    borrow(home, scratch_home)
    return scratch_home


@pytest.fixture
def other_home(home: Home, toolchain: Toolchain, tmp_path: Path) -> Home:
    """Another cache of that kind, with another path."""
    other = Home(root=tmp_path / "another" / "place")
    other.root.mkdir(parents=True)
    borrow(home, other)
    return other


def borrow(home: Home, scratch: Home) -> None:
    """Let a scratch cache have what takes long to get."""
    for name in SHARED:
        (home.root / name).mkdir(exist_ok=True)
        (scratch.root / name).symlink_to(home.root / name)


@pytest.fixture
def porter(build_home: Home, tmp_path: Path) -> Callable[..., Ran]:
    """`porter ARGUMENTS`, in an empty folder, on a cache without artefacts."""

    def run(*arguments: str | Path, **options: object) -> Ran:
        folder = tmp_path / "cwd"
        folder.mkdir(exist_ok=True)
        return run_porter(*arguments, home=build_home.root, cwd=folder, **options)  # type: ignore[arg-type]

    return run

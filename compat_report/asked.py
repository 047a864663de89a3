"""What is asked of a report, from the command line and the policy together."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.policy import Policy, find_policy, read_policy
from compat_report.report import Reporter
from porter.commands.options import Machine
from porter.platform import Platform, read_platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which platforms, and what stands behind each verdict; the command line goes before the policy.

    `kernel` is `NAME` or `NAME VERSION`, None the bare runtime; `index` the address of a private
    index; `public` and `offline` say what else is asked.
    """

    platforms: tuple[Platform, ...]
    policy: Policy
    kernel: str | None = None
    index: str | None = None
    mapping: Path | None = None
    public: bool = True
    offline: bool = False


def read_asked(arguments: argparse.Namespace, notebooks: Iterable[Path]) -> Asked:
    """What `porter report` was asked for; raises BadPolicy, UnknownPlatform.

    Without `--policy` it is the one of the nearest pyproject.toml above the notebooks.
    """
    path = arguments.policy or find_policy(notebooks)
    policy = read_policy(path) if path is not None else Policy()
    names = arguments.platform or [policy.platform]
    platforms = {platform.name: platform for platform in map(read_platform, names)}
    return Asked(
        platforms=tuple(platforms.values()),
        policy=policy,
        kernel=arguments.kernel or policy.kernel,
        index=arguments.index or policy.index,
        mapping=arguments.mapping or policy.mapping,
        public=not arguments.no_public,
        offline=arguments.offline,
    )


def open_sources(asked: Asked, platform: Platform, machine: Machine) -> OpenCatalog:
    """The catalogue of one platform; raises what `open_catalog` does."""
    return open_catalog(
        platform,
        kernel=asked.kernel,
        index=asked.index,
        public=asked.public,
        mapping=asked.mapping,
        home=machine.home,
        env=machine.env,
        offline=asked.offline,
    )


def open_reporter(asked: Asked, platform: Platform, machine: Machine) -> Reporter:
    """Ready to report for one platform; raises what `open_catalog` does."""
    catalog = open_sources(asked, platform, machine)
    return Reporter(
        platform=platform.name,
        kernel=catalog.kernel.name,
        catalog=catalog,
        policy=asked.policy,
    )

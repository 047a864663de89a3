"""What every build of one run shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.audit.surface import LinkSurface
from porter.home import Home
from porter.platform import Platform
from porter.process import Children
from porter.progress import Reporter
from porter.store.shared import SharedStore
from porter.toolchain.model import Toolchain
from porter.turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What every build of one run shares.

    `jobs` is how many processors one build may use; `surface` gives the platform's link surface
    to audit wheels against, None where they are not to be audited. `sources` is a folder of
    fetched sources, None where they may come from the network; `store` one that many share. `turns`
    are taken by builds of which more run than there are processors.
    """

    platform: Platform
    toolchain: Toolchain
    home: Home
    env: Mapping[str, str]
    jobs: int
    report: Reporter
    children: Children
    surface: Callable[[], LinkSurface] | None
    sources: Path | None = None
    store: SharedStore | None = None
    turns: Turns | None = None

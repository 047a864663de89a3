"""What a client and the workers of a cluster tell each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.build import How
from porter.errors import PorterError
from porter.platform import Platform
from porter.recipe import Recipe
from porter.source import Source
from porter.store.objects import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A scheduler, `tcp://HOST:8786`, and the store that its workers and we share.

    `store` is how workers name it, `objects` what is in it. Workers that lack the toolchain
    `install` it. `warn` is told what is wrong with a worker, or its store.
    """

    scheduler: str
    store: str
    objects: Objects
    warn: Callable[[str], None]
    install: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file that lies in the store by its hash, whether or not an entry names it."""

    sha256: str
    filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a worker has to have for its builds to be the client's.

    `run` names one run. `toolchain` is its identity, `provider` who gives it, where workers are to
    `install` it; `python` is `sys.version`. `mark` is a file that lies in the same `store` alone,
    `sources` a folder of fetched sources, None where they may come from the network.
    """

    run: str
    platform: Platform
    toolchain: str
    provider: str
    install: bool
    python: str
    porter: str
    pyodide_build: str
    store: str
    mark: Sent
    sources: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentHost:
    """A host requirement as of `HostFile`; `file` is None where the toolchain has its files."""

    name: str
    identity: str
    file: Sent | None
    recipe: Recipe | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One build.

    Paths of `source` that are not absolute lie in the `archive` of what the client alone has; a
    repository of the client's comes as the archive of its commit, `repository`. `inputs` are what
    the worker must come to, too.
    """

    needs: Needs
    source: Source
    host: tuple[SentHost, ...]
    inputs: Mapping[str, str]
    archive: Sent | None = None
    repository: Sent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The store has it. `how` the worker came to it, `note` what its source said."""

    how: How
    note: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Why the store does not have it; `log` is the content of the error's log, or its end."""

    error: PorterError
    log: bytes | None
    warnings: tuple[str, ...] = ()

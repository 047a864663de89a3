"""The journey of one source: fetch it, lay out a scratch copy, cross-build it, keep the wheel."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from packaging.utils import parse_wheel_filename

from porter.artefact import (
    Artefact,
    artefact_key,
    find_artefact,
    keep_artefact,
    last_inputs,
    place_artefact,
    remember_build,
)
from porter.changes import explain_changes, render_changes
from porter.crates.plan import known_inputs, plan_rust
from porter.home import hash_file, new_file
from porter.host import HostFile
from porter.inputs import build_inputs
from porter.make import make_wheel, open_scratch
from porter.prefix import is_library
from porter.recipe import Recipe
from porter.source import Fetched, Source, fetch_source
from porter.workshop import Workshop


class How(StrEnum):
    """How a build came to its wheel."""

    BUILT = "built"
    REUSED = "reused"
    """Nothing had changed since it was built here."""
    STORE = "from store"
    """Another had built the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A wheel in the output folder. `seconds` is how long it took to build, whenever that was."""

    name: str
    version: str
    wheel: Path
    sha256: str
    size: int
    seconds: float
    how: How
    audit: str
    note: str


def build(source: Source, shop: Workshop, out: Path, *, host: Sequence[HostFile] = ()) -> Built:
    """Have the source's wheel in `out`, building it only where something changed.

    `host` are what it is compiled against. Raises BuildFailed (the last meaningful lines and the log's path), or what a step raises:
    SourceNotFound, HashMismatch, Unreachable, ConfigurationError, UnsafeArchive, NoSpace.
    """
    fetched, inputs = prepare(source, shop, host, out=out)
    artefact, how = build_here(fetched, inputs, shop, host)
    return hand_out(source, artefact, how, shop, out, note=fetched.note)


def build_here(
    fetched: Fetched, inputs: Mapping[str, str], shop: Workshop, host: Sequence[HostFile]
) -> tuple[Artefact, How]:
    """What the inputs build, made on this machine unless it is there. Raises as `build`."""
    source = fetched.source
    return have_artefact(
        source,
        inputs,
        shop,
        lambda key: (_build(fetched, key, inputs, shop, host), How.BUILT),
        # One scratch folder a project and platform: a steady path is what lets the compiler cache
        # answer.
        lock=f"build-{source.name}-{shop.platform.pyodide}",
    )


def have_artefact(
    source: Source,
    inputs: Mapping[str, str],
    shop: Workshop,
    make: Callable[[str], tuple[Artefact, How]],
    *,
    lock: str,
) -> tuple[Artefact, How]:
    """What the inputs build: from here, from the store, or by `make`, which is given the key.

    `lock` is the name of the lock that is held to fetch and to make. Raises what `make` does.
    """
    key = artefact_key(inputs)
    subject = f"{source.name}-{shop.platform.pyodide}"
    artefact = find_artefact(shop.home, key)
    how = How.REUSED
    if artefact is None:
        held = shop.home.lock(lock)
        with held.acquire(cancel_check=lambda: shop.children.stopped):
            artefact = find_artefact(shop.home, key)
            if artefact is None and shop.store is not None:
                how = How.STORE
                artefact = shop.store.fetch(key, shop.home)
            if artefact is None:
                if (last := last_inputs(shop.home, subject)) is not None:
                    why = render_changes(explain_changes(last, inputs))
                    shop.report.phase(source.name, f"built again: {why}")
                artefact, how = make(key)
    if shop.store is not None and how is not How.STORE and shop.surface is not None:
        shop.store.keep(key, artefact)
    remember_build(shop.home, subject, key)
    return artefact, how


def hand_out(
    source: Source, artefact: Artefact, how: How, shop: Workshop, out: Path, *, note: str
) -> Built:
    """Have a wheel in `out`, and say so."""
    library = is_library(artefact.wheel)
    # A library is what others are compiled against; nobody installs it.
    wheel = artefact.wheel if library else place_artefact(artefact, out)
    shop.report.done(source.name, _done(how, wheel))
    return Built(
        name=source.name,
        version=_version(wheel),
        wheel=wheel,
        sha256=artefact.sha256,
        size=wheel.stat().st_size,
        seconds=artefact.seconds,
        how=how,
        audit=artefact.audit,
        note=note,
    )


def build_again(
    source: Source, shop: Workshop, out: Path, *, host: Sequence[HostFile] = ()
) -> Built:
    """Build the source whatever was built before, and have the wheel in `out`; none is kept.

    Raises as `build`.
    """
    fetched, inputs = prepare(source, shop, host, out=out)
    lock = shop.home.lock(f"build-{source.name}-{shop.platform.pyodide}")
    with (
        lock.acquire(cancel_check=lambda: shop.children.stopped),
        open_scratch(source, shop) as scratch,
    ):
        started = time.monotonic()
        made, audit = make_wheel(fetched, inputs, shop, host, scratch)
        seconds = time.monotonic() - started
        wheel = out / made.name
        with new_file(wheel) as file:
            shutil.copyfile(made, file)
    shop.report.done(source.name, f"built {wheel.name}")
    return Built(
        name=source.name,
        version=_version(wheel),
        wheel=wheel,
        sha256=hash_file(wheel),
        size=wheel.stat().st_size,
        seconds=seconds,
        how=How.BUILT,
        audit=audit,
        note=fetched.note,
    )


def prepare(
    source: Source, shop: Workshop, host: Sequence[HostFile], *, out: Path | None = None
) -> tuple[Fetched, dict[str, str]]:
    """The source at hand, and all that goes into its build. What lies in `out` is no source."""
    shop.report.phase(source.name, "reading the source")
    fetched = fetch_source(
        source,
        platform=shop.platform,
        home=shop.home,
        env=shop.env,
        out=out,
        sources=shop.sources,
    )
    if fetched.note:
        shop.report.phase(source.name, fetched.note)
    work = plan_rust(fetched, shop)
    rust = work.inputs if work is not None else {}
    return fetched, list_inputs(source, fetched.identity, shop, host, rust=rust)


def list_inputs(
    source: Source,
    identity: str,
    shop: Workshop,
    host: Sequence[HostFile],
    *,
    rust: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """All that goes into the build of a source of that identity.

    `rust` are the inputs of its Rust; without it, those that an earlier build found out.
    """
    return build_inputs(
        source.recipe,
        identity=identity,
        platform=shop.platform,
        toolchain=shop.toolchain.identity,
        host={file.name: file.identity for file in host},
        audited=shop.surface is not None,
        rust=known_inputs(source.recipe, identity, shop.home) if rust is None else rust,
    )


def _done(how: How, wheel: Path) -> str:
    if how is How.REUSED:
        return "nothing changed"
    return f"{how} {wheel.name}" if how is How.BUILT else f"{wheel.name} {how}"


def _version(path: Path) -> str:
    if is_library(path):
        return path.name.split("-")[-2]
    return str(parse_wheel_filename(path.name)[1])


def built_host(built: Built, recipe: Recipe) -> HostFile:
    """A finished build as a host requirement of another."""
    return HostFile(name=built.name, identity=built.sha256, path=built.wheel, recipe=recipe)


def _build(
    fetched: Fetched,
    key: str,
    inputs: Mapping[str, str],
    shop: Workshop,
    host: Sequence[HostFile],
) -> Artefact:
    with open_scratch(fetched.source, shop) as scratch:
        started = time.monotonic()
        made, audit = make_wheel(fetched, inputs, shop, host, scratch)
        seconds = time.monotonic() - started
        return keep_artefact(shop.home, key, made, seconds=seconds, inputs=inputs, audit=audit)

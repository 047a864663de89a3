"""The journey of one source: fetch it, lay out a scratch copy, cross-build it, keep the wheel."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from packaging.utils import parse_wheel_filename

from porter import __version__
from porter.artefact import (
    Artefact,
    artefact_key,
    find_artefact,
    keep_artefact,
    last_inputs,
    place_artefact,
    remember_build,
)
from porter.audited import audit_file, summarise
from porter.backend import run_backend
from porter.changes import explain_changes, render_changes
from porter.disclosed import MEMBER
from porter.errors import AuditFailed
from porter.extensions import declared_extensions
from porter.home import hash_file, new_file
from porter.host import HostFile
from porter.inputs import build_inputs
from porter.prefix import is_library
from porter.process import stop_within
from porter.recipe import Recipe
from porter.source import Fetched, Source, fetch_source, lay_source
from porter.wheel import check_wheel_tag, finish_wheel
from porter.workshop import Workshop

# Of the findings of one cause, the first few tell as much as all.
SHOWN = 6


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
    fetched, inputs = _prepare(source, shop, out, host)
    key = artefact_key(inputs)
    subject = f"{source.name}-{shop.platform.pyodide}"
    artefact = find_artefact(shop.home, key)
    how = How.REUSED
    if artefact is None:
        # One scratch folder a project: a steady path is what lets the compiler cache answer.
        lock = shop.home.lock(f"build-{source.name}")
        with lock.acquire(cancel_check=lambda: shop.children.stopped):
            artefact = find_artefact(shop.home, key)
            if artefact is None and shop.store is not None:
                how = How.STORE
                artefact = shop.store.fetch(key, shop.home)
            if artefact is None:
                how = How.BUILT
                if (last := last_inputs(shop.home, subject)) is not None:
                    why = render_changes(explain_changes(last, inputs))
                    shop.report.phase(source.name, f"built again: {why}")
                artefact = _build(fetched, key, inputs, shop, host)
    if shop.store is not None and how is not How.STORE and shop.surface is not None:
        shop.store.keep(key, artefact)
    remember_build(shop.home, subject, key)
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
        note=fetched.note,
    )


def build_again(
    source: Source, shop: Workshop, out: Path, *, host: Sequence[HostFile] = ()
) -> Built:
    """Build the source whatever was built before, and have the wheel in `out`; none is kept.

    Raises as `build`.
    """
    fetched, inputs = _prepare(source, shop, out, host)
    lock = shop.home.lock(f"build-{source.name}")
    with (
        lock.acquire(cancel_check=lambda: shop.children.stopped),
        _scratch(source, shop) as scratch,
    ):
        started = time.monotonic()
        made, audit = _make(fetched, inputs, shop, host, scratch)
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


def _prepare(
    source: Source, shop: Workshop, out: Path, host: Sequence[HostFile]
) -> tuple[Fetched, dict[str, str]]:
    """The source at hand, and all that goes into its build."""
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
    return fetched, build_inputs(
        source.recipe,
        identity=fetched.identity,
        platform=shop.platform,
        toolchain=shop.toolchain.identity,
        host={file.name: file.identity for file in host},
        audited=shop.surface is not None,
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
    with _scratch(fetched.source, shop) as scratch:
        started = time.monotonic()
        made, audit = _make(fetched, inputs, shop, host, scratch)
        seconds = time.monotonic() - started
        return keep_artefact(shop.home, key, made, seconds=seconds, inputs=inputs, audit=audit)


@contextmanager
def _scratch(source: Source, shop: Workshop) -> Iterator[Path]:
    """The project's folder to build in, empty; the caller holds its lock."""
    scratch = shop.home.work / f"{source.name}-{shop.platform.pyodide}"
    stop_within(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "tmp").mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _make(
    fetched: Fetched,
    inputs: Mapping[str, str],
    shop: Workshop,
    host: Sequence[HostFile],
    scratch: Path,
) -> tuple[Path, str]:
    """The finished wheel, or the library's archive, and what its audit said."""
    source = fetched.source
    log = shop.home.new_log(f"build-{source.name}")
    shop.report.phase(source.name, "laying out a scratch copy")
    built = _wheel(fetched, scratch, log, shop, host)
    if is_library(built):
        return built, "a library"
    check_wheel_tag(built, shop.platform)
    finished = _finish(built, scratch, fetched, inputs, shop)
    return finished, _audit(finished, source, scratch / "src", log, shop)


def _wheel(
    fetched: Fetched, scratch: Path, log: Path, shop: Workshop, host: Sequence[HostFile]
) -> Path:
    """What the source's backend, or its recipe's script, made."""
    if fetched.path.suffix == ".whl":
        # Apart from where the finished one will lie, under the same name.
        given = scratch / "given"
        given.mkdir()
        return Path(shutil.copy(fetched.path, given))
    lay_source(fetched, scratch / "src", log=log, env=shop.env)
    return run_backend(fetched.source, scratch, log=log, shop=shop, host=host)


def _finish(
    built: Path, scratch: Path, fetched: Fetched, inputs: Mapping[str, str], shop: Workshop
) -> Path:
    # Importing the SBOM library takes longer than a rebuild with nothing changed may.
    from porter.sbom import render_sbom

    name, wheel_version = parse_wheel_filename(built.name)[:2]
    sbom = render_sbom(
        name=name,
        version=str(wheel_version),
        source=fetched.source.public,
        source_sha256=fetched.sha256,
        inputs=inputs,
        platform=shop.platform,
        toolchain=shop.toolchain,
        tools={"porter": __version__, "pyodide-build": version("pyodide-build")},
        audited=shop.surface is not None,
    )
    finished = scratch / built.name
    finish_wheel(built, finished, added={MEMBER: sbom})
    return finished


def _audit(wheel: Path, source: Source, folder: Path, log: Path, shop: Workshop) -> str:
    """What the audit says in a few words; raises AuditFailed where the wheel would not work."""
    if shop.surface is None:
        return "skipped"
    shop.report.phase(source.name, "auditing the wheel")
    audit = audit_file(
        wheel,
        platform=shop.platform,
        surface=shop.surface(),
        recipe=source.recipe,
        extensions=declared_extensions(folder),
    )
    if audit.blocking:
        worst = audit.blocking[0]
        lines = [f"{f.severity}: {f.code}: {f.member}: {f.message}" for f in audit.blocking]
        with log.open("a", encoding="utf-8") as sink:
            sink.write("\n".join(["porter audit:", *lines, ""]))
        text = "".join(f"\n  {line}" for line in lines[:SHOWN])
        raise AuditFailed(
            f"{source.name}: {wheel.name} would not work on Pyodide {shop.platform.pyodide}:{text}",
            advice=f"{worst.advice} ({worst.page})",
            log=log,
        )
    for finding in audit.problems:
        shop.report.phase(source.name, f"{finding.code}: {finding.message}")
    return summarise(audit)

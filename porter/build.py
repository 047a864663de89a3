"""The journey of one source: fetch it, lay out a scratch copy, cross-build it, keep the wheel."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from porter.audit.surface import LinkSurface
from porter.audited import audit_file, summarise
from porter.buildenv import build_env, cross_files, expand
from porter.changes import explain_changes, render_changes
from porter.diagnose import diagnose, read_rules
from porter.errors import AuditFailed, BuildFailed, CommandFailed, NoSpace, Unreachable
from porter.extensions import declared_extensions
from porter.failure import says_full, says_offline, summarise_failure
from porter.home import Home
from porter.host import HostFile
from porter.inputs import build_inputs
from porter.log import read_log
from porter.platform import Platform
from porter.process import Children, read_tail, run
from porter.progress import Reporter
from porter.recipe import Recipe
from porter.requirements import offline_env
from porter.source import Fetched, Source, fetch_source, lay_source
from porter.toolchain.model import Toolchain
from porter.wheel import check_wheel_tag, finish_wheel

# Of the findings of one cause, the first few tell as much as all.
SHOWN = 6
# What pyodide-build prints once the build requirements are there. What goes wrong after it is the
# project's own, network or not.
BUILDING = b"\nBuilding wheel..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What every build of one run shares.

    `jobs` is how many processors one build may use; `surface` gives the platform's link surface
    to audit wheels against, None where they are not to be audited. `sources` is a folder of
    fetched sources, None where they may come from the network.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A wheel in the output folder. `reused`: nothing had changed, so nothing was built."""

    name: str
    version: str
    wheel: Path
    sha256: str
    size: int
    seconds: float
    reused: bool
    audit: str
    note: str


def build(source: Source, shop: Workshop, out: Path, *, host: Sequence[HostFile] = ()) -> Built:
    """Have the source's wheel in `out`, building it only where something changed.

    `host` are what it is compiled against.
    Raises BuildFailed (the last meaningful lines and the log's path), or what a step raises:
    SourceNotFound, HashMismatch, Unreachable, ConfigurationError, UnsafeArchive, NoSpace.
    """
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
    inputs = build_inputs(
        source.recipe,
        identity=fetched.identity,
        platform=shop.platform,
        toolchain=shop.toolchain.identity,
        host={file.name: file.identity for file in host},
        audited=shop.surface is not None,
    )
    key = artefact_key(inputs)
    subject = f"{source.name}-{shop.platform.pyodide}"
    artefact = find_artefact(shop.home, key)
    reused = artefact is not None
    if artefact is None:
        # One scratch folder a project: a steady path is what lets the compiler cache answer.
        lock = shop.home.lock(f"build-{source.name}")
        with lock.acquire(cancel_check=lambda: shop.children.stopped):
            artefact = find_artefact(shop.home, key)
            reused = artefact is not None
            if artefact is None:
                if (last := last_inputs(shop.home, subject)) is not None:
                    why = render_changes(explain_changes(last, inputs))
                    shop.report.phase(source.name, f"built again: {why}")
                artefact = _build(fetched, key, inputs, shop)
    remember_build(shop.home, subject, key)
    wheel = place_artefact(artefact, out)
    shop.report.done(source.name, "nothing changed" if reused else f"built {wheel.name}")
    return Built(
        name=source.name,
        version=str(parse_wheel_filename(wheel.name)[1]),
        wheel=wheel,
        sha256=artefact.sha256,
        size=wheel.stat().st_size,
        seconds=artefact.seconds,
        reused=reused,
        audit=artefact.audit,
        note=fetched.note,
    )


def built_host(built: Built, recipe: Recipe) -> HostFile:
    """A finished build as a host requirement of another."""
    return HostFile(name=built.name, identity=built.sha256, path=built.wheel, recipe=recipe)


def _build(fetched: Fetched, key: str, inputs: Mapping[str, str], shop: Workshop) -> Artefact:
    source, started = fetched.source, time.monotonic()
    log = shop.home.new_log(f"build-{source.name}")
    scratch = shop.home.work / f"{source.name}-{shop.platform.pyodide}"
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "tmp").mkdir(parents=True)
    try:
        shop.report.phase(source.name, "laying out a scratch copy")
        lay_source(fetched, scratch / "src", log=log, env=shop.env)
        built = _run_pyodide_build(source, scratch, log, shop)
        check_wheel_tag(built, shop.platform)
        finished = _finish(built, scratch, fetched, key, shop)
        audit = _audit(finished, source, scratch / "src", log, shop)
        seconds = time.monotonic() - started
        return keep_artefact(shop.home, key, finished, seconds=seconds, inputs=inputs, audit=audit)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_pyodide_build(source: Source, scratch: Path, log: Path, shop: Workshop) -> Path:
    recipe, variables = source.recipe, cross_files()
    command = ["pyodide", "build", "--outdir", str(scratch / "out"), "--exports", recipe.exports]
    command.append("--skip-emscripten-install")
    for setting in recipe.config_settings:
        command += ["-C", expand(setting, variables, "config-settings")]

    def follow(line: str) -> None:
        if (phase := parse_phase(line)) is not None:
            text, fraction = phase
            shop.report.phase(source.name, text)
            if fraction is not None:
                shop.report.advance(source.name, fraction)

    shop.report.phase(source.name, "preparing the build environment")
    try:
        run(
            command,
            log=log,
            env=build_env(
                source.recipe,
                toolchain=shop.toolchain,
                home=shop.home,
                env={**shop.env, **(offline_env(shop.sources) if shop.sources else {})},
                jobs=shop.jobs,
                scratch=scratch,
            ),
            cwd=scratch / "src",
            on_line=follow,
            children=shop.children,
        )
    except CommandFailed as error:
        raise _explain(source, log) from error
    wheels = list((scratch / "out").glob("*.whl"))
    if len(wheels) != 1:
        raise BuildFailed(f"{source.name}: the backend left {len(wheels)} wheels", log=log)
    return wheels[0]


def _explain(source: Source, log: Path) -> BuildFailed | NoSpace | Unreachable:
    lines = read_tail(log)
    if says_full(lines):
        return NoSpace(f"{source.name}: the disk is full", advice="free some space", log=log)
    causes = summarise_failure(lines)
    if BUILDING not in log.read_bytes() and says_offline(lines):
        return Unreachable(
            f"{source.name}: its build requirements could not be fetched from the Python package "
            f"index\n  {causes[0] if causes else ''}",
            advice="check the network and `pip config list`; with UV_OFFLINE=1 what is cached will do",
            log=log,
        )
    whole = read_log(log)
    if found := diagnose(whole.lines, read_rules()):
        cause = found[0]
        return BuildFailed(
            f"{source.name} does not build: {cause.cause}\n"
            f"  {whole.place(cause.line)}: {cause.evidence}",
            advice=f"{cause.edit} ({cause.page})",
            log=log,
        )
    text = "".join(f"\n  {line}" for line in causes)
    return BuildFailed(f"{source.name} does not build:{text}", log=log)


def _finish(built: Path, scratch: Path, fetched: Fetched, key: str, shop: Workshop) -> Path:
    # Importing the SBOM library takes longer than a rebuild with nothing changed may.
    from porter.sbom import MEMBER, render_sbom

    name, wheel_version = parse_wheel_filename(built.name)[:2]
    sbom = render_sbom(
        name=name,
        version=str(wheel_version),
        source_sha256=fetched.sha256,
        key=key,
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


def parse_phase(line: str) -> tuple[str, float | None] | None:
    """What a line of the build's output says of its progress, with ninja's fraction."""
    if line.startswith("["):
        counter, _, rest = line[1:].partition("]")
        done, slash, total = counter.partition("/")
        if slash and done.isdigit() and total.isdigit() and int(total) > 0 and rest:
            return "compiling", int(done) / int(total)
    if line.startswith(("Checking for ", "-- Performing Test ", "checking for ")):
        return "configuring", None
    if line.startswith("building '") and line.endswith(" extension"):
        return f"compiling {line.split(chr(39))[1]}", None
    if line.startswith("Repacking wheel"):
        return "packing the wheel", None
    return None

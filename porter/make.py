"""A source at hand is cross-built, finished and audited."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from packaging.utils import parse_wheel_filename

from porter import __version__
from porter.audited import audit_file, summarise
from porter.backend import run_backend
from porter.crates.plan import plan_rust
from porter.crates.ready import read_crates
from porter.disclosed import MEMBER
from porter.errors import AuditFailed
from porter.extensions import declared_extensions
from porter.host import HostFile
from porter.prefix import is_library
from porter.process import stop_within
from porter.source import Fetched, Source, lay_source
from porter.wheel import check_wheel_tag, finish_wheel
from porter.workshop import Workshop

# Of the findings of one cause, the first few tell as much as all.
SHOWN = 6


@contextmanager
def open_scratch(source: Source, shop: Workshop) -> Iterator[Path]:
    """The project's folder to build in, empty; the caller holds its lock."""
    scratch = shop.home.work / f"{source.name}-{shop.platform.pyodide}"
    stop_within(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "tmp").mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def make_wheel(
    fetched: Fetched,
    inputs: Mapping[str, str],
    shop: Workshop,
    host: Sequence[HostFile],
    scratch: Path,
) -> tuple[Path, str]:
    """The finished wheel, or the library's archive, and what its audit said. Raises as `build`."""
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
    work = plan_rust(fetched, shop)
    return run_backend(fetched.source, scratch, log=log, shop=shop, host=host, rust=work)


def _finish(
    built: Path, scratch: Path, fetched: Fetched, inputs: Mapping[str, str], shop: Workshop
) -> Path:
    # Importing the SBOM library takes longer than a rebuild with nothing changed may.
    from porter.sbom import render_sbom

    name, wheel_version = parse_wheel_filename(built.name)[:2]
    tools = {"porter": __version__, "pyodide-build": version("pyodide-build")}
    crates: tuple[tuple[str, str], ...] = ()
    if (work := plan_rust(fetched, shop)) is not None:
        tools["rustc"] = work.rust.version
        locked = read_crates(scratch / "src", work.crates.manifest)
        crates = tuple((crate.name, crate.version) for crate in locked)
    sbom = render_sbom(
        name=name,
        version=str(wheel_version),
        source=fetched.source.public,
        source_sha256=fetched.sha256,
        inputs=inputs,
        platform=shop.platform,
        toolchain=shop.toolchain,
        tools=tools,
        crates=crates,
        audited=shop.surface is not None,
    )
    finished = scratch / built.name
    places = {
        scratch: "/build",
        shop.home.environments: "/environments",
        shop.home.toolchains: "/toolchains",
    }
    finish_wheel(built, finished, added={MEMBER: sbom}, places=places)
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

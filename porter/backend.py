"""Run a source's build backend, or its recipe's script, through pyodide-build."""

import sys
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from porter.buildenv import build_env, cross_files, expand
from porter.crates.plan import RustWork
from porter.crates.ready import ready_rust
from porter.crossfiles import lay_crossenv
from porter.diagnose import diagnose, read_rules
from porter.errors import BuildFailed, CommandFailed, ConfigurationError, NoSpace, Unreachable
from porter.failure import says_full, says_offline, summarise_failure
from porter.host import HostFile
from porter.log import read_log
from porter.prefix import SUFFIX, fill_prefix, is_library, list_prefix, pack_library
from porter.process import read_tail, run
from porter.recipe import Kind, Recipe
from porter.requirements import offline_env
from porter.source import Source
from porter.survey.read import survey_source
from porter.toolchain.model import Toolchain
from porter.toolchain.rust import parse_crate
from porter.upstream import needs_recipe_builder, write_meta
from porter.workshop import Workshop

# What pyodide-build prints once the build requirements are there. What goes wrong after it is the
# project's own, network or not.
BUILDING = b"\nBuilding wheel..."
PYODIDE = Path(__file__).with_name("pyodide.py")
# What `recipe/unvendor.py` of pyodide-build takes for tests.
TEST_FOLDERS = ("test", "tests")
TEST_FILES = ("test_*.py", "*_test.py", "conftest.py")
# Started apart: it changes its working directory.
UNVENDOR = """\
import sys
from pathlib import Path
from pyodide_build.recipe.unvendor import unvendor_tests_in_wheel

unvendor_tests_in_wheel(Path(sys.argv[1]), sys.argv[2:])
"""


def run_backend(
    source: Source,
    scratch: Path,
    *,
    log: Path,
    shop: Workshop,
    host: Sequence[HostFile],
    rust: RustWork | None = None,
) -> Path:
    """The wheel, or the library's archive, of the source that lies in `scratch/src`, patched.

    `rust` is its toolchain of Rust, with its crates. Raises BuildFailed, Unreachable, NoSpace or
    ConfigurationError.
    """
    recipe = source.recipe
    build = scratch / "build"
    # Where pyodide-build's recipe builder looks for libraries.
    prefix = build / ".libs"
    fill_prefix(prefix, host)
    libraries = any(file.path is not None and is_library(file.path) for file in host)
    builder = needs_recipe_builder(recipe, vendors=libraries and recipe.vendor_sharedlib)
    cargo = ready_rust(rust, recipe, scratch, shop) if rust is not None else {}
    env = build_env(
        recipe,
        toolchain=shop.toolchain,
        home=shop.home,
        env={**shop.env, **(offline_env(shop.sources) if shop.sources else {}), **cargo},
        jobs=shop.jobs,
        scratch=scratch,
        xbuildenv=lay_crossenv(shop.toolchain, scratch / "xbuildenv", host),
        prefix=prefix,
        # The recipe builder is told of the flags by its own recipe.
        flags=not builder,
    )
    settings = tuple(
        expand(setting, cross_files(), "config-settings") for setting in recipe.config_settings
    )
    folder = scratch / "recipes" / recipe.key
    command: list[str | Path] = [_python(shop.toolchain), "-P", PYODIDE]
    version = ""
    if builder:
        version = _version(recipe, scratch / "src")
        write_meta(recipe, folder, scratch / "src", settings=settings, version=version)
        command += ["build-recipes-no-deps", recipe.key, "--recipe-dir", folder.parent]
        command += ["--build-dir", build, "--force-rebuild", "--skip-rust-setup"]
    else:
        command += ["build", "--outdir", scratch / "out", "--exports", recipe.exports]
        for setting in settings:
            command += ["-C", setting]
    command.append("--skip-emscripten-install")
    before = list_prefix(prefix)
    shop.report.phase(source.name, "preparing the build environment")
    _run(command, source, log, shop, env=env, cwd=scratch / "src")
    if recipe.kind.is_library:
        target = scratch / f"{recipe.key}-{version or '0'}-{shop.platform.tag}{SUFFIX}"
        dist = build / recipe.key / "build" / f"{recipe.key}-{version or '0'}" / "dist"
        pack_library(prefix, before, dist, target, name=recipe.name)
        return target
    wheels = list((folder / "dist" if builder else scratch / "out").glob("*.whl"))
    if len(wheels) != 1:
        raise BuildFailed(f"{source.name}: the backend left {len(wheels)} wheels", log=log)
    if recipe.unvendor_tests and holds_tests(zipfile.ZipFile(wheels[0]).namelist()):
        kept: list[str | Path] = [
            sys.executable,
            "-c",
            UNVENDOR,
            wheels[0],
            *recipe.retain_test_patterns,
        ]
        _run(kept, source, log, shop, env=env, cwd=scratch)
    return wheels[0]


def holds_tests(members: Sequence[str]) -> bool:
    """Whether some of a wheel's members may be tests, so that it has to be unpacked to leave them out."""
    paths = [PurePosixPath(member) for member in members]
    return any(
        not set(TEST_FOLDERS).isdisjoint(path.parts)
        or any(fnmatchcase(path.name, pattern) for pattern in TEST_FILES)
        for path in paths
    )


def _python(toolchain: Toolchain) -> Path:
    """What pyodide-build runs on."""
    return Path(sys.executable) if toolchain.builder is None else toolchain.builder / "bin/python"


def _apart(shop: Workshop) -> dict[str, str]:
    """What `pyodide.py` is told, and no program of the build."""
    turns = shop.turns.env if shop.turns is not None else {}
    return {"PORTER_BYTECODE": str(shop.home.bytecode / "tools"), **turns}


def _run(
    command: Sequence[str | Path],
    source: Source,
    log: Path,
    shop: Workshop,
    *,
    env: dict[str, str],
    cwd: Path,
) -> None:
    def follow(line: str) -> None:
        if (phase := parse_phase(line)) is not None:
            text, fraction = phase
            shop.report.phase(source.name, text)
            if fraction is not None:
                shop.report.advance(source.name, fraction)

    try:
        run(
            command,
            log=log,
            env=env | _apart(shop),
            cwd=cwd,
            on_line=follow,
            children=shop.children,
            files=[shop.turns.file.fileno()] if shop.turns else [],
        )
    except CommandFailed as error:
        raise _explain(source, log) from error


def _version(recipe: Recipe, folder: Path) -> str:
    """The version that the recipe builder wants to be told; a library may have none."""
    version = recipe.told_version or survey_source(folder).version
    if not version and recipe.kind is Kind.PACKAGE:
        raise ConfigurationError(
            f"{recipe.file or recipe.name}: with a script, or libraries, a recipe needs a version",
            advice='add it: [package] version = "…"',
        )
    return version


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
    if (crate := parse_crate(line)) is not None:
        return f"compiling {crate}", None
    if line.startswith("Repacking wheel"):
        return "packing the wheel", None
    return None

"""Run notebooks in the real runtime, each in a fresh one, and see what becomes of them."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from subprocess import run

from compat_report.catalog.open import OpenCatalog
from compat_report.model import Facts
from compat_report.reported import End, NotebookReport, Outcome
from compat_report.truth.beside import read_beside
from compat_report.truth.plan import plan_steps
from compat_report.truth.shell import Support, fetch_support
from compat_report.truth.site import NotebookSite
from compat_report.truth.told import Telling, judge_run
from compat_report.truth.wheels import Wheels, fetch_wheels
from porter.check.model import Host
from porter.check.site import serve
from porter.check.start import find_host, start_command, start_env
from porter.check.watch import watch
from porter.home import Home
from porter.platform import Platform
from porter.process import Children
from porter.runtime import Runtime, compile_stdlib, fetch_runtime

# How long one cell may take, in seconds, and the runtime's start.
TIMEOUT = 60.0
# What a notebook may see of this process's environment, which may have passwords in it.
SEEN = frozenset({"PATH", "LANG", "LC_ALL", "TZ"})
# Names are not looked up, so that no request gets out even of what forgets the page's policy.
NO_NAMES = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """All that running a notebook takes besides the notebook."""

    runtime: Runtime
    catalog: OpenCatalog
    support: Support
    stdlib: Path
    host: Host
    program: Path
    home: Home
    env: Mapping[str, str]
    timeout: float = TIMEOUT
    offline: bool = False
    children: Children = field(default_factory=Children)

    def run(self, facts: Facts, report: NotebookReport) -> Outcome:
        """What becomes of one notebook; its `report` says what is to be installed for it."""
        return run_notebook(facts, report, self)


def open_runner(
    platform: Platform,
    catalog: OpenCatalog,
    *,
    host: Host = Host.NODE,
    home: Home,
    env: Mapping[str, str],
    timeout: float = TIMEOUT,
    offline: bool = False,
    children: Children | None = None,
) -> Runner:
    """Ready to run notebooks on one platform.

    `timeout` is how long one cell may take, in seconds; `offline` as in `fetch_wheels`. Raises MissingRequirement without the
    host, and what `fetch_runtime` and `fetch_pinned` do.
    """
    runtime = fetch_runtime(platform, home=home, env=env)
    return Runner(
        runtime=runtime,
        catalog=catalog,
        support=fetch_support(runtime, home=home, env=env),
        stdlib=compile_stdlib(runtime, home=home),
        host=host,
        program=find_host(host, env),
        home=home,
        env=env,
        timeout=timeout,
        offline=offline,
        children=children or Children(),
    )


def run_notebook(facts: Facts, report: NotebookReport, runner: Runner) -> Outcome:
    """Run all cells of one notebook in a fresh runtime, with no network, and tell how it ended.

    What it requires is installed before its first cell, in the versions that the report names,
    with micropip; what cannot be had here makes the outcome untested where it was that which
    was missed. Nothing of what is started is left.
    """
    notebook = facts.notebook
    host = str(runner.host)
    if notebook.language != "python":
        reason = f"it is written for {notebook.language}"
        return Outcome(end=End.UNTESTED, host=host, reason=reason)
    if not notebook.cells and notebook.format == "unknown":
        reason = notebook.findings[0].message if notebook.findings else "it cannot be read"
        return Outcome(end=End.UNTESTED, host=host, reason=reason)
    wheels = fetch_wheels(
        report.requirements,
        runner.catalog,
        runner.runtime,
        home=runner.home,
        env=runner.env,
        offline=runner.offline,
    )
    beside = read_beside(Path(notebook.folder) if notebook.folder is not None else None)
    told = Telling(most=100 + 3 * len(notebook.cells))
    with ExitStack() as stack:
        # A browser that was killed may leave a file behind while its folder is removed.
        scratch = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="porter-run-", ignore_cleanup_errors=True)
            )
        )
        events, profile = scratch / "events", scratch / "profile"
        events.touch()
        profile.mkdir()
        site = NotebookSite(
            runtime=runner.runtime,
            wheels={},
            tests=b"",
            events=events,
            home=runner.home,
            env=runner.env,
            compiled={path.name: path for path in (runner.stdlib, *runner.support.all)},
            at_hand=wheels.files,
            locked=frozenset(wheels.locked),
            beside=beside.zipped,
            plan=_plan(facts, wheels, runner),
        )
        stack.enter_context(serve(site))
        driver = stack.enter_context(as_file(files("compat_report.truth"))) / "driver.mjs"
        why, _ = watch(
            _command(runner, site.url, profile, events, driver),
            told,
            events,
            scratch / "log",
            start_env({name: runner.env[name] for name in SEEN & runner.env.keys()}, profile),
            runner.timeout,
            runner.children,
        )
    starts = dict.fromkeys(runner.catalog.kernel.starts, "it is part of the kernel")
    away = {**starts, **wheels.away}
    return judge_run(
        told,
        why,
        host=host,
        beside=beside,
        away=away,
        imports={project: runner.catalog.import_names(project) for project in away},
    )


def _plan(facts: Facts, wheels: Wheels, runner: Runner) -> dict[str, object]:
    steps = plan_steps(facts)
    support = runner.support
    own = [path.name for path in (support.micropip, support.packaging)]
    installed = [name for name in wheels.installed if _project(name) not in map(_project, own)]
    micropip = steps.micropip or bool(installed)
    unpacked = own if micropip else own[-1:] if steps.requires else []
    return {
        **steps.as_plan(),
        "micropip": micropip,
        "unpacked": [f"/compiled/{name}" for name in unpacked],
        "archives": [f"/compiled/{support.ipython.name}"] if steps.ipython else [],
        "packages": list(wheels.locked),
        "wheels": [f"/wheels/{name}" for name in installed],
        "mocks": list(runner.catalog.kernel.mocks),
        # The bare runtime has no input(); kernels ask the page.
        "keyboard": runner.catalog.kernel.name != "pyodide",
    }


def _project(filename: str) -> str:
    return filename.partition("-")[0].lower()


def _command(
    runner: Runner, url: str, profile: Path, events: Path, driver: Path
) -> list[str | Path]:
    """The host's command, which lets a notebook reach nothing but this run's server."""
    command = list(
        start_command(
            runner.host,
            runner.program,
            url=url,
            scratch=profile,
            runtime=runner.runtime.folder,
            events=events,
            driver=driver,
        )
    )
    match runner.host:
        case Host.NODE:
            # A notebook can reach all that Node can: it may read the runtime, and tell.
            folders = [runner.runtime.folder, driver.parent]
            limits = [_permission(runner.program), f"--allow-fs-write={events}"]
            limits += [f"--allow-fs-read={folder}/*" for folder in folders]
            command[1:1] = [*limits, "--no-warnings"]
        case Host.CHROMIUM:
            command[1:1] = [NO_NAMES]
    return command


@cache
def _permission(node: Path) -> str:
    """The option that limits what a program may do; its first name was another (Node 20)."""
    asked = "process.allowedNodeEnvironmentFlags.has('--permission')"
    done = run([node, "-p", asked], capture_output=True, text=True, check=False, timeout=30)
    return "--permission" if done.stdout.strip() == "true" else "--experimental-permission"

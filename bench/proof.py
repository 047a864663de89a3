"""`make bench`, the second half: how good diagnoses are, what an audit and a start of the runtime cost.

`porter audit` and `pyodide auditwheel show` run in turn on the same wheels, as whole processes; the time
inside the process is told beside it, and how it grows with the size of what is audited.
"""

import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from porter.audit.judge import audit_wheel
from porter.audit.module import is_compiled
from porter.audit.surface import LinkSurface
from porter.audit.wheel import Contents, read_wheel
from porter.check.model import Host
from porter.check.run import run_check
from porter.check.support import fetch_support
from porter.diagnose import diagnose, read_rules
from porter.environment import tool_env
from porter.errors import PorterError
from porter.home import Home
from porter.log import read_log
from porter.platform import Platform, read_platform
from porter.runtime import Runtime, fetch_runtime, read_surface
from porter.table import format_size, print_table

RUNS = 5
LOGS = Path("tests/diagnosis/logs")
RECIPES = ("recipes/rollstat", "recipes/tilecodec", "recipes/regex", "recipes/numpy")


def main() -> None:
    columns = ("right cause first", "unknown, and said so", "a log")
    print_table(columns, [diagnosis_row()])
    home = Home.parse(os.environ)
    env = tool_env(os.environ, home)
    platform = read_platform()
    runtime = fetch_runtime(platform, home=home, env=env)
    surface = read_surface(runtime, home=home, env=env)
    with tempfile.TemporaryDirectory(prefix="porter-bench-") as name:
        wheels = build(Path(name))
        rows = [audit_row(wheel, platform, surface, env) for wheel in wheels]
        told = ("wheel", "size", "modules", "imports", "read", "judge", "porter audit")
        print_table((*told, "pyodide auditwheel show", "ratio"), rows)
        print_table(
            ("of NumPy's modules", "bytes of wasm", "judge"), growth(wheels[-1], platform, surface)
        )
        print_table(
            ("runtime", "ready, wheel installed", "in all"),
            start_rows(wheels[0], runtime, home, env),
        )


def diagnosis_row() -> tuple[str, ...]:
    """The labelled logs of real failures: how many causes are right, and what one log takes."""
    cases = tomllib.loads((LOGS.parent / "cases.toml").read_text("utf-8"))["case"]
    rules = read_rules()
    right, spent = {True: 0, False: 0}, []
    for name, case in cases.items():
        started = time.perf_counter()
        found = diagnose(read_log(LOGS / f"{name}.log").lines, rules)
        spent.append(time.perf_counter() - started)
        first = found[0].code if found else ""
        right[bool(case["code"])] += first == case["code"]
    labelled = sum(bool(case["code"]) for case in cases.values())
    return (
        f"{right[True]} of {labelled}",
        f"{right[False]} of {len(cases) - labelled}",
        f"{median(spent) * 1000:.1f} ms",
    )


def build(out: Path) -> list[Path]:
    """The recipes' wheels, the largest last."""
    command = [sys.executable, "-m", "porter", "build", "--out", str(out), *RECIPES]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return sorted(out.glob("*.whl"), key=lambda wheel: wheel.stat().st_size)


def audit_row(
    wheel: Path, platform: Platform, surface: LinkSurface, env: dict[str, str]
) -> tuple[str, ...]:
    """One wheel: milliseconds inside the process, and both commands in turn."""
    contents = opened(wheel)
    audit = audit_wheel(contents, platform=platform, surface=surface)
    reading = milliseconds(lambda: opened(wheel))
    judging = milliseconds(lambda: audit_wheel(contents, platform=platform, surface=surface))
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(clock([sys.executable, "-m", "porter", "audit", str(wheel)], dict(os.environ)))
        theirs.append(clock(["pyodide", "auditwheel", "show", str(wheel)], env))
    return (
        wheel.name.partition("-cp")[0],
        format_size(wheel.stat().st_size),
        str(audit.modules),
        f"{audit.imports:,}",
        f"{reading:.1f} ms",
        f"{judging:.1f} ms",
        f"{median(ours):.2f} s",
        f"{median(theirs):.2f} s",
        f"{median(ours) / median(theirs):.2f}",
    )


def growth(wheel: Path, platform: Platform, surface: LinkSurface) -> list[tuple[str, ...]]:
    """The same wheel with more and more of its modules."""
    whole = opened(wheel)
    compiled = sorted(
        (n for n in whole.members if is_compiled(n)), key=lambda n: len(whole.members[n])
    )
    rows: list[tuple[str, ...]] = []
    for part in (4, 2, 1):
        kept = set(compiled[::part])
        members = {n: data for n, data in whole.members.items() if n not in compiled or n in kept}
        contents = replace(whole, members=members)
        size = sum(len(members[name]) for name in kept)
        spent = milliseconds(partial(audit_wheel, contents, platform=platform, surface=surface))
        rows.append((str(len(kept)), format_size(size), f"{spent:.1f} ms"))
    return rows


def start_rows(
    wheel: Path, runtime: Runtime, home: Home, env: dict[str, str]
) -> list[tuple[str, ...]]:
    """How long a start takes in each host, its imports alone being run."""
    support = fetch_support(home=home, env=env)
    rows: list[tuple[str, ...]] = []
    for host in Host:
        starts, wholes = [], []
        try:
            for _ in range(RUNS):
                check = run_check(
                    wheel=wheel,
                    runtime=runtime,
                    home=home,
                    env=env,
                    host=host,
                    support=support,
                    log=home.new_log(f"bench-{host}"),
                )
                starts.append(check.startup)
                wholes.append(check.seconds)
        except PorterError as error:
            rows.append((str(host), error.message, ""))
        else:
            rows.append((str(host), f"{median(starts):.2f} s", f"{median(wholes):.2f} s"))
    return rows


def opened(wheel: Path) -> Contents:
    contents, _ = read_wheel(wheel)
    if contents is None:
        sys.exit(f"{wheel} is not a wheel")
    return contents


def milliseconds(work: Callable[[], object]) -> float:
    """The median of several runs."""
    spent = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return median(spent) * 1000


def clock(command: Sequence[str], env: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=env, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

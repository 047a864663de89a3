"""`make suites`: run whole test suites in every runtime, and write down what came of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path("docs/reference/suites.md")
HEAD = """\
# Whole test suites in the runtime

The projects' own tests, of their sdists, on wheels that Porter built: `make suites` runs them and
writes this page. "Start" is how long it takes until the runtime is ready and the wheel installed by
micropip; times are of a machine with two processors. "Only in wasm" is what failed here and passes on the same
machine's own Python.
"""
SUITES = (
    ("regex", ["recipes/regex", "--suite", "--against-native"], ("node", "chromium", "firefox")),
    (
        "NumPy's `numpy/_core/tests`",
        ["recipes/numpy", "--suite", "--only", "numpy/_core/tests/*"],
        ("node", "chromium"),
    ),
)


def main() -> None:
    rows = []
    notes: dict[str, int] = {}
    for name, arguments, hosts in SUITES:
        for host in hosts:
            check = run([*arguments, "--runtime", host])
            counts = dict.fromkeys(("passed", "failed", "error", "skipped"), 0)
            for result in check["results"]:
                if not result["name"].startswith("import "):
                    counts[result["outcome"]] += 1
                if result["outcome"] == "skipped":
                    reason = result["reason"].removeprefix("Skipped: ")
                    notes[reason] = notes.get(reason, 0) + 1
            compared = any(result["native"] for result in check["results"])
            only = sum(
                result["outcome"] in ("failed", "error") and result["native"] == "passed"
                for result in check["results"]
            )
            rows.append(
                f"| {name} | {host} | {counts['passed']:,} | {counts['failed'] + counts['error']:,} "
                f"| {only if compared else '-'} | {counts['skipped']:,} "
                f"| {check['startup']:.1f} s | {check['seconds']:.0f} s |"
            )
            platform = check["platform"]
    table = [
        "| suite | runtime | passed | failed | only in wasm | skipped | start | in all |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
    ]
    common = sorted(notes.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    reasons = [f"- {count:,}: {reason}" for reason, count in common]
    text = f"{HEAD}\nPyodide {platform}:\n\n" + "\n".join(table)
    text += "\n\nThe most frequent reasons for skipping, over all runs:\n\n" + "\n".join(reasons)
    PAGE.write_text(f"{text}\n")
    print(text)


def run(arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "porter", "test", *arguments, "--timeout", "600", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    document = json.loads(done.stdout)
    if not document["checks"]:
        sys.exit(f"{' '.join(arguments)}: {document['failures']}")
    check: dict[str, Any] = document["checks"][0]
    return check


if __name__ == "__main__":
    main()

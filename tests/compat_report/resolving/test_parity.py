"""Our answers beside those of micropip itself, in the runtime under Node."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from servers import Served

from compat_report.catalog.model import Resolution
from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.model import Severity
from compat_report.resolving.environment import tag_ranks
from compat_report.rules import read_rules
from porter.home import Home
from porter.pinned import fetch_pinned, read_pinned
from porter.platform import Platform, read_platform
from porter.process import find_program
from porter.runtime import Runtime, fetch_runtime

PRIVATE = [
    ["acme-tools"], ["Acme_Tools"], ["acme-base"], ["acme-base>=2.0rc1"], ["acme-base<2"],
    ["acme-base==1.1"], ["acme-early"], ["acme-mistake"], ["acme-native"], ["acme-native<2"],
    ["acme-linux"], ["acme-lost"], ["acme-deep"], ["acme-strict", "acme-native"],
    ["acme-native==2.0", "acme-strict"], ["acme-six"], ["acme-data"], ["acme-bad"], ["acme-marked"],
    ["acme-extra"], ["acme-extra[all]"], ["acme-extra[some_more]"], ["acme-extra[all,Some-More]"],
    ["acme-extra[none]"], ["acme-asks-extra"], ["numpy"], ["numpy>=2", "acme-base"], ["numpy<1"],
    ["nowhere"], ["not a requirement"], ["acme-base; sys_platform == 'win32'"], ["ssl"],
    ["acme-base", "acme-base==1.0"], ["emoji"],
]  # fmt: skip


def ask_micropip(
    sets: Sequence[Sequence[str]],
    indexes: list[str] | None,
    runtime: Runtime,
    folder: Path,
    home: Home,
    env: dict[str, str],
) -> dict[str, Any]:
    """micropip's `answers`, in the order of the sets; its `environment` of markers, its `tags`."""
    wheel = fetch_pinned(read_pinned("micropip"), home=home, env=env)
    questions = folder / "questions.json"
    questions.write_text(json.dumps({"sets": sets, "indexes": indexes}))
    script = Path(__file__).with_name("micropip.mjs")
    done = subprocess.run(
        [find_program("node", env), script, runtime.folder, wheel, questions],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def assert_same_platform(told: dict[str, Any], platform: Platform) -> None:
    assert told["environment"] == platform.markers()
    ranks = tag_ranks(platform)
    assert told["tags"] == [str(tag) for tag in sorted(ranks, key=ranks.__getitem__)]


def refusals(found: Resolution) -> list[str]:
    """The projects for which a set is refused, as we see it."""
    rules = read_rules()
    return [
        problem.project
        for problem in found.problems
        if rules[problem.code].severity is Severity.SERVER
    ]


def differences(catalog: OpenCatalog, asked: Sequence[str], answer: dict[str, Any]) -> object:
    """What our answer has otherwise than micropip's; None for nothing."""
    found = catalog.resolve(asked)
    refused = refusals(found)
    if "error" in answer:
        error = answer["error"].lower().replace("_", "-")
        named = any(project in error for project in refused) or "extra" in error
        named = named or "invalidrequirement" in error
        return None if refused and named else (asked, answer["error"], refused)
    wheels = {(canonicalize_name(name), version) for name, version in answer["wheels"]}
    loaded = {"micropip", *(name for name, _ in wheels)}
    packages = catalog.lock.closure(map(canonicalize_name, answer["packages"]), loaded)
    theirs = wheels | {(package.name, package.version) for package in packages}
    ours = {(file.name, file.version) for file in found.files}
    return None if not refused and ours == theirs else (asked, ours ^ theirs, refused)


def test_a_private_index(
    private_index: Served,
    runtime: Runtime,
    platform: Platform,
    catalog_home: Home,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    simple = f"{private_index.url}/r/{platform.name}/simple"
    home = catalog_home
    told = ask_micropip(PRIVATE, [simple], runtime, tmp_path, home, env)
    assert_same_platform(told, platform)
    answers = told["answers"]
    catalog = open_catalog(platform, index=private_index.url, public=False, home=home, env=env)
    found = [differences(catalog, *pair) for pair in zip(PRIVATE, answers, strict=True)]
    assert [one for one in found if one is not None] == []
    # Both answers are in the table, and not one of them alone.
    assert 10 < sum("error" in answer for answer in answers) < len(answers) - 10


@pytest.mark.journey
@pytest.mark.parametrize("name", ["0.29", "314"])
def test_the_public_index(name: str, home: Home, env: dict[str, str], tmp_path: Path) -> None:
    sets = json.loads(Path(__file__).with_name("sets.json").read_text("utf-8"))
    platform = read_platform(name)
    runtime = fetch_runtime(platform, home=home, env=env)
    told = ask_micropip(sets, None, runtime, tmp_path, home, env)
    assert_same_platform(told, platform)
    answers = told["answers"]
    catalog = open_catalog(platform, home=home, env=env)
    found = [differences(catalog, *pair) for pair in zip(sets, answers, strict=True)]
    catalog.close()
    assert [one for one in found if one is not None] == []

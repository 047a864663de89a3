import base64
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from probing import chromium_worker, probe_in_node

from compat_report.apis import Surroundings, find_cell_apis, is_portable
from compat_report.model import CellFacts, Import, Location, Severity, Use
from compat_report.rules import find, parse_rules, read_rules, watched_names
from porter.home import Home
from porter.pinned import fetch_pinned
from porter.platform import read_platform
from porter.runtime import Runtime, fetch_runtime

TABLES = tomllib.loads(Path(__file__).with_name("probes.toml").read_text("utf-8"))
PROBES: list[dict[str, str]] = TABLES["probe"]
INSTALL = """
import base64, importlib, io, site, zipfile
wheel = io.BytesIO(base64.b64decode({!r}))
zipfile.ZipFile(wheel).extractall(site.getsitepackages()[0])
importlib.invalidate_caches()
"""
HERE = Location(path="a.ipynb", cell=0, line=1)
# Both are told of by their arguments alone; what the runtime says of them is not the rule's reason.
BY_ARGUMENT = {"remote-storage"}


# The standard library of 314 cannot be compiled ahead here, so that its start takes long.
@pytest.fixture(params=["0.29", pytest.param("314", marks=pytest.mark.journey)])
def one_runtime(request: pytest.FixtureRequest, home: Home, env: dict[str, str]) -> Runtime:
    return fetch_runtime(read_platform(request.param), home=home, env=env)


def expected(probe: dict[str, str], runtime: Runtime, host: str) -> str:
    short = runtime.platform.name
    for key in (f"{host}-{short}", host, short):
        if key in probe:
            return probe[key]
    return probe["is"]


def test_the_runtime_does_what_the_rules_say(
    one_runtime: Runtime, home: Home, tmp_path: Path
) -> None:
    asked = [probe for probe in PROBES if expected(probe, one_runtime, "node")]
    told = probe_in_node([p["run"] for p in asked], one_runtime, home=home, scratch=tmp_path)
    wrong = {
        probe["run"]: said
        for probe, said in zip(asked, told, strict=True)
        if not said.startswith(expected(probe, one_runtime, "node"))
    }
    assert not wrong, json.dumps(wrong, indent=1)
    assert len(asked) > 150


@pytest.mark.journey
def test_a_browsers_worker_does_what_the_rules_say(
    one_runtime: Runtime, home: Home, tmp_path: Path
) -> None:
    with chromium_worker(one_runtime, home=home, scratch=tmp_path) as worker:
        wrong = {
            probe["run"]: said
            for probe in PROBES
            if not (said := worker.probe(probe["run"])).startswith(
                expected(probe, one_runtime, "chromium")
            )
        }
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.journey
def test_libraries_do_what_the_rules_say(
    one_runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    told = {}
    with chromium_worker(one_runtime, home=home, scratch=tmp_path) as worker:
        for package in TABLES["package"]:
            for purl in package["wheels"]:
                wheel = fetch_pinned(purl, home=home, env=env).read_bytes()
                worker.probe(INSTALL.format(base64.b64encode(wheel).decode()))
            told[package["run"]] = worker.probe(package["run"])
    for package in TABLES["package"]:
        assert told[package["run"]].startswith(package["is"]), told
        assert "ModuleNotFoundError" not in told[package["run"]], told


def test_each_name_of_the_standard_library_is_proven() -> None:
    proven = {(probe["rule"], probe["name"]) for probe in PROBES}
    unproven = {
        (rule.code, name)
        for rule in read_rules().values()
        for name in rule.names
        if name.partition(".")[0] in sys.stdlib_module_names | {"builtins"}
        and (rule.code, name) not in proven
        and rule.code not in BY_ARGUMENT
    }
    assert not unproven


@pytest.mark.parametrize("release", ["0.29", "314"])
def test_what_no_port_helps_is_not_in_the_runtimes_lock(
    release: str, home: Home, env: dict[str, str]
) -> None:
    lock = fetch_runtime(read_platform(release), home=home, env=env).lock()["packages"]
    provided = {name for package in lock.values() for name in package["imports"]}
    hopeless = {
        name.removesuffix(".*")
        for rule in read_rules().values()
        if not rule.portable
        for name in rule.names
        if name.endswith(".*")
    }
    # These import on 314, and their sockets reach no server.
    drivers = {"asyncpg", "MySQLdb", "psycopg", "pymongo"}
    assert hopeless & provided == (drivers if release == "314" else set())
    assert len(hopeless) > 150


def use(name: str, *arguments: Any, called: bool = True, **keywords: Any) -> Use:
    return Use(
        name=name,
        location=HERE,
        called=called,
        arguments=arguments,
        keywords=tuple(keywords.items()),
    )


@pytest.mark.parametrize("code", [code for code, rule in read_rules().items() if rule.cases])
def test_each_rule_can_be_told_and_says_what_to_do(code: str) -> None:
    rule = read_rules()[code]
    found = find(code, HERE, "that", name="this", value="x", detail="why")
    assert found.message
    assert found.advice
    assert "{" not in found.message + found.advice
    assert rule.severity in Severity


def test_no_name_is_in_a_rule_twice() -> None:
    for rule in read_rules().values():
        for case in rule.cases:
            assert len(set(case.names)) == len(case.names), rule.code


def test_rules_are_read_with_groups_and_cases() -> None:
    rules = parse_rules(
        {
            "group": {"both": ["a.b", "a.c"]},
            "rule": {
                "one": {
                    "severity": "server",
                    "says": "{subject}",
                    "advice": "none",
                    "names": ["@both", "d.*"],
                    "kernels": {"other": "info"},
                    "cases": [
                        {"names": ["e"], "called": True, "uncalled": "unknown"},
                        {"names": ["f"], "argument": 0, "pattern": "^x", "severity": "warning"},
                    ],
                },
                "two": {"severity": "info", "says": "it", "advice": ""},
            },
        }
    )
    one = rules["one"]
    assert one.names == ("a.b", "a.c", "d.*", "e", "f")
    assert [case.severity for case in one.cases] == ["server", "server", "warning"]
    assert [case.uncalled for case in one.cases] == ["server", "unknown", None]
    assert one.kernels == {"other": Severity.INFO}
    assert rules["two"].cases == ()


def test_what_is_watched_are_the_rules_names_and_their_cures() -> None:
    watched = watched_names()
    assert {"threading.Thread", "pyspark.*", "pyodide_http.patch_all"} <= watched
    assert "tzdata" not in watched
    assert not any(name.startswith("@") for name in watched)


@pytest.mark.parametrize(
    ("name", "portable"),
    [
        ("pyspark", False),
        ("pyspark.sql.functions", False),
        ("google.cloud.storage", True),
        ("psycopg2", False),
        ("regex", True),
        ("pysparkling", True),
    ],
)
def test_a_port_of_some_packages_would_not_help(name: str, *, portable: bool) -> None:
    assert is_portable(name) is portable


def test_importing_a_package_of_a_rule_is_enough() -> None:
    cell = CellFacts(
        index=0,
        imports=(Import(name="pyspark.sql", location=HERE), Import(name="mysparks", location=HERE)),
    )
    found = find_cell_apis(cell, Surroundings())
    assert [(f.code, f.subject, f.severity) for f in found] == [("spark", "pyspark", "server")]

"""Environments: one id for one content, and the command that makes them."""

import json
from pathlib import Path

import pytest
from wheels import make_wheel, put_wheel

from index_server.errors import NotHere, Unresolvable
from index_server.holdings import Holdings
from index_server.records.changes import read_entries
from index_server.runtimes.environments import (
    create_environment,
    list_environments,
    normalise,
    read_environment,
)
from porter.cli import main
from porter.home import Home
from porter.platform import read_platform

OLD, NEW = read_platform("0.29"), read_platform("314")


@pytest.mark.parametrize(
    ("requirements", "normal"),
    [
        (["B_b>=1", "a"], ("a", "b-b>=1")),
        (["a", "A", " a "], ("a",)),
        (["a[Y,x] >= 1, <2; python_version>'3'"], ('a[Y,x]<2,>=1; python_version > "3"',)),
        ([], ()),
    ],
)
def test_one_spelling(requirements: list[str], normal: tuple[str, ...]) -> None:
    assert normalise(requirements) == normal


@pytest.mark.parametrize("text", ["", "a b", "-r file", "a\nb", "../a", "\ud800"])
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(Unresolvable, match="is no requirement"):
        normalise([text])


def test_the_same_content_has_the_same_address(index: Holdings, tmp_path: Path) -> None:
    put_wheel(index, make_wheel(tmp_path, "acme-base", "1.0"))
    first = create_environment(index, OLD, ["acme-base>=1", "micropip"], "somebody")
    assert create_environment(index, OLD, ["micropip", "Acme_Base >=1"], "another") == first
    other = create_environment(index, NEW, ["acme-base>=1", "micropip"], "somebody")
    put_wheel(index, make_wheel(tmp_path, "acme-base", "1.1"))
    newer = create_environment(index, OLD, ["acme-base>=1", "micropip"], "somebody")
    assert len({first, other, newer}) == 3
    assert [found.id for found in list_environments(index)] == [newer, other, first]
    assert [found.id for found in list_environments(index, NEW)] == [other]
    kept = read_environment(index, first)
    assert kept.packages["acme-base"]["version"] == "1.0"
    assert kept.info["abi_version"] == "2025_0"
    assert (kept.created_by, kept.requirements) == ("somebody", ("acme-base>=1", "micropip"))
    assert kept.path == f"/r/0.29/environments/{first}/pyodide-lock.json"
    made = [entry for entry in read_entries(index.engine) if entry.action == "environment"]
    assert [(entry.actor, entry.subject) for entry in made][-1] == ("somebody", first[:12])
    assert len(made) == 3


def test_what_cannot_be_resolved_is_not_kept(index: Holdings) -> None:
    with pytest.raises(Unresolvable, match="nowhere is asked for"):
        create_environment(index, OLD, ["nowhere"], "somebody")
    with pytest.raises(Unresolvable, match="at least one"):
        create_environment(index, OLD, [], "somebody")
    assert list_environments(index) == []


def test_an_id_counts_on_its_own_platform(index: Holdings) -> None:
    name = create_environment(index, OLD, ["micropip"], "somebody")
    assert read_environment(index, name, OLD).id == name
    for missing in (name[:-1], "x", ""):
        with pytest.raises(NotHere):
            read_environment(index, missing)
    with pytest.raises(NotHere):
        read_environment(index, name, NEW)


def test_the_command(
    index: Holdings,
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_wheel(index, make_wheel(tmp_path, "acme-base", "1.0"))
    monkeypatch.setenv("PORTER_HOME", str(home.root))

    def run(action: str, *arguments: str) -> tuple[int, str, str]:
        data = str(index.settings.folder)
        code = main(["index", "environment", action, "--data", data, *arguments])
        return code, *capsys.readouterr()

    code, out, _ = run("create", "acme-base", "--platform", "314", "--json")
    made = json.loads(out)
    assert (code, made["packages"]) == (0, {"acme-base": "1.0"})
    code, out, _ = run("create", "acme-base", "--platform", "314")
    assert out.split() == [made["id"], "1", "packages", made["lock_file"]]
    code, out, _ = run("list")
    assert (code, out.split()) == (0, [made["id"], "314", "acme-base"])
    code, out, _ = run("list", "--json")
    assert json.loads(out)["environments"] == [made]
    code, _, told = run("create", "nowhere")
    assert code == 1
    assert "nowhere is asked for" in told

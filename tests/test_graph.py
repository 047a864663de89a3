import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.errors import ConfigurationError
from porter.graph import Graph, Provided, Role, plan_graph, same_version
from porter.recipe import Kind, Recipe

RUNTIME = Provided(version="1", by="Pyodide 0.29.5", at_build=False)
INDEX = Provided(version="1", by="the index", at_build=True)


def recipes(**hosts: str) -> dict[str, Recipe]:
    """`a="b c | d"`: a is compiled against b and c, and imports d."""
    found = {}
    for name, needs in hosts.items():
        host, _, run = needs.partition("|")
        found[name] = Recipe(
            name=name, version="1", host=tuple(host.split()), run=tuple(run.split())
        )
    return found


def plan(
    wanted: str, known: dict[str, Recipe], role: Role = Role.LISTED, **provided: Provided
) -> Graph:
    return plan_graph(dict.fromkeys(wanted.split(), role), known, provided=provided)


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes]


def test_host_requirements_come_first() -> None:
    known = recipes(app="lib numpy | tool", lib="zip", numpy="", zip="", tool="lib", other="")
    graph = plan("app", known)
    order = names(graph)
    assert sorted(order) == ["app", "lib", "numpy", "tool", "zip"]
    assert order.index("zip") < order.index("lib") < order.index("app")
    assert order.index("lib") < order.index("tool")
    (zipped,) = [node for node in graph.nodes if node.name == "zip"]
    assert (graph.way("zip"), zipped.role, zipped.host) == (("app", "lib", "zip"), Role.HOST, ())
    (app,) = [node for node in graph.nodes if node.name == "app"]
    assert (graph.way("app"), app.host) == (("app",), ("lib", "numpy"))


def test_what_the_release_has_is_not_built_again() -> None:
    known = recipes(app="| attrs numpy", numpy="")
    graph = plan("app numpy", known, numpy=RUNTIME, attrs=RUNTIME)
    assert names(graph) == ["app"]
    assert [(item.name, item.provided.by, graph.way(item.name)) for item in graph.reused] == [
        ("numpy", "Pyodide 0.29.5", ("numpy",)),
        ("attrs", "Pyodide 0.29.5", ("app", "attrs")),
    ]
    assert names(plan("numpy", known, Role.NAMED, numpy=RUNTIME)) == ["numpy"]


def test_what_only_imports_cannot_be_compiled_against() -> None:
    known = recipes(app="numpy | numpy", numpy="")
    assert names(plan("app numpy", known, numpy=RUNTIME)) == ["numpy", "app"]
    assert plan("app numpy", known, numpy=RUNTIME).reused == ()
    assert names(plan("app numpy", known, numpy=INDEX)) == ["app"]
    with pytest.raises(
        ConfigurationError,
        match=r"^app → numpy: Pyodide 0.29.5 has numpy to import, not to compile",
    ):
        plan("app", recipes(app="numpy"), numpy=RUNTIME)


def test_who_is_tried_has_in_hand_what_it_imports() -> None:
    known = recipes(app="| numpy attrs", numpy="zip", zip="", other="")
    for role, wanted in ((Role.NAMED, "app"), (Role.LISTED, "app other numpy")):
        asked = dict.fromkeys(wanted.split(), role)
        there = {"numpy": RUNTIME, "attrs": RUNTIME, "other": RUNTIME}
        graph = plan_graph(asked, known, provided=there, tried=True)
        assert sorted(names(graph)) == ["app", "numpy", "zip"], "a lock file names wheels alone"
        # Without a recipe an index has to have it.
        assert [item.name for item in graph.reused if item.name != "other"] == ["attrs"]
        graph = plan_graph(asked, known, provided={**there, "numpy": INDEX}, tried=True)
        assert names(graph) == ["app"]


def test_another_version_is_built() -> None:
    known = recipes(numpy="")
    newer = Provided(version="2", by="x", at_build=True)
    same = Provided(version="1.0", by="x", at_build=True)
    assert names(plan("numpy", known, numpy=newer)) == ["numpy"]
    assert names(plan("numpy", known, numpy=same)) == []
    assert names(plan("x", {"x": Recipe(name="x")}, x=newer)) == []
    by_purl = {"x": Recipe(name="x", purl="pkg:pypi/x@2?checksum=sha256:0")}
    assert names(plan("x", by_purl, x=newer)) == []
    assert same_version("1.0", "1")
    assert same_version("odd!", "odd!")
    assert not same_version("odd!", "1")


def test_what_is_missing_shows_every_path() -> None:
    known = recipes(app="lib", lib="zip png", tool="png | pure")
    with pytest.raises(ConfigurationError) as caught:
        plan("app tool", known)
    assert caught.value.message.splitlines() == [
        "requirements are missing:",
        "  tool → png: no recipe for png",
        "  app → lib → zip: no recipe for zip",
    ]
    with pytest.raises(ConfigurationError, match=r"^no recipe for nothing$"):
        plan("nothing", known, Role.NAMED)
    graph = plan("x", recipes(x="| pure"))
    assert (graph.outside, graph.way("pure")) == (("pure",), ("x", "pure"))


def test_a_circle_is_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        plan("a", recipes(a="b", b="c", c="d", d="b"))
    circle = caught.value.message.removesuffix(": they wait for each other").split(" → ")
    assert circle[0] == circle[-1]
    assert sorted(circle[:-1]) == ["b", "c", "d"]
    known = recipes(b="c", c="d", d="b")
    assert all(low in known[up].host for up, low in pairwise(circle))
    assert names(plan("a", recipes(a="| b", b="| a"))) == ["a", "b"]


def test_libraries_are_no_run_requirements() -> None:
    known = {
        "a": Recipe(name="a", run=("z",)),
        "z": Recipe(name="z", kind=Kind.STATIC_LIBRARY),
    }
    with pytest.raises(ConfigurationError, match="a needs the static library z at run time"):
        plan("a", known)


def test_who_waits_for_a_disabled_one_is_skipped() -> None:
    known = {
        **recipes(app="lib", lib="zip", other=""),
        "zip": Recipe(name="zip", disabled=True, host=("nowhere",)),
    }
    graph = plan("app other zip", known)
    assert names(graph) == ["other"]
    assert {item.name: item.path for item in graph.skipped} == {
        "app": ("app", "lib", "zip"),
        "lib": ("lib", "zip"),
        "zip": ("zip",),
    }


def test_a_library_brings_the_libraries_it_needs() -> None:
    def library(name: str, *host: str) -> Recipe:
        return Recipe(name=name, kind=Kind.STATIC_LIBRARY, host=host)

    known = {
        "zip": library("zip"),
        "png": library("png", "zip"),
        "draw": library("draw", "png", "font"),
        "font": library("font"),
        **recipes(plot="draw numpy", numpy="zip", app="plot"),
    }
    hosts = {node.name: node.host for node in plan("app", known).nodes}
    assert hosts["draw"] == ("zip", "png", "font")
    assert hosts["plot"] == ("zip", "png", "font", "draw", "numpy")
    assert hosts["app"] == ("plot",)


@given(st.dictionaries(st.integers(0, 30), st.sets(st.integers(0, 30), max_size=4), max_size=30))
def test_any_graph_is_ordered_or_refused(edges: dict[int, set[int]]) -> None:
    known = {
        f"p{node}": Recipe(name=f"p{node}", host=tuple(f"p{other}" for other in sorted(below)))
        for node, below in edges.items()
    }
    try:
        graph = plan(" ".join(known), known)
    except ConfigurationError:
        return
    place = {name: number for number, name in enumerate(names(graph))}
    assert set(place) == set(known)
    assert all(place[host] < place[node.name] for node in graph.nodes for host in node.host)


@pytest.mark.parametrize("shape", ["web", "chain"])
def test_ten_thousand_recipes(shape: str) -> None:
    def hosts(n: int) -> set[int]:
        return {m for m in ((n // 2, n // 3, n - 1) if shape == "web" else (n - 1,)) if 0 <= m < n}

    known = {
        f"p{n}": Recipe(
            name=f"p{n}",
            host=tuple(f"p{m}" for m in hosts(n)),
            run=(f"p{(n * 7) % 10_000}",),
        )
        for n in range(10_000)
    }
    started = time.monotonic()
    graph = plan("p9999", known)
    print(f"planned in {time.monotonic() - started:.2f} s")
    assert names(graph) == [f"p{n}" for n in range(10_000)]
    assert graph.way("p0")[0] == "p9999"

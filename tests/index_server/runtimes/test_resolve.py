"""Requirements to sets of offers: a table, and the chains that errors name."""

import pytest
from offering import among, offer, table, versions

from index_server.errors import Unresolvable
from index_server.runtimes.offers import Offer
from index_server.runtimes.resolve import depends_of, resolve
from porter.platform import read_platform

PLATFORM = read_platform("0.29")
BASE = [offer("b", "1"), offer("b", "2"), offer("b", "3"), offer("b", "4rc1")]
EXTRAS = [
    offer("lib", "1", "dep", "slow; extra == 'all'"),
    offer("lib", "2", "dep", "fast>=2; extra == 'all'", "lib[all]; extra == 'everything'"),
    offer("dep", "1"),
    offer("slow", "1"),
    offer("fast", "1"),
]


@pytest.mark.parametrize(
    ("offers", "asked", "found"),
    [
        (BASE, ["b"], {"b": "3"}),
        (BASE, ["b<3"], {"b": "2"}),
        (BASE, ["B"], {"b": "3"}),
        (BASE, ["b>=1,<3", "b!=2"], {"b": "1"}),
        (BASE, ["b>=4rc0"], {"b": "4rc1"}),
        (BASE, ["b==4rc1"], {"b": "4rc1"}),
        ([offer("b", "1a1"), offer("b", "1a2")], ["b"], {"b": "1a2"}),
        ([*BASE, offer("a", "1", "b>=4b1")], ["a"], {"a": "1", "b": "4rc1"}),
        ([*BASE, offer("a", "1", "b<2")], ["a", "b"], {"a": "1", "b": "1"}),
        # The newest of what is asked for first counts; the other one gives way.
        ([*BASE, offer("a", "1", "b"), offer("a", "2", "b<2")], ["a"], {"a": "2", "b": "1"}),
        (
            [*BASE, offer("a", "1", "b"), offer("a", "2", "b<2")],
            ["a", "b>=2"],
            {"a": "1", "b": "3"},
        ),
        ([*BASE, offer("a", "1", "b; sys_platform == 'win32'")], ["a"], {"a": "1"}),
        ([*BASE, offer("a", "1", "b; sys_platform == 'emscripten'")], ["a"], {"a": "1", "b": "3"}),
        ([*BASE, offer("a", "1"), offer("a", "2", "nowhere")], ["a"], {"a": "1"}),
        ([offer("a", "1", "c"), offer("c", "1", "a")], ["a"], {"a": "1", "c": "1"}),
        # What a version that gave way needed is not taken, though it needs itself.
        ([offer("a", "1"), offer("a", "2", "c", "a<2"), offer("c", "1", "c")], ["a"], {"a": "1"}),
        ([offer("a", "1+local"), offer("a", "1")], ["a==1"], {"a": "1+local"}),
        (EXTRAS, ["lib"], {"dep": "1", "lib": "2"}),
        # The newest has an extra that cannot be had.
        (EXTRAS, ["lib[all]"], {"dep": "1", "lib": "1", "slow": "1"}),
        (EXTRAS, ["lib[unknown]"], {"dep": "1", "lib": "2"}),
        ([*EXTRAS, offer("fast", "3")], ["lib[everything]"], {"dep": "1", "fast": "3", "lib": "2"}),
        (
            [*EXTRAS, offer("a", "1", "lib[all]")],
            ["a"],
            {"a": "1", "dep": "1", "lib": "1", "slow": "1"},
        ),
    ],
)
def test_what_is_chosen(offers: list[Offer], asked: list[str], found: dict[str, str]) -> None:
    pins, _ = resolve(asked, among(table(*offers)), PLATFORM)
    assert versions(pins) == found


@pytest.mark.parametrize(
    ("offers", "asked", "told"),
    [
        ([], ["nope>=1"], ["nope>=1 is asked for", "of nope nothing is here that Pyodide 0.29"]),
        (BASE, ["b>9"], ["b>9 is asked for", "of b there is 4rc1, 3, 2, 1"]),
        (
            [offer("app", "1", "lib>=2"), offer("lib", "2.1", "b>9"), *BASE],
            ["app"],
            ["app 1 needs lib>=2; lib 2.1 needs b>9; of b there is"],
        ),
        (
            [offer("x", "1", "b<2"), offer("y", "1", "b>2"), *BASE],
            ["x", "y"],
            ["x 1 needs b<2", "y 1 needs b>2"],
        ),
        ([offer("x", "1", "b<2"), *BASE], ["x", "b>2"], ["x 1 needs b<2", "b>2 is asked for"]),
        (EXTRAS, ["lib[all]==2"], ["lib 2 needs fast>=2", "of fast there is 1"]),
        (
            [offer("x", "1", "b @ file:///b.whl"), *BASE],
            ["x"],
            ["x 1 needs b", "never from an address"],
        ),
        ([], ["?"], ["it is no requirement"]),
    ],
)
def test_why_nothing_is_chosen(offers: list[Offer], asked: list[str], told: list[str]) -> None:
    with pytest.raises(Unresolvable) as caught:
        resolve(asked, among(table(*offers)), PLATFORM)
    assert caught.value.status == 422
    for words in told:
        assert words in caught.value.message


def test_a_search_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index_server.runtimes.resolve.ROUNDS", 3)
    chain = [offer(f"p{i}", "1", f"p{i + 1}<2") for i in range(9)]
    offers = among(table(*chain, offer("p9", "1"), offer("p9", "2")))
    with pytest.raises(Unresolvable, match="3 steps found no answer"):
        resolve(["p0", "p9"], offers, PLATFORM)


@pytest.mark.parametrize("order", [1, -1])
def test_the_quick_answer_is_the_searchs(order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = among(table(*BASE, *EXTRAS, offer("fast", "2"), offer("x", "1", "b<3", "lib[all]")))
    asked = ["x", "lib[everything]", "b"][::order]
    quick, _ = resolve(asked, offers, PLATFORM)
    monkeypatch.setattr("index_server.runtimes.resolve.try_newest", lambda *_: None)
    searched, _ = resolve(asked, offers, PLATFORM)
    assert versions(quick) == versions(searched)


def test_what_depends_on_an_extra_depends_on_what_it_needs() -> None:
    offers = table(*EXTRAS, offer("fast", "2"), offer("a", "1", "lib[everything]"))
    pins, extras = resolve(["a", "lib[all]"], among(offers), PLATFORM)
    assert depends_of(pins["a"], pins, PLATFORM) == ("fast", "lib")
    assert depends_of(pins["lib"], pins, PLATFORM) == ("dep",)
    assert extras == {"lib": {"all"}}
    assert depends_of(pins["lib"], pins, PLATFORM, extras["lib"]) == ("dep", "fast")

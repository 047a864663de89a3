"""Everything that fits together: what is taken, what is left out, and that the answer is sound."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offering import offer, table, versions

from index_server.runtimes.lockfile import find_circles, make_packages
from index_server.runtimes.newest import choose_newest, unmet
from index_server.runtimes.offers import Offer
from porter.platform import read_platform

PLATFORM = read_platform("0.29")


@pytest.mark.parametrize(
    ("offers", "taken", "left_out"),
    [
        ([], {}, {}),
        ([offer("a", "1"), offer("a", "2"), offer("a", "3b1")], {"a": "2"}, {}),
        ([offer("a", "1b1"), offer("a", "1b2")], {"a": "1b2"}, {}),
        (
            [offer("a", "1", "b"), offer("b", "1", "nowhere")],
            {},
            {
                "a": "a 1 needs b; b 1 needs nowhere; of nowhere nothing is here",
                "b": "b 1 needs nowhere; of nowhere nothing is here",
            },
        ),
        # An older version rather than none.
        ([offer("a", "2", "nowhere"), offer("a", "1")], {"a": "1"}, {}),
        ([offer("a", "1", "b<2"), offer("b", "1"), offer("b", "2")], {"a": "1", "b": "1"}, {}),
        # Who needs what is old gives way to who needs what is new.
        (
            [offer("a", "1", "c<2"), offer("b", "1", "c>=2"), offer("c", "1"), offer("c", "2")],
            {"b": "1", "c": "2"},
            {"a": "a 1 needs c<2; b 1 needs c>=2; of c there is 2, 1"},
        ),
        (
            [offer("a", "1", "c[x]"), offer("c", "1", "nowhere; extra == 'x'")],
            {"c": "1"},
            {"a": "a 1 needs c[x]; c 1 needs nowhere"},
        ),
        ([offer("a", "1", "b"), offer("b", "1", "a")], {"a": "1", "b": "1"}, {}),
    ],
)
def test_what_is_taken(
    offers: list[Offer], taken: dict[str, str], left_out: dict[str, str]
) -> None:
    choice = choose_newest(table(*offers), PLATFORM)
    assert versions(choice.pins) == taken
    assert choice.left_out.keys() == left_out.keys()
    for name, words in left_out.items():
        assert words in choice.left_out[name]


NAMES = st.sampled_from("abcdefg")
BOUND = st.sampled_from(["", "<2", ">=2", "==1", "!=3", ">=3", "[x]", "[x]<3"])
LINES = st.builds(
    lambda name, bound, marker: f"{name}{bound}{marker}",
    NAMES,
    BOUND,
    st.sampled_from(["", "; extra == 'x'", "; sys_platform == 'win32'"]),
)
OFFERS = st.lists(
    st.builds(
        lambda name, version, lines: offer(name, str(version), *lines),
        NAMES,
        st.integers(1, 4),
        st.lists(LINES, max_size=3),
    ),
    max_size=20,
    unique_by=lambda one: (one.project, one.version),
)


@given(OFFERS)
@settings(max_examples=60)
def test_whatever_is_taken_has_all_it_needs(offers: list[Offer]) -> None:
    offered = table(*offers)
    choice = choose_newest(offered, PLATFORM)
    assert choice.pins.keys() | choice.left_out.keys() == offered.keys()
    assert not choice.pins.keys() & choice.left_out.keys()
    for pin in choice.pins.values():
        assert unmet(pin, choice.pins, PLATFORM) is None
    packages = make_packages(choice.pins, PLATFORM)
    for package in packages.values():
        depends = package["depends"]
        assert isinstance(depends, list)
        assert set(depends) <= packages.keys()
    # Nothing waits for itself, whatever needs each other.
    waits = {name: package["depends"] for name, package in packages.items()}
    assert find_circles(waits) == []  # type: ignore[arg-type]


def crowd(projects: int, wheels: int, *, conflicts: bool) -> dict[str, list[Offer]]:
    chance = random.Random(5)  # noqa: S311 # the same crowd each time
    offers = []
    for number in range(projects):
        for version in range(wheels):
            needs = [f"p{chance.randrange(projects)}>={chance.randrange(wheels)}" for _ in range(4)]
            if conflicts and number % 10 == 0 and version == wheels - 1:
                needs.append(f"p{chance.randrange(projects)}<{version}")
            offers.append(offer(f"p{number}", str(version), *needs))
    return table(*offers)


@pytest.mark.parametrize("conflicts", [False, True])
def test_two_thousand_wheels_fit_together(conflicts: bool) -> None:
    offers = crowd(200, 10, conflicts=conflicts)
    choice = choose_newest(offers, PLATFORM)
    assert len(choice.pins) > 150


def test_a_search_without_end_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index_server.runtimes.resolve.ROUNDS", 2)
    choice = choose_newest(crowd(40, 5, conflicts=True), PLATFORM)
    assert len(choice.pins) + len(choice.left_out) == 40
    for pin in choice.pins.values():
        assert unmet(pin, choice.pins, PLATFORM) is None

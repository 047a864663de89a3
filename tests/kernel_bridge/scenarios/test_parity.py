"""The page on what differs between both kernels is what probes see in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import Desk, sit_down
from parities.groups import GROUPS
from parities.model import Group, section
from parities.seeing import see, serve_parity
from playwright.sync_api import Browser

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "kernel-parity.md"


@pytest.fixture(scope="module")
def seat(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("parity")
    with serve_parity(folder) as lab, sit_down(browser, lab) as taken:
        yield taken


@pytest.mark.parametrize("group", GROUPS, ids=[group.name for group in GROUPS])
def test_the_page_tells_what_is_seen_in_both_kernels(tidy: Desk, group: Group) -> None:
    assert section(group, see(tidy, group)) in PAGE.read_text()


def test_the_page_has_every_group_and_no_other() -> None:
    told = [line.removeprefix("## ") for line in PAGE.read_text().splitlines() if line[:3] == "## "]
    assert told == [group.name for group in GROUPS]

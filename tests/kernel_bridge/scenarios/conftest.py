"""One JupyterLab with an index behind it, and one Chromium, for all scenarios."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import chromium
from driving import Desk, sit_down
from labs import Lab, serve_bridged
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose browser kernels take their runtime from an index of its own.

    A file whose scenarios need more of it has a fixture of this name.
    """
    with serve_bridged(tmp_path_factory.mktemp("bridged")) as lab:
        yield lab


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def desk(browser: Browser, bridged: Lab) -> Iterator[Desk]:
    with sit_down(browser, bridged) as seat:
        yield seat


@pytest.fixture(scope="module")
def seat(browser: Browser, bridged: Lab) -> Iterator[Desk]:
    """One tab for all scenarios of a file, which saves them the start of JupyterLab."""
    with sit_down(browser, bridged) as taken:
        yield taken


@pytest.fixture
def tidy(seat: Desk) -> Iterator[Desk]:
    """The file's tab, which is left with nothing open and no kernel."""
    yield seat
    seat.page.unroute_all()
    seat.tidy_up()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each scenario is marked as one."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.bridge)

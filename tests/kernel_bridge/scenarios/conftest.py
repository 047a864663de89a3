"""One JupyterLab with an index behind it, and one Chromium, for all scenarios."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from browsing import chromium
from driving import Desk, sit_down
from labs import Lab, serve_lab
from playwright.sync_api import Browser

from demo.serving import serving

EXTENSIONS = Path(__file__).parents[3] / "kernel_bridge" / "labextensions"


@pytest.fixture(scope="session")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose browser kernels take their runtime from an index of its own."""
    assert EXTENSIONS.is_dir(), "make labextension builds it"
    folder = tmp_path_factory.mktemp("bridged")
    # A page that is open asks for parts of it later, which the next build replaces.
    extensions = copytree(EXTENSIONS, folder / "labextensions")
    config: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": [str(extensions)]},
    }
    with (
        serving(folder / "index") as index,
        serve_lab(folder, {"index": index.url}, config=config) as lab,
        lab.client as client,
    ):
        # The first decision reads what the index has and rules, which no scenario is about.
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
        asked = {"path": "first.ipynb", "notebook": notebook}
        client.post("/porter/decisions", json=asked, timeout=180).raise_for_status()
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

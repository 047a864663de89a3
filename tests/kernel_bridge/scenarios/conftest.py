"""One JupyterLab with an index behind it, and one Chromium, for all scenarios."""

from collections.abc import Iterator
from pathlib import Path

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
    config: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": [str(EXTENSIONS)]},
    }
    with (
        serving(folder / "index") as index,
        serve_lab(folder, {"index": index.url}, config=config) as lab,
    ):
        yield lab


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def desk(browser: Browser, bridged: Lab) -> Iterator[Desk]:
    with sit_down(browser, bridged) as seat:
        yield seat


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each scenario is marked as one."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.bridge)

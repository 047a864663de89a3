"""One server of each kind for all tests that leave it as it is: a start takes seconds."""

from collections.abc import Iterator

import pytest
from labs import Lab, serve_lab
from servers import Served, serve_index

from porter.home import Home
from porter.platform import read_platform
from porter.progress import Quiet
from porter.toolchain.builder import have_builder

# Where nothing listens.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab without an index, whose answers are small, and that notes what happens."""
    folder = tmp_path_factory.mktemp("lab")
    config = {"PorterOperations": {"folder": str(folder / "operations")}}
    with serve_lab(folder, {"bytes_limit": 100_000}, config=config) as started:
        yield started


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Served]:
    """An index, to which tests publish projects of names of their own."""
    with serve_index(tmp_path_factory.mktemp("index") / "data", home=home.root) as served:
        yield served


@pytest.fixture(scope="session")
def compiling(home: Home, env: dict[str, str]) -> Home:
    """The tests' cache, with a Python of the browser kernel's version, installed the first time."""
    have_builder(read_platform("314"), home=home, env=env, report=Quiet())
    return home


@pytest.fixture(scope="session")
def indexed(
    tmp_path_factory: pytest.TempPathFactory, index: Served, compiling: Home
) -> Iterator[Lab]:
    """A JupyterLab with that index."""
    env = {"PORTER_HOME": str(compiling.root)}
    bridge = {"index": index.url, "server_kernel": "conda-base"}
    with serve_lab(tmp_path_factory.mktemp("indexed"), bridge, env=env) as lab:
        yield lab


@pytest.fixture(scope="session")
def far(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Lab]:
    """A JupyterLab below another base address, that is not isolated, and whose index is away."""
    bridge = {"index": NOWHERE, "index_token": "hush.hush", "isolated": False}
    web = {"ServerApp": {"base_url": "/user/ada", "jpserver_extensions": {"kernel_bridge": True}}}
    env = {"PORTER_HOME": str(home.root)}
    with serve_lab(tmp_path_factory.mktemp("far"), bridge, config=web, env=env) as started:
        yield started

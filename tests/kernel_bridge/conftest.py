from collections.abc import Iterator

import pytest
from labs import Lab, serve_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab without an index, for tests that leave it as it is."""
    with serve_lab(tmp_path_factory.mktemp("lab")) as started:
        yield started

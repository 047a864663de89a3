"""What the tests of what runs in kernels share."""

import warnings
from collections.abc import Iterator

import pytest
from channels import KernelChannel, server_kernel
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelChannel]:
    """A real ipykernel."""
    with warnings.catch_warnings(), server_kernel() as channel:
        yield channel


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A real IPython shell, without a kernel around it."""
    made = InteractiveShell()  # type: ignore[no-untyped-call]
    made.history_manager.enabled = False  # type: ignore[union-attr]
    yield made
    made.reset()  # type: ignore[no-untyped-call]

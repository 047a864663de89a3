"""What a cell imports is there before it runs; what cannot be had says why."""

import re
from collections.abc import Iterator

import pytest
from driving import PATIENCE, Desk, write_notebook
from labs import Lab, serve_bridged
from playwright.sync_api import Route
from wheels import make_wheel


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab whose index has projects of the house, one of which needs another."""
    folder = tmp_path_factory.mktemp("stocked")
    wheels = [
        make_wheel(folder / "wheels", "acme-tools"),
        make_wheel(folder / "wheels", "acme-plans", requires=["acme-tools"]),
        make_wheel(folder / "wheels", "acme-late"),
    ]
    with serve_bridged(folder, *wheels) as lab:
        yield lab


def opened(desk: Desk, name: str, *cells: str, policy: str = "browser") -> None:
    metadata = {"porter": {"policy": policy}}
    desk.open(
        write_notebook(desk.lab.folder, name, cells, kernel="porter-browser", metadata=metadata)
    )


def test_what_is_imported_is_installed_with_what_that_needs(tidy: Desk) -> None:
    opened(tidy, "plans.ipynb", "import acme_plans, acme_tools", "print(acme_plans.VALUE)")

    tidy.run_all()

    assert tidy.outputs(0) == []
    assert tidy.text(1).strip() == "42"


def test_progress_shows_and_goes(tidy: Desk) -> None:
    opened(tidy, "late.ipynb", "1", "from acme_late import VALUE\nprint(VALUE)")
    tidy.run(0)
    shown = tidy.page.locator(".Toastify__toast", has_text=re.compile("acme.late"))
    held: list[Route] = []
    # Playwright marks its handlers, which a built-in method does not take.
    tidy.page.route("**/acme_late-*.whl", lambda route: held.append(route))  # noqa: PLW0108

    tidy.start_run_all()
    shown.wait_for()
    while not held:
        tidy.page.wait_for_timeout(50)
    held[0].continue_()

    tidy.await_text(1, "42")
    shown.wait_for(state="detached", timeout=PATIENCE)


def test_below_a_magic_too(tidy: Desk) -> None:
    timed = "%%time\nimport acme_tools\nprint(acme_tools.VALUE)"
    caught = "%%capture told\nfrom acme_tools import VALUE as seen\nprint(seen)"
    opened(tidy, "magic.ipynb", timed, caught, "print(told.stdout, seen)")

    tidy.run_all()

    assert tidy.text(0).startswith("42")
    assert tidy.text(2).split() == ["42", "42"]


def test_what_cannot_be_had_says_why(tidy: Desk) -> None:
    opened(tidy, "absent.ipynb", "import acme_nowhere", "print('after')")

    tidy.start_run_all()
    tidy.await_text(0, "acme_nowhere")
    tidy.await_text(0, "ModuleNotFoundError")
    tidy.await_text(0, "acme_nowhere was not installed: ")
    tidy.await_text(0, "nobody knows its project")

    assert tidy.outputs(1) == []


def test_a_guarded_import_is_no_requirement(tidy: Desk) -> None:
    guarded = "try:\n    import acme_nowhere\nexcept ImportError:\n    print('without')"
    opened(tidy, "guarded.ipynb", guarded, policy="auto")

    tidy.run_all()

    assert tidy.text(0).strip() == "without"
    assert tidy.kernel == "porter-browser"

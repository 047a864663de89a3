"""What a cell imports is there before it runs; what cannot be had says why."""

import re
from collections.abc import Iterator

import pytest
from driving import PATIENCE, Desk, write_notebook
from labs import Lab, serve_bridged
from playwright.sync_api import Route
from wheels import make_wheel

# A wheel whose files do not all lie beside its modules.
DATA = {
    "acme_data/__init__.py": b"VALUE = 42\n",
    "acme_data/beside.txt": b"beside",
    "acme_data-1.0.data/data/share/acme.txt": b"far",
}


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab whose index has projects of the house, one of which needs another."""
    folder = tmp_path_factory.mktemp("stocked")
    wheels = [
        make_wheel(folder / "wheels", "acme-tools"),
        make_wheel(folder / "wheels", "acme-plans", requires=["acme-tools"]),
        make_wheel(folder / "wheels", "acme-late"),
        make_wheel(folder / "wheels", "acme-ahead"),
        make_wheel(folder / "wheels", "acme-data", members=DATA),
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
    shown = tidy.page.locator(".Toastify__toast", has_text=re.compile("acme.late"))
    held: list[Route] = []
    # Playwright marks its handlers, which a built-in method does not take.
    tidy.page.route("**/acme_late-*.whl", lambda route: held.append(route))  # noqa: PLW0108
    opened(tidy, "late.ipynb", "1", "from acme_late import VALUE\nprint(VALUE)")
    tidy.run(0)

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


def test_what_a_notebook_imports_is_installed_while_it_is_read(tidy: Desk) -> None:
    with tidy.page.context.expect_event(
        "requestfinished", lambda request: "/acme_ahead-" in request.url
    ):
        opened(
            tidy,
            "ahead.ipynb",
            "import sys\nprint('acme_ahead' in sys.modules)",
            "import acme_ahead",
        )

    # It is there, and nobody has run it.
    tidy.run_all()

    assert tidy.text(0).strip() == "False"
    assert tidy.outputs(1) == []


def test_what_was_asked_for_once_comes_compiled(tidy: Desk) -> None:
    import_all = "import inspect, os, sys, acme_data, acme_plans, acme_tools"
    opened(tidy, "first.ipynb", import_all)
    tidy.run_all()
    tidy.tidy_up()
    with tidy.lab.client as client:
        for _ in range(600):
            packages = client.get("/porter/pyodide-lock.json").json()["packages"]
            wanted = [packages[f"acme-{name}"]["file_name"] for name in ("data", "plans", "tools")]
            if all(one.startswith("files/") for one in wanted):
                break
            tidy.page.wait_for_timeout(100)
    cached = "print([os.path.exists(one.__spec__.cached) for one in (acme_data, acme_plans)])"
    source = "print(inspect.getsource(acme_plans).strip())"
    files = (
        "print(open(f'{acme_data.__path__[0]}/beside.txt').read())\n"
        "print(open(f'{sys.prefix}/share/acme.txt').read())"
    )

    opened(tidy, "then.ipynb", import_all, cached, source, files)
    tidy.run_all()

    assert tidy.text(1).strip() == "[True, True]"
    assert tidy.text(2).strip() == "VALUE = 42"
    assert tidy.text(3).split() == ["beside", "far"]


def test_a_module_that_a_cell_writes_is_there_at_once(tidy: Desk) -> None:
    written = (
        "import acme_tools\n"
        "with open('acme_fresh.py', 'w') as file:\n    _ = file.write('VALUE = 1')\n"
        "import acme_fresh\nprint(acme_fresh.VALUE)"
    )
    opened(tidy, "fresh.ipynb", written)

    tidy.run_all()

    assert tidy.text(0).strip() == "1"

"""Each notebook opens in its kernel: by policy, by what the report says, and by what is there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from driving import WIDGET, Desk, sit_down, write_notebook
from labs import Lab
from playwright.sync_api import Browser

LIGHT = "import json\nprint(json.dumps({'a': 1}))"
HEAVY = "import subprocess\nsubprocess.run(['true'])"
UNCLEAR = "%nobody_knows_this\n1 + 1"
AUTHOR = {"name": "python3", "display_name": "Python of its author", "language": "python"}
LANGUAGE = {"name": "python", "version": "3.11.4"}
BROWSER, SERVER = "porter-browser", "python3"


@pytest.fixture
def desk(tidy: Desk) -> Desk:
    """These leave their tab as it was."""
    return tidy


def metadata(**porter: object) -> dict[str, Any]:
    """A notebook's, as its author saved it on a server."""
    own = {"porter": porter} if porter else {}
    return {"kernelspec": AUTHOR, "language_info": LANGUAGE, **own}


def told(desk: Desk) -> dict[str, Any]:
    """The metadata of the open notebook."""
    return dict(desk.page.evaluate(f"{WIDGET}.model.metadata"))


def saved(desk: Desk, path: str) -> dict[str, Any]:
    """The metadata of a notebook's file, once it was saved."""
    desk.page.evaluate(f"{WIDGET}.context.save()")
    return dict(json.loads((desk.lab.folder / path).read_text())["metadata"])


def mark(desk: Desk, path: str, backend: str) -> None:
    """Mark the first cell of a notebook that is not open."""
    file = desk.lab.folder / path
    notebook = json.loads(file.read_text())
    notebook["cells"][0]["metadata"] = {"porter": {"backend": backend}}
    file.write_text(json.dumps(notebook))


@contextmanager
def user_policy(lab: Lab, policy: str) -> Iterator[None]:
    """The setting of everybody who has none of their own."""
    address = "/lab/api/settings/porter-kernel-bridge:plugin"
    with lab.client as client:
        for raw in ({"policy": policy}, {}):
            answer = client.put(address, json={"raw": json.dumps(raw)})
            assert answer.status_code == 204, answer.text
            if raw:
                yield


@pytest.mark.parametrize(
    ("source", "policy", "kernel"),
    [
        (LIGHT, None, BROWSER),
        (HEAVY, None, SERVER),
        (UNCLEAR, None, SERVER),
        ("%%sql df << --on warehouse\nSELECT 1 AS a", None, BROWSER),
        ('%%dataframe\nframe = "df"\nto = "lake"', None, BROWSER),
        (f"%%remote\n{HEAVY}", None, BROWSER),
        (HEAVY, "browser", BROWSER),
        (LIGHT, "server", SERVER),
        (LIGHT, "somewhere", BROWSER),
    ],
    ids=[
        "browser",
        "server",
        "unknown",
        "query",
        "upload",
        "remote",
        "own-browser",
        "own-server",
        "own-nonsense",
    ],
)
def test_a_notebook_opens_by_its_verdict_or_its_own_policy(
    desk: Desk, source: str, policy: str | None, kernel: str
) -> None:
    own = {"policy": policy} if policy else {}
    name = write_notebook(desk.lab.folder, "opens.ipynb", [source], metadata=metadata(**own))
    started: list[str] = []
    desk.page.on(
        "request",
        lambda one: (
            started.append(one.url)
            if one.method == "POST" and one.url.split("?")[0].endswith("/api/sessions")
            else None
        ),
    )

    desk.double_click(name)

    assert desk.kernel == kernel
    assert len(started) == (kernel == SERVER), "no other kernel is started before"
    assert desk.page.locator(".jp-Dialog").count() == 0


def test_a_users_policy_is_of_notebooks_that_have_none(browser: Browser, bridged: Lab) -> None:
    plain = write_notebook(bridged.folder, "plain.ipynb", [LIGHT], metadata=metadata())
    own = write_notebook(bridged.folder, "own.ipynb", [LIGHT], metadata=metadata(policy="auto"))

    with user_policy(bridged, "server"), sit_down(browser, bridged) as desk:
        desk.double_click(plain)
        first = desk.kernel
        desk.double_click(own)

        assert (first, desk.kernel) == (SERVER, BROWSER)


def test_a_new_notebook_starts_in_the_browser_and_is_saved_for_everywhere(desk: Desk) -> None:
    desk.execute("notebook:create-new")
    desk.page.wait_for_function(f"{WIDGET}?.sessionContext?.session?.kernel != null")
    path = str(desk.page.evaluate(f"{WIDGET}.context.path"))
    desk.source(0, "6 * 7")
    desk.run_all()

    assert (desk.kernel, desk.text(0)) == (BROWSER, "42")
    assert desk.page.locator(".jp-Dialog").count() == 0
    assert saved(desk, path)["kernelspec"]["name"] == SERVER


def test_a_kernel_that_was_asked_for_by_name_is_not_chosen_anew(desk: Desk) -> None:
    name = write_notebook(desk.lab.folder, "asked.ipynb", [LIGHT], metadata=metadata())

    desk.double_click(name, kernel={"name": SERVER})

    assert desk.kernel == SERVER


def test_marks_of_cells_decide_before_the_verdict(desk: Desk) -> None:
    seen = {}
    for backend, source in (("server", LIGHT), ("browser", HEAVY), ("remote", HEAVY)):
        name = f"marked-{backend}.ipynb"
        write_notebook(desk.lab.folder, name, [source, "1"], metadata=metadata())
        mark(desk, name, backend)
        desk.double_click(name)
        seen[backend] = desk.kernel

    assert seen == {"server": SERVER, "browser": BROWSER, "remote": BROWSER}


def test_a_notebook_keeps_what_its_author_wrote_wherever_it_ran(desk: Desk) -> None:
    name = write_notebook(desk.lab.folder, "kept.ipynb", [LIGHT], metadata=metadata())
    desk.double_click(name)
    desk.page.evaluate(f"{WIDGET}.sessionContext.session.kernel.info")
    desk.page.wait_for_timeout(300)
    untouched = not desk.page.evaluate(f"{WIDGET}.model.dirty")

    first = saved(desk, name)
    desk.change_kernel(SERVER)
    desk.change_kernel(BROWSER)
    desk.page.evaluate(f"{WIDGET}.sessionContext.session.kernel.info")
    second = saved(desk, name)
    desk.page.evaluate(f"{WIDGET}.close()")
    desk.double_click(name)

    assert untouched, "a notebook that was only opened is not changed"
    assert first["kernelspec"] == second["kernelspec"] == AUTHOR
    assert first["language_info"] == LANGUAGE
    assert told(desk)["kernelspec"] == AUTHOR
    verdict = first["porter"]["verdict"]
    assert (verdict["where"], verdict["platform"]) == ("browser", "314")


def test_a_kernelspec_that_is_not_here_is_kept_and_another_stands_in(desk: Desk) -> None:
    theirs = {"name": "conda-base", "display_name": "conda", "language": "python"}
    name = write_notebook(
        desk.lab.folder, "conda.ipynb", [HEAVY], metadata={**metadata(), "kernelspec": theirs}
    )

    desk.double_click(name)
    desk.page.evaluate(f"{WIDGET}.sessionContext.session.kernel.info")
    desk.page.wait_for_timeout(300)

    assert desk.kernel == SERVER
    assert desk.page.locator(".jp-Dialog").count() == 0
    assert saved(desk, name)["kernelspec"] == theirs


@pytest.mark.parametrize(
    ("remembered", "kernel"),
    [(None, SERVER), ("server", SERVER), ("browser", BROWSER)],
    ids=["never-asked", "server", "browser"],
)
def test_without_decisions_a_notebook_opens_by_what_it_was_saved_with(
    desk: Desk, remembered: str | None, kernel: str
) -> None:
    verdict = {"where": remembered, "confidence": 0.9, "platform": "314"}
    own = {"verdict": verdict} if remembered else {}
    name = write_notebook(desk.lab.folder, "away.ipynb", [LIGHT], metadata=metadata(**own))
    desk.page.route("**/porter/decisions*", lambda route: route.abort())

    desk.double_click(name)

    assert desk.kernel == kernel
    assert desk.page.locator(".jp-Dialog").count() == 0


def test_tabs_share_a_kernel_of_the_server_and_have_each_their_own_in_the_browser(
    desk: Desk, browser: Browser, bridged: Lab
) -> None:
    server = write_notebook(bridged.folder, "shared.ipynb", [HEAVY], metadata=metadata())
    light = write_notebook(bridged.folder, "single.ipynb", [LIGHT], metadata=metadata())
    kernel = f"{WIDGET}.sessionContext.session.kernel.id"
    ids: dict[str, list[str]] = {server: [], light: []}

    with sit_down(browser, bridged) as other:
        for one in (desk, other):
            for name, seen in ids.items():
                one.double_click(name)
                seen.append(str(one.page.evaluate(kernel)))

    assert len(set(ids[server])) == 1
    assert len(set(ids[light])) == 2

"""The control in a notebook's toolbar: what it shows, by mouse and by keyboard, in both themes."""

import re
from pathlib import Path
from typing import Any

import pytest
from driving import PATIENCE, WIDGET, Desk, write_notebook
from playwright.sync_api import Locator, expect

LIGHT = "import json\nprint(json.dumps({'a': 1}))"
HEAVY = "import subprocess\n\nsubprocess.run(['true'])"
AUTHOR = {"name": "python3", "display_name": "Python of its author", "language": "python"}
AXE = (
    Path(__file__).parents[3] / "kernel_bridge" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def desk(tidy: Desk) -> Desk:
    """These leave their tab as it was."""
    return tidy


def opened(desk: Desk, name: str, *cells: str, **porter: object) -> None:
    """A notebook of some cells, open."""
    metadata: dict[str, Any] = {"kernelspec": AUTHOR}
    if porter:
        metadata["porter"] = porter
    desk.double_click(write_notebook(desk.lab.folder, name, cells, metadata=metadata))


def choice(desk: Desk, name: str) -> Locator:
    """One of *Auto · Browser · Server*, of the notebook that is seen."""
    return desk.page.locator(".porter-Place:visible").get_by_role("radio", name=name)


def chip(desk: Desk) -> Locator:
    return desk.page.locator(".porter-Place-chip:visible")


def popup(desk: Desk) -> Locator:
    return desk.page.get_by_role("dialog", name="Where this notebook runs")


def chosen(desk: Desk, name: str) -> None:
    """Choose, and wait until the notebook has moved."""
    choice(desk, name).click()
    side = "browser" if name == "Browser" else "server"
    wanted = re.compile(rf"(In|On) the {side}")
    expect(chip(desk)).to_have_text(wanted, timeout=PATIENCE)


def policy(desk: Desk) -> str | None:
    told = desk.page.evaluate(f"{WIDGET}.model.getMetadata('porter')?.policy ?? null")
    return None if told is None else str(told)


def test_it_says_why_and_leads_to_the_cell(desk: Desk) -> None:
    opened(desk, "why.ipynb", "x = 1", LIGHT, HEAVY)

    expect(choice(desk, "Auto")).to_be_checked()
    expect(chip(desk)).to_have_text("On the server", timeout=PATIENCE)
    chip(desk).click()

    expect(popup(desk)).to_contain_text("It needs a server")
    expect(popup(desk)).to_contain_text(re.compile(r"\d+% certain"))
    expect(popup(desk)).to_contain_text("subprocess.run starts a program")
    expect(popup(desk)).to_contain_text("leave this cell to a server")
    expect(popup(desk)).to_contain_text(re.compile(r"Memory\s*\d+ MB"))
    expect(popup(desk)).to_contain_text("All tabs on this notebook share it")
    popup(desk).get_by_role("button", name="Cell 3, line 3").click()

    expect(popup(desk)).not_to_be_visible()
    desk.page.wait_for_function(f"{WIDGET}.content.activeCellIndex === 2")
    desk.page.wait_for_function(
        f"{WIDGET}.content.activeCell.editor?.getCursorPosition().line === 2"
    )


def test_a_choice_moves_the_notebook_and_its_variables(desk: Desk) -> None:
    opened(desk, "chosen.ipynb", "x = 41", "import sys; print(x + 1, sys.platform)")
    desk.run(0)

    chosen(desk, "Server")
    desk.run(1)

    assert desk.text(1).split() == ["42", "linux"]
    assert policy(desk) == "server"
    chip(desk).click()
    expect(popup(desk)).to_contain_text("Last move")
    expect(popup(desk)).to_contain_text("From the browser to the server in")
    expect(popup(desk)).to_contain_text("it was chosen")
    desk.page.keyboard.press("Escape")

    choice(desk, "Auto").click()
    expect(chip(desk)).to_have_text(re.compile("In the browser"), timeout=PATIENCE)
    desk.run(1)

    assert desk.text(1).split() == ["42", "emscripten"]
    assert policy(desk) is None, "what the user has anyway is not written"


def test_keys_alone_choose_and_read(desk: Desk) -> None:
    opened(desk, "keys.ipynb", HEAVY)
    expect(chip(desk)).to_have_text("On the server", timeout=PATIENCE)
    press = desk.page.keyboard.press
    focused = "document.activeElement.textContent"

    choice(desk, "Auto").focus()
    for _ in range(40):
        if desk.page.evaluate(focused) == "Server":
            break
        press("ArrowRight")
    walked = policy(desk)
    press("Space")

    assert desk.page.evaluate(focused) == "Server"
    assert walked is None, "to walk there chooses nothing"
    expect(choice(desk, "Server")).to_be_checked()
    assert policy(desk) == "server"

    press("ArrowRight")
    press("Enter")
    expect(popup(desk)).to_be_focused()
    press("Tab")
    assert desk.page.evaluate(focused) == "Cell 1, line 3"
    press("Escape")

    expect(popup(desk)).not_to_be_visible()
    expect(chip(desk)).to_be_focused()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_breaks_no_rule_of_accessibility(desk: Desk, theme: str) -> None:
    desk.execute("apputils:change-theme", theme=theme)
    try:
        opened(desk, "axe.ipynb", HEAVY, "%nobody_knows_this")
        desk.page.wait_for_function(
            f"document.body.dataset.jpThemeLight === '{str('Light' in theme).lower()}'"
        )
        expect(chip(desk)).to_have_text("On the server", timeout=PATIENCE)
        desk.page.add_script_tag(path=AXE)
        closed = broken(desk, ".porter-Place")
        chip(desk).click()
        expect(popup(desk)).to_contain_text("It needs a server")

        assert closed == []
        assert broken(desk, ".porter-Popup:popover-open") == []
    finally:
        desk.execute("apputils:change-theme", theme="JupyterLab Light")


def broken(desk: Desk, selector: str) -> list[Any]:
    """What axe finds below a selector, with the elements it finds it in."""
    found = desk.page.evaluate(
        """async ([selector, rules]) => {
            const node = [...document.querySelectorAll(selector)].find(one => one.offsetParent
                || one.matches(':popover-open'));
            const told = await axe.run(node, { runOnly: { type: 'tag', values: rules } });
            return told.violations.map(one => [one.id, one.nodes.map(node => node.html)]);
        }""",
        [selector, RULES],
    )
    return list(found)


def test_a_verdict_follows_the_code(desk: Desk) -> None:
    opened(desk, "follows.ipynb", LIGHT, policy="browser")
    expect(chip(desk)).to_have_text("In the browser", timeout=PATIENCE)
    sign = desk.page.locator(".porter-Place-sign:visible")
    chip(desk).click()
    expect(popup(desk)).to_contain_text("It can run in the browser")
    expect(popup(desk)).to_contain_text("Another tab on this notebook has a kernel of its own")

    desk.source(0, HEAVY)

    expect(popup(desk)).to_contain_text("It needs a server")
    expect(sign).to_have_attribute("data-amiss", "true")
    assert desk.kernel == "porter-browser"


def test_without_decisions_it_says_so(desk: Desk) -> None:
    desk.page.route("**/porter/decisions*", lambda route: route.abort())
    opened(desk, "silent.ipynb", LIGHT)

    chip(desk).click()

    expect(popup(desk)).to_contain_text("There is no verdict")
    expect(popup(desk)).to_contain_text("cannot be reached")


def test_a_server_that_starts_no_kernel_leaves_the_notebook_where_it_is(desk: Desk) -> None:
    opened(desk, "stays.ipynb", "x = 1", "print(x)")
    desk.run(0)
    desk.page.route("**/api/sessions*", lambda route: route.abort())

    choice(desk, "Server").click()

    told = desk.page.locator(".jp-Dialog", has_text="Error Starting Kernel")
    told.get_by_role("button").first.click()
    expect(choice(desk, "Auto")).to_be_checked(timeout=PATIENCE)
    expect(chip(desk)).to_have_text("In the browser", timeout=PATIENCE)
    assert policy(desk) is None
    desk.run(1)
    assert desk.text(1).strip() == "1", "the kernel is the one that it had"


def test_a_cell_that_runs_is_ended_only_where_that_is_wanted(desk: Desk) -> None:
    opened(desk, "busy.ipynb", "import time; time.sleep(6); print('done')", policy="server")
    expect(chip(desk)).to_have_text("On the server", timeout=PATIENCE)
    desk.start_run_all()
    expect(desk.page.locator(".porter-Place-sign:visible")).to_have_attribute(
        "data-phase", "busy", timeout=PATIENCE
    )

    choice(desk, "Browser").click()
    desk.page.get_by_role("button", name="Stay").click()

    expect(choice(desk, "Server")).to_be_checked()
    desk.await_text(0, "done")
    assert desk.kernel == "python3"

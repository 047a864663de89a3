"""A headless Chromium opens a project's page and presses Try it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from porter.check.model import Host
from porter.check.start import CHROMIUM, find_host

# Milliseconds for a runtime to start on a slow machine.
PATIENCE = 180_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What Try it told: `outcome` is `done` where the snippet ran; each phase with its seconds."""

    outcome: str
    phases: tuple[str, ...]
    output: str


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; raises MissingRequirement with the package that brings it."""
    program = find_host(Host.CHROMIUM, os.environ)
    # Its sandbox needs a user who is not root.
    options = [*CHROMIUM, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()


def press(page: Page) -> Tried:
    """Press Try it on a project's page, and wait for the end of what it runs."""
    page.click("#run")
    page.wait_for_selector("#try[data-outcome]", timeout=PATIENCE)
    return Tried(
        outcome=page.get_attribute("#try", "data-outcome") or "",
        phases=tuple(
            " ".join(text.split()) for text in page.locator("#phases li").all_inner_texts()
        ),
        output=page.text_content("#output") or "",
    )

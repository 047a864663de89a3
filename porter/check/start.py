"""How a runtime is started: under Node, or in a browser's web worker."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import which

from porter.check.model import Host
from porter.errors import MissingRequirement
from porter.process import find_program

PROGRAMS = {
    Host.CHROMIUM: ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    Host.FIREFOX: ("firefox-esr", "firefox"),
}
PACKAGES = {Host.CHROMIUM: "chromium", Host.FIREFOX: "firefox-esr"}

# Nothing but the page is to be asked for, and no window to be shown.
CHROMIUM = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)
FIREFOX: dict[str, str | bool] = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.tabs.remote.autostart": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "services.settings.server": "",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
}


def find_host(host: Host, env: Mapping[str, str]) -> Path:
    """The program of a host; raises MissingRequirement with the package that brings it."""
    if host is Host.NODE:
        return find_program("node", env)
    for name in PROGRAMS[host]:
        if (found := which(name, path=env.get("PATH"))) is not None:
            return Path(found)
    raise MissingRequirement(
        f"{host} is not on PATH", advice=f"on Debian: apt-get install {PACKAGES[host]}"
    )


def start_command(
    host: Host, program: Path, *, url: str, scratch: Path, runtime: Path, events: Path, driver: Path
) -> Sequence[str | Path]:
    """The command that runs the session that `url` serves; `scratch` is an empty folder."""
    match host:
        case Host.NODE:
            return [program, driver, url, runtime, events, driver.with_name("session.mjs")]
        case Host.CHROMIUM:
            # Chromium's sandbox needs a user who is not root.
            sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
            return [program, *CHROMIUM, *sandbox, f"--user-data-dir={scratch}", f"{url}/"]
        case Host.FIREFOX:
            lines = [f"user_pref({_js(name)}, {_js(value)});" for name, value in FIREFOX.items()]
            (scratch / "user.js").write_text("\n".join(lines))
            return [program, "--headless", "--no-remote", "--profile", scratch, f"{url}/"]


def start_env(env: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The environment of a browser: it leaves its traces in `scratch` and nowhere else."""
    temporary = scratch / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        **{name: value for name, value in env.items() if not name.startswith("XDG_")},
        "HOME": str(scratch),
        "TMPDIR": str(temporary),
    }


def _js(value: str | bool) -> str:  # noqa: FBT001 # a setting's value
    return f'"{value}"' if isinstance(value, str) else str(value).lower()

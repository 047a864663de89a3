"""How each host is started."""

from pathlib import Path

import pytest

from porter.check.model import Host
from porter.check.start import find_host, start_command
from porter.errors import MissingRequirement


@pytest.mark.parametrize("host", list(Host))
def test_the_command(host: Host, tmp_path: Path) -> None:
    command = start_command(
        host,
        Path("/bin/program"),
        url="http://127.0.0.1:1",
        scratch=tmp_path,
        runtime=Path("/runtime"),
        events=Path("/events"),
        driver=Path("/check/driver.mjs"),
    )
    words = [str(word) for word in command]
    assert words[0] == "/bin/program"
    assert any(word.startswith("http://127.0.0.1:1") for word in words)
    if host is not Host.NODE:
        assert "--headless" in words
        assert any(str(tmp_path) in word for word in words), "a profile of its own"
    if host is Host.FIREFOX:
        prefs = (tmp_path / "user.js").read_text()
        assert 'user_pref("app.update.enabled", false);' in prefs


@pytest.mark.parametrize(
    ("host", "package"), [("chromium", "chromium"), ("firefox", "firefox-esr")]
)
def test_a_browser_that_is_missing(host: str, package: str, tmp_path: Path) -> None:
    with pytest.raises(MissingRequirement) as caught:
        find_host(Host(host), {"PATH": str(tmp_path)})
    assert caught.value.advice == f"on Debian: apt-get install {package}"
    (tmp_path / package).write_text("#!/bin/sh\n")
    (tmp_path / package).chmod(0o755)
    assert find_host(Host(host), {"PATH": str(tmp_path)}) == tmp_path / package

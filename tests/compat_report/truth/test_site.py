"""The server of one run has what the notebook needs, and nothing else."""

import json
from pathlib import Path

import httpx
import pytest
from wheels import make_wheel

from compat_report.truth.site import NotebookSite
from porter.check.site import serve
from porter.home import Home
from porter.runtime import Runtime


@pytest.fixture
def site(runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path) -> NotebookSite:
    wheel = make_wheel(tmp_path, "acme-tools", "1.0")
    return NotebookSite(
        runtime=runtime,
        wheels={},
        tests=b"",
        events=tmp_path / "events",
        home=home,
        env=env,
        at_hand={wheel.name: wheel},
    )


def test_it_serves_its_wheels_and_what_the_release_has_of_them(site: NotebookSite) -> None:
    with serve(site):
        page = httpx.get(f"{site.url}/simple/Acme.Tools/")
        file = page.json()["files"][0]
        assert httpx.get(file["url"]).status_code == 200
        assert json.loads(httpx.get(f"{site.url}/lock.json").content)["packages"] == {}


@pytest.mark.parametrize(
    "path",
    [
        "/simple/six/",
        "/wheels/six-1.17.0-py3-none-any.whl",
        "/etc/passwd",
        "/driver.mjs",
        "/compiled/x",
    ],
)
def test_it_has_nothing_else_and_asks_nobody(site: NotebookSite, path: str) -> None:
    with serve(site):
        assert httpx.get(site.url + path).status_code == 404
    with pytest.raises(FileNotFoundError):
        site.answer("/runtime/..")


def test_a_page_may_ask_this_server_alone(site: NotebookSite) -> None:
    with serve(site):
        for path in ("/", "/worker.mjs"):
            policy = httpx.get(site.url + path).headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "*" not in policy

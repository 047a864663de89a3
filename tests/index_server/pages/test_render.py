import re
from typing import Any

from entries import PLATFORMS, WASM, make_file, make_project

from index_server.pages.assets import worker_policy
from index_server.pages.detail import make_detail
from index_server.pages.overview import paginate
from index_server.pages.render import render, send_page
from index_server.people.access import PRINCIPAL, Permission, Principal
from index_server.web.address import BASE, PREFIX

BY_NAME = {platform.name: platform for platform in PLATFORMS}


def test_every_link_keeps_the_path_before_the_index() -> None:
    scope = {"type": "http", "headers": [], BASE: "https://example.org/py/index", PREFIX: "/t/abc"}
    held = make_project(make_file(tag=WASM, requires=("acme",)), make_file("2.0"))
    made = make_detail(held, BY_NAME, ("acme",), hidden=False)
    text = render("project.html", scope, detail=made, project=held, page=paginate(made.releases, 1))
    links = re.findall(r'(?:href|src|action|data-root|data-worker|data-snippet)="([^"#?]+)"', text)
    assert len(links) > 10
    assert all(link.startswith("/py/index/t/abc/") for link in links)
    assert "https://example.org/py/index/t/abc/r/0.29/simple" in text


def test_the_worker_reaches_the_runtime_and_the_wheels_alone() -> None:
    policy = dict(
        part.split(" ", 1) for part in worker_policy("https://example.org:8443/py").split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["worker-src"] == "'none'"
    assert policy["connect-src"].split() == [
        f"example.org:8443/py/{part}/" for part in ("static", "r", "staging/r", "files")
    ]
    assert "'self'" not in str(policy)


def test_a_page_is_compressed_for_nobody_in_particular() -> None:
    asked = [(b"accept-encoding", b"br")]
    scope = {"type": "http", "headers": asked, BASE: "http://127.0.0.1:1"}
    values: dict[str, Any] = {"project": "", "known": (), "entries": ()}
    assert send_page("log.html", scope, **values).headers["content-encoding"] == "br"
    # No secret of a person stands beside compressed text that others wrote.
    known = Principal(name="ann", permissions=frozenset({Permission.READ}))
    answer = send_page("log.html", {**scope, PRINCIPAL: known}, **values)
    assert "content-encoding" not in answer.headers
    assert b">ann</a>" in bytes(answer.body)

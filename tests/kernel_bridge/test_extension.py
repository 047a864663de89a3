from pathlib import Path

from labs import Lab, page_options, start_lab


def test_a_page_is_told_its_options(lab: Lab) -> None:
    options = lab.options()
    assert options["browserKernel"] == "porter-browser"
    assert options["insideUrl"] == "/porter/inside.zip"
    assert options["pyodideUrl"] is None
    again = lab.options()
    assert options["context"] != again["context"]


def test_pages_and_files_are_isolated(lab: Lab) -> None:
    client, _ = lab.log_in()
    page = client.get("/lab")
    script = client.get("/static/lab/jlab_core.js", headers={"Referer": lab.url})
    federated = client.get("/lab/extensions/nothing/x.js")
    for answer in (page, client.get("/api/contents"), federated, client.get("/lab/api/themes/x")):
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert script.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    client.close()


def test_below_another_base_address_with_an_index_and_not_isolated(far: Lab) -> None:
    with far.client as client:
        page = client.get("/lab")
        assert "Cross-Origin-Opener-Policy" not in page.headers
        options = page_options(page.text)
        assert options["lockFileUrl"] == "/user/ada/porter/pyodide-lock.json"
        there = "http://127.0.0.1:9/t/hush.hush/r/314"
        assert options["pyodideUrl"] == f"{there}/runtime/pyodide.mjs"
        assert client.get(options["insideUrl"].removeprefix("/user/ada")).status_code == 200


def test_bad_settings_end_the_server_with_one_line(tmp_path: Path) -> None:
    with start_lab(tmp_path, {"platform": "0.1"}) as process:
        assert process.wait(60) == 2
    told = (tmp_path / "output").read_text()
    assert "porter: c.PorterBridge.platform: no platform '0.1'" in told
    assert "what to do: known: " in told
    assert "Traceback" not in told

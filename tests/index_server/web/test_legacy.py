"""Uploads to a real server by real clients: what is taken is there, what is refused never was."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from attesting import make_attestation, make_statement
from hostile import BROKEN, PLAIN, SDIST, UPLOADS, WHEEL, Upload, sdist, wheel
from servers import Served, serve_index
from wheels import make_wheel

from index_server.model import Status
from index_server.people.access import Permission
from index_server.people.tokens import create_token
from index_server.records.database import set_status
from index_server.records.engine import connect
from porter.home import Home

JSON = {"accept": "application/vnd.pypi.simple.v1+json"}
SETTINGS = 'largest = 300_000\non-finding = "quarantine"\n'
BIN = Path(sys.prefix) / "bin"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Served]:
    """One server for all tests here; each has projects of its own."""
    data = tmp_path_factory.mktemp("legacy") / "index"
    data.mkdir()
    (data / "porter-index.toml").write_text(SETTINGS)
    with serve_index(data, home=home.root) as served:
        yield served


def upload(
    served: Served, data: bytes, filename: str, *, path: str = "/legacy/", **fields: str
) -> httpx.Response:
    form = {":action": "file_upload", "protocol_version": "1", **fields}
    with served.admin as client:
        return client.post(path, data=form, files={"content": (filename, data)})


def listed(served: Served, project: str, *, view: str = "") -> dict[str, dict[str, object]]:
    """The files of a project by name, as clients see them."""
    with served.client as client:
        answer = client.get(f"{view}/simple/{project}/", headers=JSON)
    if answer.status_code == 404:
        return {}
    return {file["filename"]: file for file in answer.raise_for_status().json()["files"]}


def stored(served: Served) -> set[str]:
    files = served.data / "files"
    return {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()}


def incoming(served: Served) -> list[Path]:
    folder = served.data / "incoming"
    return list(folder.iterdir()) if folder.is_dir() else []


def named(project: str, version: str = "1.0") -> tuple[bytes, str]:
    """A wheel of another project."""
    name = project.replace("-", "_")
    text = PLAIN.replace("acme-tools", project).replace("1.0", version)
    data = wheel(name=name, version=version, metadata=text)
    return data, f"{name}-{version}-py3-none-any.whl"


def run(*command: str | Path, token: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TWINE_USERNAME": "__token__", "TWINE_PASSWORD": token}
    env |= {"UV_PUBLISH_TOKEN": token, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    return subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def test_twine_and_what_it_uploads_is_there(server: Served, tmp_path: Path) -> None:
    made = make_wheel(tmp_path, "by-twine", requires=["numpy>=2"], requires_python=">=3.12")
    twine: list[str | Path] = [
        BIN / "twine",
        "upload",
        "--verbose",
        "--non-interactive",
        "--disable-progress-bar",
    ]
    command = [*twine, "--repository-url", f"{server.url}/legacy/", made]
    done = run(*command, token=server.token, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    file = listed(server, "by-twine")[made.name]
    sha256 = hashlib.sha256(made.read_bytes()).hexdigest()
    assert file["hashes"] == {"sha256": sha256}
    assert file["requires-python"] == ">=3.12"
    assert httpx.get(str(file["url"])).content == made.read_bytes()
    metadata = httpx.get(f"{file['url']}.metadata")
    assert b"Requires-Dist: numpy>=2" in metadata.content
    assert file["core-metadata"] == {"sha256": hashlib.sha256(metadata.content).hexdigest()}
    again = run(*command, token=server.token, cwd=tmp_path)
    assert again.returncode == 1
    assert "already exists" in " ".join(again.stdout.split())


def test_uv_with_attestations(server: Served, tmp_path: Path) -> None:
    made = make_wheel(tmp_path, "by-uv")
    sha256 = hashlib.sha256(made.read_bytes()).hexdigest()
    subject = [{"name": made.name, "digest": {"sha256": sha256}}]
    attestation = make_attestation(make_statement(subject=subject))
    signed = made.with_name(f"{made.name}.publish.attestation")
    signed.write_text(json.dumps(attestation))
    command: list[str | Path] = [BIN / "uv", "publish", "--publish-url"]
    command += [f"{server.url}/legacy/", made, signed]
    done = run(*command, token=server.token, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    provenance = httpx.get(str(listed(server, "by-uv")[made.name]["provenance"]))
    assert provenance.headers["content-type"] == "application/vnd.pypi.integrity.v1+json"
    assert provenance.json()["attestation_bundles"][0]["attestations"] == [attestation]
    again = run(*command, token=server.token, cwd=tmp_path)
    assert again.returncode == 2
    assert "already exists" in again.stderr
    checked = [*command, "--check-url", f"{server.url}/simple/"]
    assert run(*checked, token=server.token, cwd=tmp_path).returncode == 0
    refused = run(*command, token=f"{server.token}x", cwd=tmp_path)
    assert "401" in refused.stderr


def test_a_file_without_attestations_has_none(server: Served) -> None:
    data, filename = named("plain")
    assert upload(server, data, filename).status_code == 200
    assert "provenance" not in listed(server, "plain")[filename]
    path = f"/integrity/plain/1.0/{filename}/provenance"
    for wanted in (path, path.replace("plain", "none"), path.replace("1.0", "2.0")):
        with server.client as client:
            assert client.get(wanted).status_code == 404


def test_hostile_uploads_leave_nothing(server: Served) -> None:
    before, wrong = stored(server), {}
    with server.admin as client:
        for name, hostile in UPLOADS.items():
            answer = send(client, hostile)
            first = answer.text.splitlines()[0]
            # What the client's library makes of a name that is none is another refusal.
            expected = hostile.says in first or hostile.filename not in first
            kind = answer.headers["content-type"]
            if answer.status_code != 400 or not expected or not kind.startswith("text/plain"):
                wrong[name] = first
            if incoming(server) or stored(server) != before or not first.isprintable():
                wrong[name] = "it left something"
    assert wrong == {}
    assert listed(server, "acme-tools") == {}


def send(client: httpx.Client, hostile: Upload) -> httpx.Response:
    files = {"content": (hostile.filename, hostile.build())}
    return client.post("/legacy/", data=dict(hostile.fields), files=files)


def test_a_name_is_used_once(server: Served) -> None:
    data, filename = named("once-only")
    assert upload(server, data, filename).status_code == 200
    before = stored(server)
    spelt = filename.replace("once_only", "Once.Only").replace("1.0", "1.0.0")
    for again in (data, wheel()):
        for spelling in (filename, filename.replace("once_only", "Once_Only"), spelt):
            answer = upload(server, again, spelling)
            assert answer.status_code == 400
            assert "already exists" in answer.text
    assert stored(server) == before


def test_two_writers_of_one_name(server: Served) -> None:
    contents = []
    for number in range(8):
        files = {"raced.py": f"VALUE = {number}\n".encode()}
        contents.append(wheel(name="raced", members=files))
    filename = "raced-1.0-py3-none-any.whl"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda data: upload(server, data, filename), contents))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    winner = next(data for data, answer in zip(contents, answers, strict=True) if answer.is_success)
    sha256 = hashlib.sha256(winner).hexdigest()
    assert listed(server, "raced")[filename]["hashes"] == {"sha256": sha256}
    mine = {path for path in stored(server) if "/raced-" in path}
    assert len(mine) == 2
    assert all(sha256[2:] in path for path in mine)


def test_staging_is_seen_in_its_views_alone(server: Served) -> None:
    data, filename = named("staged")
    assert upload(server, data, filename, path="/legacy/staging/").status_code == 200
    assert listed(server, "staged") == {}
    assert filename in listed(server, "staged", view="/staging")


def test_an_sdist_is_listed_but_not_for_a_browser(server: Served) -> None:
    info = PLAIN.replace("acme-tools", "sources")
    data = sdist(info=info, top="sources-1.0")
    assert upload(server, data, "sources-1.0.tar.gz").status_code == 200
    assert "core-metadata" not in listed(server, "sources")["sources-1.0.tar.gz"]
    assert listed(server, "sources", view="/r/0.29") == {}
    assert SDIST not in listed(server, "sources")


def test_wheels_that_do_not_work_are_kept_in_quarantine(server: Served) -> None:
    hostile = BROKEN["a link that fails"]
    with server.admin as client:
        answer = send(client, hostile)
    assert answer.status_code == 200
    assert f"quarantine: on Pyodide 0.29: {hostile.says}" in answer.text
    assert listed(server, "acme-tools") == {}


def test_who_may_upload_what(server: Served) -> None:
    engine = connect(f"sqlite:///{server.data / 'index.sqlite'}")
    try:
        tokens = [
            create_token(
                engine,
                name=name,
                permissions={permission},
                projects=projects,
                lifetime=timedelta(hours=1),
                actor="tests",
            )[1]
            for name, permission, projects in (
                ("reader", Permission.READ, ()),
                ("other", Permission.UPLOAD, ("other-*",)),
                ("mine", Permission.UPLOAD, ("allowed-*",)),
            )
        ]
    finally:
        engine.dispose()
    data, filename = named("allowed-to-some")
    seen = []
    for credentials in (None, *(("__token__", token) for token in tokens)):
        answer = httpx.post(
            f"{server.url}/legacy/", files={"content": (filename, data)}, auth=credentials
        )
        seen.append(answer.status_code)
        if credentials is None:
            assert answer.headers["www-authenticate"].startswith("Basic")
    assert seen == [401, 403, 403, 200]
    assert incoming(server) == []


def test_a_project_that_is_closed_takes_nothing(server: Served) -> None:
    data, filename = named("closed")
    assert upload(server, data, filename).status_code == 200
    engine = connect(f"sqlite:///{server.data / 'index.sqlite'}")
    try:
        set_status(engine, "closed", Status.ARCHIVED, "done", actor="tests")
    finally:
        engine.dispose()
    time.sleep(0.6)
    answer = upload(server, *named("closed", "2.0"))
    assert answer.status_code == 400
    assert "is archived" in answer.text


@pytest.mark.parametrize("told", [True, False], ids=["its size told", "in chunks"])
def test_a_file_that_is_too_large(told: bool, server: Served) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="content"; filename="{WHEEL}"\r\n\r\n'
    size = (20 << 20) if told else 400_000

    def body() -> Iterator[bytes]:
        yield head.encode()
        for _ in range(size // 10_000):
            yield b"x" * 10_000
        yield b"\r\n--b--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=b"}
    with server.admin as client:
        content = b"".join(body()) if told else body()
        answer = client.post("/legacy/", content=content, headers=headers)
    assert answer.status_code == 413
    assert "more than 300000 bytes" in answer.text
    assert incoming(server) == []


def test_a_client_that_goes_away_leaves_nothing(server: Served) -> None:
    where, before = urlsplit(server.url), stored(server)
    assert where.hostname
    assert where.port
    credentials = httpx.BasicAuth("__token__", server.token)
    request = next(credentials.auth_flow(httpx.Request("POST", server.url)))
    head = (
        f"POST /legacy/ HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: 200000\r\n"
        f"Authorization: {request.headers['authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        f'--b\r\nContent-Disposition: form-data; name="content"; filename="{WHEEL}"\r\n\r\n'
    )
    with socket.create_connection((where.hostname, where.port)) as client:
        client.sendall(head.encode() + b"x" * 1000)
        wait_until(lambda: len(incoming(server)) == 1)
    wait_until(lambda: incoming(server) == [])
    assert stored(server) == before


def wait_until(done: object, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods(method: str, server: Served) -> None:
    with server.admin as client:
        assert client.request(method, "/legacy/").status_code in (404, 405)

"""Dependency confusion, tried with the clients it is made for: pip, uv, and what micropip asks."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from packaging.version import Version
from servers import serve_index
from upstreams import Public, run_public
from wheels import make_wheel, put_wheel

from index_server.holdings import open_holdings
from index_server.records.database import delete_file
from index_server.records.engine import migrate
from index_server.settings import Settings
from porter.home import Home

MICROPIP = "application/vnd.pypi.simple.v1+json, */*;q=0.01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A server with private projects, the public index behind it, and an empty folder."""

    url: str
    public: Public
    scratch: Path
    env: dict[str, str]

    def pip(self, *wanted: str) -> dict[str, str] | None:
        """What pip would install, by name; None where it gives up."""
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--no-cache-dir", "--retries", "0", "--quiet", "--report", "-"]
        done = self._run([*command, "--index-url", f"{self.url}/simple/", *wanted])
        if done.returncode != 0:
            return None
        report = json.loads(done.stdout)["install"]
        return {item["metadata"]["name"]: item["metadata"]["version"] for item in report}

    def uv(self, *wanted: str) -> dict[str, str] | None:
        """The same of uv."""
        (self.scratch / "in.txt").write_text("\n".join(wanted))
        command = ["uv", "pip", "compile", "--no-config", "--quiet", "--no-header", "--no-cache"]
        command += ["--no-annotate", "--default-index", f"{self.url}/simple/", "--no-sources"]
        done = self._run([*command, "--python", sys.executable, str(self.scratch / "in.txt")])
        if done.returncode != 0:
            return None
        return dict(line.split("==") for line in done.stdout.split())

    def micropip(self, *wanted: str) -> dict[str, str] | None:
        """What micropip asks: the runtime's view, then METADATA by the hash that it was told."""
        found: dict[str, str] = {}
        left = list(wanted)
        while left:
            name = left.pop()
            page = self.get(f"/r/0.29/simple/{name}/", accept=MICROPIP)
            if page.status_code != 200 or not page.json()["files"]:
                return None
            newest = max(page.json()["files"], key=lambda f: Version(f["filename"].split("-")[1]))
            metadata = httpx.get(f"{newest['url']}.metadata")
            assert metadata.status_code == 200
            assert httpx.get(newest["url"]).status_code == 200
            found[name] = newest["filename"].split("-")[1]
            lines = metadata.text.splitlines()
            left += [
                line.removeprefix("Requires-Dist: ") for line in lines if "Requires-Dist" in line
            ]
        return found

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=30)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        uv = {"UV_PYTHON_DOWNLOADS": "never", "UV_HTTP_RETRIES": "0"}
        return subprocess.run(
            command,
            env={**self.env, "PIP_CONFIG_FILE": "/dev/null", **uv},
            cwd=self.scratch,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, home: Home, env: dict[str, str]
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("confusion")
    data, wheels, scratch = folder / "data", folder / "wheels", folder / "scratch"
    scratch.mkdir()
    index = open_holdings(Settings(data=str(data)), home)
    migrate(index.engine)
    index.refresh()
    put_wheel(index, make_wheel(wheels, "acme-core", "1.0", requires=["tinylib"]))
    put_wheel(index, make_wheel(wheels, "acme-rare", "1.0", tag="cp27-cp27m-win32"))
    gone = put_wheel(index, make_wheel(wheels, "acme-gone", "1.0"))
    delete_file(index.engine, gone.filename, actor="tests")
    index.engine.dispose()
    kept = {name: value for name, value in env.items() if name in ("PATH", "HOME")}
    with run_public(folder / "public") as public:
        for name in ("acme-core", "acme-rare", "acme-gone", "initech-lib", "globex-lib"):
            make_wheel(public.wheels, name, "99.0")
        make_wheel(public.wheels, "tinylib", "1.0", requires=["tinydep"])
        make_wheel(public.wheels, "tinydep", "2.0")
        make_wheel(public.wheels, "tinylate", "1.0")
        (data / "porter-index.toml").write_text(
            'reserved = ["initech-*"]\n[upstream]\nallow = ["acme*", "initech*", "tiny*"]\n'
            f'index = "{public.url}"\nfresh = 0\n'
        )
        with serve_index(data, home=home.root) as served:
            yield Shop(url=served.url, public=public, scratch=scratch, env=kept)


def clients(shop: Shop, *wanted: str) -> list[dict[str, str] | None]:
    return [shop.pip(*wanted), shop.uv(*wanted), shop.micropip(*wanted)]


def test_ours_is_ours_though_upstream_has_more(shop: Shop) -> None:
    """And what it requires comes from upstream, through the same address."""
    shop.public.forget()
    expected = {"acme-core": "1.0", "tinylib": "1.0", "tinydep": "2.0"}
    assert clients(shop, "acme-core") == [expected] * 3
    assert {path.split("/")[-2] for path in shop.public.asked if "/simple/" in path} == {
        "tinylib",
        "tinydep",
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("acme-gone", "deleted"),
        ("acme-rare", "ours, and not for this platform"),
        ("initech-lib", "reserved"),
        ("globex-lib", "not allowed"),
    ],
)
def test_a_private_name_never_comes_from_upstream(shop: Shop, name: str, why: str) -> None:
    shop.public.forget()
    if why in ("deleted", "reserved"):
        assert [shop.pip(name), shop.uv(name)] == [None, None]
    assert shop.micropip(name) is None
    for spelling in (name.upper(), name.replace("-", "_"), name.replace("-", "--")):
        for view in ("/simple", "/r/0.29/simple", "/staging/simple"):
            answer = httpx.get(
                f"{shop.url}{view}/{spelling}/", follow_redirects=True, headers={"accept": MICROPIP}
            )
            assert answer.status_code == 404 or "99.0" not in answer.text
    assert shop.public.asked == []


def test_files_of_upstream_are_served_as_ours_are(shop: Shop) -> None:
    page = shop.get("/simple/tinylib/", accept=MICROPIP).json()
    file = page["files"][0]
    assert file["url"].startswith(f"{shop.url}/upstream/")
    wheel = httpx.get(file["url"], headers={"origin": "https://lab.example.org"})
    assert wheel.status_code == 200
    assert len(wheel.content) == file["size"]
    assert wheel.headers["cache-control"] == "max-age=31536000, immutable"
    assert wheel.headers["access-control-allow-origin"] == "*"
    etag = {"if-none-match": wheel.headers["etag"]}
    assert httpx.get(file["url"], headers=etag).status_code == 304
    part = httpx.get(file["url"], headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PK\3\4")
    head = httpx.head(file["url"])
    assert head.status_code == 200
    assert head.headers["content-length"] == str(file["size"])


@pytest.mark.parametrize(
    "path",
    [
        "/upstream/",
        "/upstream/pages/tinylib.json",
        "/upstream/00/" + "0" * 62 + "/tinylib-1.0-py3-none-any.whl",
        "/upstream/00/" + "0" * 62 + "/../../../pages/tinylib.json",
        "/upstream/00/" + "0" * 62 + "/%2e%2e%2f%2e%2e%2fpages%2ftinylib.json",
        "/upstream/00/" + "0" * 62 + "/acme_core-99.0-py3-none-any.whl",
        "/upstream/http://127.0.0.1/x",
        "/upstream/00/" + "0" * 62 + "/tinylib-1.0-py3-none-any.whl%0d%0aX:%20y",
    ],
)
def test_it_is_no_open_proxy(shop: Shop, path: str) -> None:
    answer = shop.get(path)
    assert answer.status_code == 404
    assert "x" not in {name for name in answer.headers if name == "x"}


def test_the_private_projects_bytes_of_upstream_are_not_there(shop: Shop) -> None:
    wheel = shop.public.wheels / "acme_core-99.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    shop.public.forget()
    assert shop.get(f"/upstream/{digest[:2]}/{digest[2:]}/{wheel.name}").status_code == 404
    assert shop.public.asked == []


def test_while_upstream_is_down(shop: Shop) -> None:
    """What it said before is said again; what it never said is a failure, not an absence."""
    assert shop.micropip("acme-core") is not None
    shop.public.be("500")
    expected = {"acme-core": "1.0", "tinylib": "1.0", "tinydep": "2.0"}
    assert clients(shop, "acme-core") == [expected] * 3
    for state in ("500", "garbage"):
        shop.public.be(state)
        answer = shop.get("/simple/tinylate/")
        assert answer.status_code == 502
        assert answer.headers["access-control-allow-origin"] == "*"
    assert shop.pip("tinylate") is None
    assert shop.uv("tinylate") is None
    shop.public.be("up")
    assert shop.get("/simple/tinylate/").status_code == 200

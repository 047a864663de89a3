"""pip and uv install from a real server: what each needs of an index, as a table."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers import serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import open_holdings
from index_server.model import Stage
from index_server.records.engine import migrate
from index_server.settings import Settings
from porter.home import Home

# A time before and one after everything was uploaded.
BEFORE, AFTER = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A server with the projects of this table, and an empty folder."""

    url: str
    scratch: Path
    env: dict[str, str]

    def pip(self, *wanted: str, path: str = "/simple/") -> subprocess.CompletedProcess[str]:
        """What pip would install, without installing it."""
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--report", "-", "--index-url", f"{self.url}{path}", *wanted]
        return self._run(command)

    def uv(self, *wanted: str, path: str = "/simple/") -> subprocess.CompletedProcess[str]:
        """What uv would install."""
        (self.scratch / "in.txt").write_text("\n".join(w for w in wanted if w[0] != "-"))
        command = ["uv", "pip", "compile", "--no-config", "--quiet", "--no-header"]
        command += ["--no-annotate", "--default-index", f"{self.url}{path}", "--no-sources"]
        command += ["--python", sys.executable, *(w for w in wanted if w[0] == "-")]
        return self._run([*command, str(self.scratch / "in.txt")])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={
                **self.env,
                "PIP_CONFIG_FILE": "/dev/null",
                "PIP_CACHE_DIR": str(self.scratch / "pip"),
                "UV_CACHE_DIR": str(self.scratch / "uv"),
                "UV_PYTHON_DOWNLOADS": "never",
            },
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
    folder = tmp_path_factory.mktemp("clients")
    index = open_holdings(Settings(data=str(folder / "data")), home)
    migrate(index.engine)
    index.refresh()
    wheels = folder / "wheels"
    put_wheel(index, make_wheel(wheels, "acme-base", "1.0"))
    put_wheel(index, make_wheel(wheels, "acme-base", "1.1"))
    put_wheel(index, make_wheel(wheels, "acme-base", "1.2"), yanked="a mistake")
    put_wheel(index, make_wheel(wheels, "acme-base", "2.0"), stage=Stage.STAGING)
    put_wheel(index, make_wheel(wheels, "acme-base", "3.0"), quarantine="broken")
    put_wheel(index, make_wheel(wheels, "acme-base", "4.0", requires_python=">=4"))
    put_wheel(index, make_wheel(wheels, "acme-tools", requires=["acme-base>=1.1"]))
    index.engine.dispose()
    (folder / "scratch").mkdir()
    kept: dict[str, str] = {name: env[name] for name in ("PATH", "HOME") if name in env}
    with serve_index(folder / "data", home=home.root) as served:
        yield Shop(url=served.url, scratch=folder / "scratch", env=kept)


CASES = [
    # what is asked for, what is installed
    (("acme-tools",), {"acme-tools": "1.0", "acme-base": "1.1"}),
    (("Acme_Tools",), {"acme-tools": "1.0", "acme-base": "1.1"}),
    (("acme-base==1.2",), {"acme-base": "1.2"}),
    (("acme-base<1.1",), {"acme-base": "1.0"}),
]


@pytest.mark.parametrize(("wanted", "installed"), CASES)
def test_pip(shop: Shop, wanted: tuple[str, ...], installed: dict[str, str]) -> None:
    done = shop.pip(*wanted)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["install"]
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in report}
    assert found == installed
    # The dependencies came from the metadata beside the wheels, checked by its hash.
    assert all(item["download_info"]["archive_info"]["hashes"]["sha256"] for item in report)


@pytest.mark.parametrize(("wanted", "installed"), CASES)
def test_uv(shop: Shop, wanted: tuple[str, ...], installed: dict[str, str]) -> None:
    done = shop.uv(*wanted)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split()
    assert dict(line.split("==") for line in lines) == installed


def test_staging_is_an_index_of_its_own(shop: Shop) -> None:
    assert "acme-base==2.0" in shop.uv("acme-base", path="/staging/simple/").stdout
    report = json.loads(shop.pip("acme-base", path="/staging/simple/").stdout)["install"]
    assert report[0]["metadata"]["version"] == "2.0"


@pytest.mark.parametrize("wanted", ["acme-base==3.0", "acme-base==4.0", "acme-nothing"])
def test_what_is_not_there_cannot_be_installed(shop: Shop, wanted: str) -> None:
    assert shop.pip(wanted).returncode != 0
    assert shop.uv(wanted).returncode != 0


def test_times_of_upload_can_be_asked_for(shop: Shop) -> None:
    assert shop.pip(f"--uploaded-prior-to={AFTER}", "acme-base").returncode == 0
    assert shop.pip(f"--uploaded-prior-to={BEFORE}", "acme-base").returncode != 0
    assert shop.uv(f"--exclude-newer={AFTER}", "acme-base").returncode == 0
    assert shop.uv(f"--exclude-newer={BEFORE}", "acme-base").returncode != 0


def test_uv_installs_and_runs(shop: Shop) -> None:
    target = shop.scratch / "target"
    command = ["uv", "pip", "install", "--no-config", "--quiet", "--target", str(target)]
    command += ["--python", sys.executable, "--default-index", f"{shop.url}/simple/", "acme-tools"]
    done = shop._run(command)
    assert done.returncode == 0, done.stderr
    ran = subprocess.run(
        [sys.executable, "-c", "import acme_tools, acme_base; print(acme_tools.VALUE)"],
        env={"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "42\n"

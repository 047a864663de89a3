"""Pyodide under Node, from a server's lock file alone: imports, micropip and piplite."""

import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import make_tiny
from running import run_porter
from servers import Served, serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings, open_holdings
from index_server.records.engine import migrate
from index_server.settings import Settings
from porter.home import Home
from porter.pinned import fetch_pinned
from porter.platform import read_platforms
from porter.process import find_program
from porter.runtime import fetch_runtime

# test_browser.py has both in Chromium, and micropip.
FIRST, *LATER = (platform.name for platform in read_platforms().values())
PLATFORMS = [FIRST, *(pytest.param(name, marks=pytest.mark.journey) for name in LATER)]
SCRIPT = Path(__file__).with_name("lock.mjs")
KERNEL = "pkg:pypi/jupyterlite-pyodide-kernel@0.8.7?checksum=sha256:367f74c99ff8ae518f537d077659ade10d305aeb8e089811b4beb81a8dbafb15"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Holdings]:
    folder = tmp_path_factory.mktemp("loading")
    index = open_holdings(Settings(data=str(folder / "data")), home)
    migrate(index.engine)
    index.refresh()

    def put(name: str, source: str, *requires: str) -> None:
        module = f"{name.replace('-', '_')}.py"
        members = {module: f"{source}\nVALUE = {name!r}\n".encode()}
        put_wheel(index, make_wheel(folder, name, "1.0", requires=requires, members=members))

    put("acme-base", "")
    put("acme-tools", "import acme_base", "acme-base>=1", "nowhere; extra == 'x'")
    # Two that need each other: Pyodide would wait for ever for either.
    put("ring-a", "def peer():\n    import ring_b\n    return ring_b.VALUE", "ring-b")
    put("ring-b", "def peer():\n    import ring_a\n    return ring_a.VALUE", "ring-a")
    yield index
    index.engine.dispose()


@pytest.fixture(scope="module")
def served(stocked: Holdings, home: Home) -> Iterator[Served]:
    with serve_index(stocked.settings.folder, home=home.root) as server:
        yield server


def load(
    served: Served,
    stocked: Holdings,
    platform: str,
    code: str,
    cache: Path,
    env: dict[str, str],
    asked: str = "",
) -> Any:
    """What Python says at last, once all it imports was loaded of the server's lock file."""
    folder = fetch_runtime(stocked.platforms[platform], home=stocked.home, env=env).folder
    base = f"{served.url}/r/{platform}/runtime/"
    lock = f"{base}pyodide-lock.json?files=relative{asked}"
    node = find_program("node", env)
    done = subprocess.run(
        [node, SCRIPT, folder, lock, base, cache, code],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(json.loads(done.stdout))


IMPORTS = """
import json
import acme_tools, ring_a
json.dumps([acme_tools.acme_base.VALUE, ring_a.peer()])
"""
MICROPIP = """
import json
import micropip
micropip.set_index_urls(["{index}/simple/"])
await micropip.install("acme-tools")
acme = __import__("acme_tools")
json.dumps([acme.VALUE, sorted(n for n in micropip.list() if n.startswith("acme"))])
"""
PIPLITE = """
import json
import micropip, piplite.piplite
piplite = piplite.piplite
piplite._PIPLITE_URLS = ["{index}/all.json"]
piplite._PIPLITE_DISABLE_PYPI = True
await piplite.install("acme-tools")
json.dumps([__import__("acme_tools").VALUE, __import__("acme_base").VALUE])
"""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_import_is_enough(
    served: Served, stocked: Holdings, platform: str, tmp_path: Path, env: dict[str, str]
) -> None:
    told = load(served, stocked, platform, IMPORTS, tmp_path / "cache", env)
    assert told == ["acme-base", "ring-b"]


@pytest.mark.journey  # one more start of the runtime
def test_micropip_comes_with_the_lock_file_and_installs_of_the_index(
    served: Served, stocked: Holdings, tmp_path: Path, env: dict[str, str]
) -> None:
    code = MICROPIP.format(index=f"{served.url}/r/0.29")
    asked = "&requirements=micropip"
    told = load(served, stocked, "0.29", code, tmp_path / "cache", env, asked)
    assert told == ["acme-tools", ["acme-base", "acme-tools"]]


@pytest.mark.journey  # fetches JupyterLite's kernel
def test_piplite_installs_of_all_json(
    served: Served,
    stocked: Holdings,
    tmp_path: Path,
    home: Home,
    env: dict[str, str],
) -> None:
    kernel = fetch_pinned(KERNEL, home=home, env=env)
    with zipfile.ZipFile(kernel) as archive:
        name = next(n for n in archive.namelist() if "/piplite-" in n and n.endswith(".whl"))
        wheel = tmp_path / Path(name).name
        wheel.write_bytes(archive.read(name))
    put_wheel(stocked, wheel, imports=("piplite",))
    served.await_project("piplite")
    code = PIPLITE.format(index=f"{served.url}/r/0.29")
    asked = "&requirements=micropip,piplite"
    told = load(served, stocked, "0.29", code, tmp_path / "cache", env, asked)
    assert told == ["acme-tools", "acme-base"]


@pytest.mark.journey  # builds a wheel
def test_a_wheel_that_porter_built_is_imported(
    served: Served,
    stocked: Holdings,
    build_home: Home,
    tmp_path: Path,
    env: dict[str, str],
) -> None:
    project = make_tiny(tmp_path / "tiny")
    built = run_porter(
        "build", project, "--out", tmp_path / "dist", home=build_home.root, cwd=tmp_path
    )
    assert built.code == 0, built.err
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    put_wheel(stocked, wheel, imports=("tiny",))
    served.await_project("tiny")
    code = "import json, tiny\njson.dumps(tiny.answer())"
    assert load(served, stocked, "0.29", code, tmp_path / "cache", env) == 42
    with served.client as client:
        lock = client.get("/r/314/pyodide-lock.json").json()
    assert "tiny" not in lock["packages"]

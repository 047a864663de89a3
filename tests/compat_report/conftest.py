"""A private index with wheels of every kind, served for all tests of the report."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import borrow
from servers import Served, serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings, open_holdings
from index_server.records.engine import migrate
from index_server.settings import Settings
from porter.home import Home

EMSCRIPTEN = "cp313-cp313-pyemscripten_2025_0_wasm32"
LINUX = "cp313-cp313-manylinux_2_17_x86_64"


def stock(index: Holdings, folder: Path) -> None:
    def put(
        name: str, version: str, *requires: str, tag: str = "py3-none-any", **more: object
    ) -> None:
        fields = {
            key: more.pop(key) for key in ("yanked", "imports", "requires_python") if key in more
        }
        wheel = make_wheel(folder, name, version, tag=tag, requires=requires, **more)  # type: ignore[arg-type]
        put_wheel(index, wheel, **fields)

    put("acme-base", "1.0")
    put("acme-base", "1.1", yanked="a mistake")
    put("acme-base", "2.0rc1")
    put("acme-tools", "2.0", "acme-base>=1", "six")
    put("acme-native", "1.0")
    put("acme-native", "2.0", tag=EMSCRIPTEN)
    put("acme-native", "3.0", tag=LINUX)
    put("acme-linux", "1.0", tag=LINUX)
    put("acme-early", "1.0rc1")
    put("acme-mistake", "1.0", yanked="all of it")
    put("acme-lost", "1.0", "nowhere>=3")
    put("acme-deep", "1.0", "acme-middle")
    put("acme-middle", "1.0", "acme-lost")
    put("acme-strict", "1.0", "acme-native==1.0")
    put("acme-six", "1.0", "six>=99")
    put("acme-data", "1.0", "pandas>=2", "acme-base")
    put("acme-bad", "1.0", "acme base !!")
    put(
        "acme-marked",
        "1.0",
        "acme-base; sys_platform == 'emscripten' and platform_machine == 'wasm32'",
        "nowhere; sys_platform == 'win32'",
        "acme-tools; python_full_version < '3.13'",
    )
    extras = ["Provides-Extra: all", "Provides-Extra: Some-More"]
    needs = ("acme-base", "acme-tools; extra == 'all'", "acme-native; extra == 'Some-More'")
    put("acme-extra", "1.0", *needs, headers=extras)
    put("acme-asks-extra", "1.0", "acme-extra[all]")
    members = {"acme_space/inner/__init__.py": b"", "acme_space/other.py": b""}
    put("acme-space", "1.0", members=members, imports=("acme_space.inner", "acme_space.other"))
    # The public index has one of this name too; and one that holds something else.
    put("emoji", "0.0.1", members={"smile.py": b""}, imports=("smile",))


@pytest.fixture(scope="session")
def private_index(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("private")
    index = open_holdings(Settings(data=str(folder / "data")), home)
    migrate(index.engine)
    index.refresh()
    stock(index, folder / "wheels")
    index.engine.dispose()
    with serve_index(folder / "data", home=home.root) as served:
        yield served


@pytest.fixture(scope="session")
def catalog_home(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Home:
    """A cache without pages of indexes, that has the runtimes and what they told."""
    scratch = Home(root=tmp_path_factory.mktemp("catalog-home"))
    borrow(home, scratch)
    told = home.root / "catalog" / "stdlib"
    told.mkdir(parents=True, exist_ok=True)
    (scratch.root / "catalog").mkdir()
    (scratch.root / "catalog" / "stdlib").symlink_to(told)
    return scratch

"""A worker says what it lacks, in words for whoever looks after it."""

import asyncio
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from porter import __version__
from porter.cluster.model import Needs
from porter.cluster.send import send_file
from porter.cluster.worker import tell_lacks
from porter.home import Home
from porter.platform import Platform
from porter.store.objects import open_objects
from porter.toolchain.model import Toolchain


def test_what_a_worker_lacks(
    build_home: Home,
    toolchain: Toolchain,
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORTER_HOME", str(build_home.root))
    (tmp_path / "run.mark").write_text("run")
    store = tmp_path / "store"
    needs = Needs(
        run="run",
        platform=platform,
        toolchain=toolchain.identity,
        provider=toolchain.provider,
        install=False,
        python=sys.version,
        porter=__version__,
        pyodide_build=version("pyodide-build"),
        store=str(store),
        mark=send_file(tmp_path / "run.mark", open_objects(str(store), {})),
        sources=None,
    )

    def lacks(**other: object) -> str:
        return "; ".join(asyncio.run(tell_lacks(replace(needs, **other))))  # type: ignore[arg-type]

    assert lacks() == ""
    assert lacks(toolchain="0" * 64).startswith(f"the toolchain {toolchain.provider} 000000000000")
    assert toolchain.identity[:12] in lacks(toolchain="0" * 64)
    assert lacks(python="3.99") == f"Python 3.99 (it has {sys.version})"
    assert lacks(porter="9", pyodide_build="8").count("(it has ") == 2
    assert lacks(sources=tmp_path / "none") == f"the folder of sources {tmp_path / 'none'}"
    other = tmp_path / "other"
    assert lacks(store=str(other)) == f"the store {other}"
    assert not other.exists(), "it makes no store of its own"
    other.mkdir()
    assert lacks(store=str(other)) == f"the store {other}", "another folder by that name"
    assert "9://" in lacks(store="9://nothing")

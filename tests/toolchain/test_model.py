import json
from dataclasses import replace
from pathlib import Path

import pytest

from porter.home import Home
from porter.toolchain.model import (
    RECORD,
    Toolchain,
    installed_toolchains,
    read_toolchain,
    write_toolchain,
)


@pytest.fixture
def sample(scratch_home: Home) -> Toolchain:
    root = scratch_home.toolchains / "0.29.5-debian-x"
    return Toolchain(
        provider="debian",
        platform="0.29.5",
        root=root,
        xbuildenv=root / "crossenv",
        path=(root / "a", root / "b"),
        emscripten="3.1.69",
        clang="19.1.7",
        ccache=root / "ccache",
        components=(("emscripten", "3.1.69+dfsg-3"),),
        identity="abc",
    )


def test_a_record_round_trips(sample: Toolchain, scratch_home: Home) -> None:
    assert installed_toolchains(scratch_home) == []
    sample.root.mkdir(parents=True)
    assert installed_toolchains(scratch_home) == []
    write_toolchain(sample, sample.root)
    assert read_toolchain(sample.root) == sample
    assert installed_toolchains(scratch_home) == [sample]


def test_a_record_may_have_a_builder_or_none(sample: Toolchain) -> None:
    other = replace(sample, builder=sample.root / "builder")
    other.root.mkdir(parents=True)
    write_toolchain(other, other.root)
    assert read_toolchain(other.root) == other
    record = json.loads((other.root / RECORD).read_text())
    del record["builder"]
    (other.root / RECORD).write_text(json.dumps(record))
    assert read_toolchain(other.root) == sample, "as earlier versions wrote it"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"root": 1, "path": 2}', '{"extra": 1}'])
def test_a_record_that_was_damaged_is_no_toolchain(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    assert read_toolchain(tmp_path) is None

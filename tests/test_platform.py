import re

import pytest

from porter.errors import UnknownPlatform
from porter.platform import Platform, parse_platforms, read_platform, read_platforms
from porter.runtime import Runtime, parse_sysconfig


def test_every_platform_is_whole() -> None:
    platforms = read_platforms()
    assert read_platform() in platforms.values()
    for release, platform in platforms.items():
        assert read_platform(release) is not None
        assert platform.runtime == f"pkg:npm/pyodide@{release}"
        assert re.fullmatch(r"sha512-[\w+/]{86}==", platform.integrity)
        assert re.fullmatch(r"\d{4}_\d", platform.abi)


def test_a_platform_follows_from_its_table() -> None:
    fields = {
        "python": "3.14.2",
        "abi": "2026_0",
        "emscripten": "5.0.3",
        "toolchain": "t",
        "runtime": "pkg:npm/pyodide@314.0.7",
        "integrity": "sha512-x",
    }
    (platform,) = parse_platforms({"platform": {"314.0.7": fields}}).values()
    assert (platform.python_minor, platform.python_short) == ((3, 14), "3.14")
    tags = [str(tag) for tag in platform.tags()]
    assert tags[0] == "cp314-cp314-pyemscripten_2026_0_wasm32"
    assert "cp314-cp314-pyodide_2026_0_wasm32" in tags
    assert "cp310-abi3-pyemscripten_2026_0_wasm32" in tags
    assert "py3-none-any" in tags
    assert not [tag for tag in tags if tag.startswith("cp313-cp313")]


def test_an_unknown_platform_names_the_known_ones() -> None:
    with pytest.raises(UnknownPlatform, match=r"'9\.9'") as caught:
        read_platform("9.9")
    assert "0.29 (0.29.5)" in caught.value.advice


@pytest.mark.parametrize(("name", "release"), [("0.29", "0.29.5"), ("314", "314.0.7")])
def test_a_platform_by_its_short_name(name: str, release: str) -> None:
    assert read_platform(name).pyodide == release
    assert read_platform(release).name == name


def test_the_runtime_is_the_platforms(runtime: Runtime, platform: Platform) -> None:
    info = runtime.lock()["info"]
    assert (info["abi_version"], info["python"]) == (platform.abi, platform.python)
    assert info["platform"] == f"emscripten_{platform.emscripten.replace('.', '_')}"
    assert runtime.sysconfig()["SIZEOF_LONG"] == 4


def test_sysconfigdata_is_read_and_not_run() -> None:
    source = "import sys\nsys.exit(1)\nbuild_time_vars = {'A': 1, 'B': f'{sys}', 'C': 'x'}\n"
    assert parse_sysconfig(source) == {"A": 1, "C": "x"}
    with pytest.raises(ValueError, match="no build_time_vars"):
        parse_sysconfig("x = 1")

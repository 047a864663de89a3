"""Which wheel of a page is taken, and why none is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from compat_report.catalog.page import IndexedWheel, make_page
from compat_report.resolving.choose import admitted_versions, choose_wheel, explain_absence
from compat_report.resolving.environment import tag_ranks
from porter.platform import Platform, read_platforms

NATIVE = "cp313-cp313-pyemscripten_2025_0_wasm32"


def page_of(*names: str, versions: tuple[str, ...] = ()) -> object:
    files = [
        IndexedWheel(
            filename=name.removeprefix("yanked:"),
            url=f"https://wheels.example/{name}",
            version="",
            yanked=name.startswith("yanked:"),
        )
        for name in names
    ]
    return make_page("a", files, list(versions))


@pytest.mark.parametrize(
    ("names", "asked", "chosen"),
    [
        (["a-1-py3-none-any.whl", "a-2-py3-none-any.whl"], "", "a-2-py3-none-any.whl"),
        (["a-1-py3-none-any.whl", "a-2-py3-none-any.whl"], "<2", "a-1-py3-none-any.whl"),
        (["a-10-py3-none-any.whl", "a-9-py3-none-any.whl"], "", "a-10-py3-none-any.whl"),
        (["a-1-py3-none-any.whl", f"a-1-{NATIVE}.whl"], "", f"a-1-{NATIVE}.whl"),
        (["a-1-cp313-cp313-pyodide_2025_0_wasm32.whl"], "", "a-1-cp313-cp313-pyodide_2025_0_wasm32.whl"),
        (["a-1-cp313-cp313-emscripten_4_0_9_wasm32.whl"], "", "a-1-cp313-cp313-emscripten_4_0_9_wasm32.whl"),
        (["a-1-cp312-cp312-pyodide_2024_0_wasm32.whl", "a-1-py2-none-any.whl"], "", None),
        (["a-1-py3-none-any.whl", "a-2-cp313-cp313-win32.whl"], "", "a-1-py3-none-any.whl"),
        (["a-1-py3-none-any.whl", "a-2rc1-py3-none-any.whl"], "", "a-1-py3-none-any.whl"),
        (["a-2rc1-py3-none-any.whl"], "", "a-2rc1-py3-none-any.whl"),
        (["a-2rc1-py3-none-any.whl"], ">=1", None),
        (["a-2rc1-py3-none-any.whl"], ">=2rc1", "a-2rc1-py3-none-any.whl"),
        (["a-1.tar.gz", "a-2rc1-py3-none-any.whl"], "", None),
        (["a-1-py3-none-any.whl", "yanked:a-2-py3-none-any.whl"], "", "a-1-py3-none-any.whl"),
        (["yanked:a-1-py3-none-any.whl"], "", "a-1-py3-none-any.whl"),
        (["yanked:a-1-py3-none-any.whl", "a-2-py3-none-any.whl"], "==1", "a-1-py3-none-any.whl"),
        ([], "", None),
    ],
)  # fmt: skip
def test_the_wheel_that_is_taken(
    platform: Platform, names: list[str], asked: str, chosen: str | None
) -> None:
    found = choose_wheel(page_of(*names), SpecifierSet(asked), tag_ranks(platform))  # type: ignore[arg-type]
    assert (found.filename if found else None) == chosen


@pytest.mark.parametrize(
    ("names", "versions", "asked", "code"),
    [
        (["a-1.tar.gz"], (), "", "sdist-only"),
        (["a-1.tar.gz", "a-1-cp313-cp313-win32.whl"], (), "", "no-wheel"),
        (["a-1.tar.gz", "a-2-cp313-cp313-win32.whl"], (), "<2", "sdist-only"),
        (["a-1-py3-none-any.whl", "a-2.tar.gz"], (), "==2", "sdist-only"),
        (["a-1-py3-none-any.whl"], (), ">=2", "no-version"),
        (["a-1-py3-none-any.whl"], ("2",), "==2", "no-version"),
        ([], (), "", "no-wheel"),
        ([], ("1", "2"), "==1", "no-wheel"),
    ],
)
def test_why_none_is(names: list[str], versions: tuple[str, ...], asked: str, code: str) -> None:
    told, detail = explain_absence(page_of(*names, versions=versions), SpecifierSet(asked))  # type: ignore[arg-type]
    assert told == code
    assert detail


@given(
    st.lists(st.sampled_from(["1", "1.5", "2rc1", "2", "3.dev1", "0!1", "1.5.post1"]), unique=True),
    st.sampled_from(["", ">=1", "<2", "==1.*", "!=2rc1", ">=2rc1", "~=1.4", "===2"]),
)
def test_what_is_admitted_is_what_the_specifier_contains(versions: list[str], asked: str) -> None:
    specifier = SpecifierSet(asked)
    for version in admitted_versions(versions, specifier):
        assert specifier.contains(version, prereleases=True)
        assert str(version) in versions or version.epoch == 0


@pytest.mark.parametrize("name", list(read_platforms()))
def test_tags_are_those_of_the_platform(name: str) -> None:
    platform = read_platforms()[name]
    ranks = tag_ranks(platform)
    own = list(platform.tags())
    assert [tag for tag in sorted(ranks, key=ranks.__getitem__) if tag in set(own)] == own
    values = platform.markers()
    assert (values["sys_platform"], values["platform_machine"]) == ("emscripten", "wasm32")
    assert values["python_full_version"] == platform.python

"""Chains, conflicts and odd requirements, on an index that is a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement
from packaging.utils import parse_wheel_filename

from compat_report.catalog.contents import Contents
from compat_report.catalog.lock import Lock, Locked
from compat_report.catalog.page import IndexedWheel, make_page
from compat_report.errors import SourceAway
from compat_report.resolving.extras import requirements_of
from compat_report.resolving.resolve import resolve
from compat_report.resolving.sources import Found
from compat_report.rules import read_rules
from porter.platform import Platform, read_platform


@dataclass(kw_only=True)
class Table:
    """Wheels by `NAME VERSION` with what they require; `away` cannot be asked."""

    wheels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    lock_first: bool = True
    installed: Mapping[str, str] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    extras: tuple[str, ...] = ()
    requires_python: str = ""

    def find(self, name: str) -> Found | None:
        if name in self.away:
            raise SourceAway("the index is away")
        files = [
            IndexedWheel(
                filename=f"{name.replace('-', '_')}-{version}-py3-none-any.whl",
                url=f"https://wheels.example/{name}-{version}-py3-none-any.whl",
                version="",
                size=100,
                requires_python=self.requires_python,
            )
            for one, version in (key.split() for key in self.wheels)
            if one == name
        ]
        return Found(page=make_page(name, files, []), origin="pypi") if files else None

    def requirements(self, found: Found, wheel: IndexedWheel) -> Contents:
        assert wheel in found.page.wheels
        name, version, _, _ = parse_wheel_filename(wheel.filename)
        requires = tuple(self.wheels[f"{name} {version}"])
        return Contents(requires=requires, extras=self.extras, unpacked=1000)

    def prefetch(self, names: list[str]) -> None:
        """Nothing is far away."""


PLATFORM: Platform = read_platform()
NUMPY = Lock(
    packages={
        "numpy": Locked(name="numpy", version="2.2.5", filename="numpy.whl", depends=("blas",)),
        "blas": Locked(name="blas", version="1-x", filename="blas.zip", kind="shared_library"),
    },
    imports={"numpy": "numpy"},
)


def solve(asked: Sequence[str], **table: object) -> tuple[list[str], list[tuple[str, str]]]:
    found = resolve(asked, Table(**table), PLATFORM)  # type: ignore[arg-type]
    rules = read_rules()
    assert all(problem.code in rules for problem in found.problems)
    assert all(
        problem.chain[-1:] == (problem.project,) for problem in found.problems if problem.chain
    )
    return (
        [str(file) for file in found.files],
        [(problem.code, " > ".join(problem.chain)) for problem in found.problems],
    )


CASES: list[tuple[list[str], dict[str, list[str]], list[str], list[tuple[str, str]]]] = [
    # asked for, the wheels there are, what is installed, what is in the way
    (["a"], {"a 1": ["b>1"], "b 1": [], "b 2": []}, ["a==1", "b==2"], []),
    (["a"], {"a 1": ["b"], "b 1": ["c"]}, ["a==1", "b==1"], [("no-project", "a > b > c")]),
    (["a", "b<2"], {"a 1": ["b>=2"], "b 1": [], "b 2": []},
     ["a==1", "b==1"], [("conflicting-versions", "a > b")]),
    (["b>=2", "a"], {"a 1": ["b<2"], "b 1": [], "b 2": []},
     ["b==2", "a==1"], [("conflicting-versions", "a > b")]),
    # Both are looked for side by side, and the second does not see the first's choice.
    (["b<2", "b"], {"b 1": [], "b 2": []}, ["b==1", "b==2"], [("two-versions", "b")]),
    (["b", "b<2"], {"b 1": [], "b 2": []}, ["b==2"], [("conflicting-versions", "b")]),
    (["a"], {"a 1": ["a"]}, ["a==1"], []),
    (["a"], {"a 1": ["b"], "b 1": ["a"]}, ["a==1", "b==1"], []),
    (["a"], {"a 1": ["!!"]}, ["a==1"], [("bad-requirement", "a")]),
    (["a"], {"a 1": ["b; sys_platform ~= 'x'"]}, ["a==1"], [("bad-requirement", "a")]),
    (["a; sys_platform ~= 'x'"], {"a 1": []}, [], [("bad-requirement", "a")]),
    (["a[x]"], {"a 1": ["b; extra == 'x'"], "b 1": []}, ["a==1", "b==1"], []),
    (["a[y]"], {"a 1": []}, ["a==1"], [("unknown-extra", "a")]),
    (["a", "a[x]"], {"a 1": ["b; extra == 'x'"], "b 1": []}, ["a==1", "b==1"], []),
    (["a; python_version < '3'"], {"a 1": []}, [], []),
    (["numpy"], {}, ["blas==1-x", "numpy==2.2.5"], []),
    (["numpy>=2"], {"numpy 9": []}, ["blas==1-x", "numpy==2.2.5"], []),
    (["numpy>=3"], {"numpy 9": []}, ["numpy==9"], []),
    (["numpy<2"], {"numpy 9": []}, [], [("no-version", "numpy")]),
    (["numpy<2"], {}, [], [("no-version", "numpy")]),
    (["away"], {}, [], [("source-away", "away")]),
    (["here"], {"here 1": []}, [], []),
    (["here>1"], {"here 2": []}, [], [("conflicting-versions", "here")]),
    (["!", "a"], {"a 1": []}, ["a==1"], [("bad-requirement", "!")]),
    ([""], {}, [], [("bad-requirement", "")]),
    ([], {}, [], []),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "wheels", "installed", "problems"), CASES)
def test_what_is_installed(
    asked: list[str],
    wheels: dict[str, list[str]],
    installed: list[str],
    problems: list[tuple[str, str]],
) -> None:
    found = solve(
        asked,
        wheels=wheels,
        lock=NUMPY,
        installed={"here": "1"},
        away=frozenset({"away"}),
        extras=("x",),
    )
    assert found == (installed, problems)


def test_another_index_comes_before_the_lock_file() -> None:
    table = {"wheels": {"numpy 9": []}, "lock": NUMPY, "lock_first": False}
    assert solve(["numpy"], **table) == (["numpy==9"], [])
    assert solve(["numpy<9"], **table) == (["blas==1-x", "numpy==2.2.5"], [])
    assert solve(["numpy<2"], **table) == ([], [("no-version", "numpy")])


def test_what_a_wheel_says_of_python_keeps_nobody_from_installing_it() -> None:
    found = solve(["a"], wheels={"a 1": []}, requires_python=">=9")
    assert found == (["a==1"], [("other-python", "a")])
    assert solve(["a"], wheels={"a 1": []}, requires_python=">=3.8") == (["a==1"], [])
    assert solve(["a"], wheels={"a 1": []}, requires_python="odd") == (["a==1"], [])


URL = "https://wheels.example/a-1-py3-none-any.whl"


@pytest.mark.parametrize(
    ("asked", "installed", "problems"),
    [
        (URL, ["a==1", "b==1"], []),
        (f"a @ {URL}", ["a==1", "b==1"], []),
        (f"{URL}#sha256=00", ["a==1", "b==1"], []),
        ("https://elsewhere.example/a-1-py3-none-any.whl", ["a==1"], [("unread-url", "a")]),
        ("https://elsewhere.example/new-1-py3-none-any.whl", ["new==1"], [("unread-url", "new")]),
        ("a-1-py3-none-any.whl", ["a==1"], [("unread-url", "a")]),
        ("https://x.example/a-1-cp313-cp313-win32.whl", [], [("no-wheel", "a")]),
        ("a @ https://x.example/a-1.tar.gz", [], [("no-wheel", "a")]),
        ("https://x.example/odd.whl", [], [("no-wheel", "odd.whl")]),
        ("https://x.example/a-1.tar.gz", [], [("bad-requirement", "https://x.example/a-1.tar.gz")]),
        ("git+https://x.example/a.git", [], [("bad-requirement", "git+https://x.example/a.git")]),
        ("./folder", [], [("bad-requirement", "./folder")]),
    ],
)
def test_addresses(asked: str, installed: list[str], problems: list[tuple[str, str]]) -> None:
    assert solve([asked], wheels={"a 1": ["b"], "b 1": []}) == (installed, problems)


def test_what_files_are_told() -> None:
    wheels = Table(wheels={"a 1": ["numpy"]}, lock=NUMPY)
    first, *rest = resolve(["a"], wheels, PLATFORM).files
    assert (first.origin, first.size, first.unpacked) == ("pypi", 100, 1000)
    assert {(one.name, one.origin, one.size) for one in rest} == {
        ("numpy", "lock", None), ("blas", "lock", None),
    }  # fmt: skip


@pytest.mark.parametrize("each", [1, 60])
def test_requirements_without_end_are_ended(each: int) -> None:
    @dataclass(kw_only=True)
    class Endless(Table):
        def find(self, name: str) -> Found | None:
            self.wheels = {f"{name} 1": []}
            return super().find(name)

        def requirements(self, found: Found, wheel: IndexedWheel) -> Contents:
            assert wheel in found.page.wheels
            return Contents(requires=tuple(f"{found.page.name}{one}" for one in range(each)))

    found = resolve(["a"], Endless(), PLATFORM)
    assert {problem.code for problem in found.problems} == {"bad-requirement"}
    assert "more than" in found.problems[-1].detail


@given(
    st.lists(
        st.sampled_from(["a", "b<2", "b>1", "c", "a[x]", "numpy", "numpy<1", "!"]), max_size=5
    ),
    st.dictionaries(
        st.sampled_from(["a 1", "a 2", "b 1", "b 2", "c 1"]),
        st.lists(st.sampled_from(["a", "b", "b<2", "c>1", "numpy", "d; extra == 'x'"]), max_size=3),
    ),
)
def test_any_set_is_answered(asked: list[str], wheels: dict[str, list[str]]) -> None:
    installed, problems = solve(asked, wheels=wheels, lock=NUMPY, extras=("x",))
    assert solve(asked, wheels=wheels, lock=NUMPY, extras=("x",)) == (installed, problems)
    assert len(set(installed)) == len(installed)


def test_lines_of_metadata() -> None:
    found = Contents(
        requires=("b>1 # why", "c; extra == 'Some-More'", "d; sys_platform == 'win32'", "b>1"),
        extras=("Some-More",),
    )
    values = {"sys_platform": "emscripten"}
    assert [str(one) for one in requirements_of(found, [], values)] == ["b>1"]
    named = requirements_of(found, ["some-more"], values)
    assert [one.name for one in named] == ["b", "c"]
    with pytest.raises(KeyError):
        requirements_of(found, ["other"], values)
    with pytest.raises(InvalidRequirement):
        requirements_of(Contents(requires=("!",)), [], values)

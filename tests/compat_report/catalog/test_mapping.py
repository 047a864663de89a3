"""Tables of import names, well-known and a company's own."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.catalog.lock import parse_lock
from compat_report.catalog.mapping import parse_names, prefixes, read_mapping, read_names
from compat_report.errors import BadPolicy
from porter.runtime import Runtime


@pytest.mark.parametrize(
    ("name", "prefix", "project"),
    [
        ("cv2", "cv2", "opencv-python"),
        ("sklearn.linear_model", "sklearn", "scikit-learn"),
        ("PIL.Image", "PIL", "pillow"),
        ("yaml", "yaml", "pyyaml"),
        ("bs4", "bs4", "beautifulsoup4"),
        ("google.cloud.storage.blob", "google.cloud.storage", "google-cloud-storage"),
        ("google.protobuf.message", "google.protobuf", "protobuf"),
        ("mpl_toolkits.basemap", "mpl_toolkits.basemap", "basemap"),
        ("mpl_toolkits.mplot3d", "mpl_toolkits", "matplotlib"),
    ],
)
def test_well_known_names(name: str, prefix: str, project: str) -> None:
    assert read_names().find(name) == (prefix, project)


def test_there_are_some_hundred_well_known_names() -> None:
    names = read_names()
    assert len(names.imports) > 300
    assert all(names.imports.values())
    assert names.find("google.cloud.nothing") is None
    assert "google.cloud" in names.namespaces


def test_a_company_s_file(tmp_path: Path) -> None:
    path = tmp_path / "names.toml"
    path.write_text(
        'namespaces = ["acme"]\n[imports]\n"acme.core" = "Acme_Core"\ncv2 = "acme-cv"\nhouse = ""\n'
    )
    names = read_mapping(path)
    assert names.find("acme.core.x") == ("acme.core", "acme-core")
    assert names.find("acme.other") is None
    assert names.find("house.y") == ("house", "")
    assert names.namespaces == {"acme"}


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        'imports = "x"',
        'namespaces = "acme"',
        "namespaces = [1]",
        'own = "utils"',
        "[imports]\nacme = 1",
        '[imports]\nacme.core = "acme-core"',
        '[imports]\n"acme-core" = "x"',
        '[imports]\n"" = "x"',
        '[imports]\nacme = "no project!"',
        '[improts]\nacme = "x"',
    ],
)
def test_what_is_no_mapping(text: str, tmp_path: Path) -> None:
    path = tmp_path / "names.toml"
    path.write_text(text)
    with pytest.raises(BadPolicy) as raised:
        read_mapping(path)
    assert "names.toml" in raised.value.message
    assert raised.value.advice


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadPolicy):
        read_mapping(tmp_path / "none.toml")


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=8), st.integers())))
def test_any_table_is_names_or_refused(table: dict[str, object]) -> None:
    try:
        names = parse_names({"imports": table}, "here")
    except BadPolicy:
        return
    assert names.imports.keys() == table.keys()


def test_prefixes() -> None:
    assert list(prefixes("a.b.c")) == ["a.b.c", "a.b", "a"]
    assert list(prefixes("")) == []


def test_the_table_reads_as_toml() -> None:
    path = Path(__file__).parents[3] / "compat_report" / "catalog" / "names.toml"
    assert tomllib.loads(path.read_text("utf-8")).keys() == {"imports", "namespaces", "own"}


def test_the_documentation_s_own_example() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "report-catalogue.md"
    (block,) = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    names = parse_names(tomllib.loads(block), "report-catalogue.md")
    assert names.find("acme.pricing.curves") == ("acme.pricing", "acme-pricing")
    assert names.find("acme.other") is None
    assert names.find("house_style") == ("house_style", "")
    assert names.own == {"house_helpers"}


def test_the_table_says_what_the_lock_file_says(runtime: Runtime) -> None:
    lock = parse_lock((runtime.folder / "pyodide-lock.json").read_bytes())
    told = {
        name: (project, lock.imports[name])
        for name, project in read_names().imports.items()
        if lock.imports.get(name, project) != project
    }
    # The release has another project of that name, and its lock file is asked first.
    assert told == {"pygame": ("pygame", "pygame-ce")}

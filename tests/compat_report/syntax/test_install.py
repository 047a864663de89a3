"""Lines of pip and conda → requirements."""

import pytest
from celling import codes, facts_of, found, required
from hypothesis import given
from hypothesis import strategies as st

from compat_report.syntax.install import find_tool, read_requirements_file, split_commands


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("%pip install pandas", ["pandas"]),
        (
            "%pip install -q pandas numpy==1.26.4 'scipy>=1.0,<2'",
            ["pandas", "numpy==1.26.4", "scipy>=1.0,<2"],
        ),
        ('!pip install "dask[complete]>=2024.1"', ["dask[complete]>=2024.1"]),
        ("!pip3 install --upgrade --no-cache-dir x", ["x"]),
        ("!pip3.11 install x", ["x"]),
        ("!python -m pip install x", ["x"]),
        ("!{sys.executable} -m pip install x y", ["x", "y"]),
        ("!sudo pip install x", ["x"]),
        ("!PIP_QUIET=1 pip install x", ["x"]),
        ("%pip install x # for plots", ["x"]),
        ("%pip install \"y; python_version < '3.9'\"", ["y; python_version < '3.9'"]),
        ("%pip install a -i https://index.example/simple b", ["a", "b"]),
        ("%pip install --extra-index-url=https://x.example a", ["a"]),
        ("%pip install -t lib a", ["a"]),
        ("!pip install a && pip install b", ["a", "b"]),
        ("!pip install a; pip install b | tail -1", ["a", "b"]),
        ("!pip install a > /dev/null 2>&1", ["a"]),
        ("!pip install a >= 1.0", ["a>=1.0"]),
        ("!pip install a == 1.0 b", ["a==1.0", "b"]),
        ("%pip install git+https://github.com/x/y.git@v1", ["git+https://github.com/x/y.git@v1"]),
        (
            "%pip install y @ https://x.example/y-1.0-py3-none-any.whl",
            ["y @ https://x.example/y-1.0-py3-none-any.whl"],
        ),
        ("%pip install ./dist/y-1.0-py3-none-any.whl", ["./dist/y-1.0-py3-none-any.whl"]),
        ("%pip install -e .", ["."]),
        ("%uv pip install a", ["a"]),
        ("!uv pip install --system a b", ["a", "b"]),
        ("!uv add a", ["a"]),
        ("%conda install -y -c conda-forge geopandas=0.14", ["geopandas==0.14.*"]),
        ("!conda install conda-forge::fiona python=3.11 'gdal>=3'", ["fiona", "gdal>=3"]),
        ("!mamba install -n env a=1.2=py39_0", ["a==1.2.*"]),
        ("!micromamba install a==1.2", ["a==1.2"]),
        ("%pip install a \\\n  b \\\n  c", ["a", "b", "c"]),
        ("%pip install a, b", ["a", "b"]),
        ("%pip list", []),
        ("%pip uninstall -y a", []),
        ("%pip", []),
        ("!pip", []),
        ("!", []),
        ("%pip install", []),
        ("%pip install -q", []),
        ("%pip install --index-url", []),
    ],
)
def test_lines(line: str, texts: list[str]) -> None:
    assert [text for _, text, _ in required(facts_of(line))] == texts


@pytest.mark.parametrize(
    ("line", "name", "tool"),
    [
        ("%pip install Scikit_Learn", "scikit-learn", "pip"),
        ("%pip install git+https://x.example/y.git#egg=My_Y", "my-y", "pip"),
        ("%pip install https://x.example/My_y-1.0-py3-none-any.whl", "my-y", "pip"),
        ("%pip install https://x.example/my-y-1.0.tar.gz", "my-y", "pip"),
        ("%pip install https://x.example/archive.zip", "", "pip"),
        ("%pip install git+https://x.example/y.git", "", "pip"),
        ("%pip install .", "", "pip"),
        ("%conda install Fiona", "fiona", "conda"),
        ("%mamba install fiona", "fiona", "mamba"),
        ("%uv pip install x", "x", "uv"),
        ("import micropip\nawait micropip.install('X_y==1')", "x-y", "micropip"),
        ("import piplite\nawait piplite.install(['x'])", "x", "piplite"),
        ("# /// script\n# dependencies = ['x>1']\n# ///", "x", "script"),
    ],
)
def test_names_and_tools(line: str, name: str, tool: str) -> None:
    ((found_name, _, found_tool),) = required(facts_of(line))
    assert (found_name, found_tool) == (name, tool)


@pytest.mark.parametrize(
    "line",
    [
        "%pip install {name}",
        "!pip install $NAME",
        "!pip install torch==${VERSION}",
        "%pip install torch=={version}",
        "%pip install a==",
        "%pip install [x]",
        "import micropip\nawait micropip.install(name)",
        "# /// script\n# dependencies = [\n# ///",
    ],
)
def test_what_cannot_be_told_is_a_finding(line: str) -> None:
    facts = facts_of(line)
    assert "unclear-requirement" in codes(found(facts))
    assert required(facts) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", [["a", "b"]]),
        ("a && b || c ; d|e", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("a 'b && c'", [["a", "b && c"]]),
        ("a 'b", [["a", "'b"]]),
        ("", []),
        ("  # x", []),
        ("&&", []),
    ],
)
def test_commands(text: str, expected: list[list[str]]) -> None:
    assert split_commands(text) == expected


def test_other_programs_are_no_tools() -> None:
    for text in ("ls", "pipx install a", "python a.py", "python -m venv x", "conda-build x", ""):
        assert find_tool(text.split()) is None


def test_files_of_requirements() -> None:
    text = "a==1 --hash=sha256:00 \\\n  --hash=sha256:11\n# no\nb[x]>=2 ; python_version>'3' # c\n-r c.txt\n--index-url https://x\n-e .\n--requirement=d.txt\n\n"
    told = [(asked.text, asked.file) for asked in read_requirements_file(text)]
    assert told == [
        ("a==1", False),
        ("b[x]>=2 ; python_version>'3'", False),
        ("c.txt", True),
        (".", False),
        ("d.txt", True),
    ]


@given(st.text(max_size=60))
def test_any_line_is_read(text: str) -> None:
    facts_of(f"%pip install {text}", f"!{text}", f"%conda install {text}")
    list(read_requirements_file(text))

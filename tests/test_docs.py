"""The documentation is true: every example runs, every table is the code's."""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import make_tiny

from porter import cli, errors
from porter.home import Home
from porter.platform import read_platform
from porter.recipe import FIELDS, parse_recipe
from porter.toolchain.model import Toolchain

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w./-]+)`[^`\n]*:\s*\Z")


def read(name: str) -> str:
    return (ROOT / name).read_text()


def steps(page: str) -> Iterator[tuple[str, str, str]]:
    """(language, file name or empty, content) of each fenced block, in order."""
    for match in FENCE.finditer(page):
        named = FILE.search(page[: match.start()].rstrip().rsplit("\n\n", 1)[-1])
        yield match.group(1), named.group(1) if named else "", match.group(2)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """(command, expected output) of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def matches(expected: str, printed: str) -> bool:
    """Whether the output is what the page shows: `...` is anything, columns may be wider."""
    parts = [re.escape(part) for part in squeeze(expected).split("...")]
    return re.fullmatch(r"[\s\S]*?".join(parts), squeeze(printed)) is not None


def squeeze(text: str) -> str:
    """Each line without the white space around it, and with single spaces."""
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def prepare(page: str, folder: Path) -> None:
    """What a page expects its reader to have: a project of theirs, or an empty folder."""
    if page == "README.md":
        folder.mkdir()
        make_tiny(folder / "path" / "to" / "your" / "project")
    elif page.startswith("docs/how-to/"):
        make_tiny(folder)
    else:
        folder.mkdir()


# What a newcomer types first is typed each time, the rest on journeys: each page builds and tests.
FIRST = ("README.md", "docs/tutorial/port-your-first-library.md")
WITH_EXAMPLES = [
    pytest.param(name, marks=[] if name in FIRST else [pytest.mark.journey])
    for name in NAMES
    if "```console" in read(name)
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_example_runs(
    name: str, build_home: Home, env: dict[str, str], toolchain: Toolchain, tmp_path: Path
) -> None:
    folder = tmp_path / ("wordcount" if "tutorial" in name else "tiny")
    prepare(name, folder)
    shell = {
        **os.environ,
        "PATH": env["PATH"],
        "PORTER_HOME": str(build_home.root),
        "EMSCRIPTEN": str(toolchain.path[0]),
    }
    if name == "docs/how-to/use-your-own-emscripten.md":
        # It changes what is installed, which other tests share.
        (build_home.root / "toolchains").unlink()
    ran = 0
    for language, file, content in steps(read(name)):
        if language == "text":
            continue  # shows what is not for this machine: a server's address, another program's file
        if language != "console":
            assert file, f"a block of {language} without a file's name"
            (folder / file).write_text(content)
            continue
        for command, expected in commands(content):
            if command.startswith("make "):
                continue  # this test is part of it; its targets are compared below
            code = int((re.search(r"# exits with (\d+)", command) or [0, 0])[1])
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=shell,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == code, done.stdout
            assert not expected or matches(expected, done.stdout), (command, done.stdout)
            ran += 1
    assert ran > 0


def test_links_lead_somewhere() -> None:
    found = 0
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if "://" not in target:
                found += 1
                assert (page.parent / target).exists(), f"{page.name}: {target}"
    assert found > 30


def test_every_page_is_on_the_map() -> None:
    shown = read("docs/index.md")
    for page in (ROOT / "docs").rglob("*.md"):
        if page.name != "index.md":
            assert str(page.relative_to(ROOT / "docs")) in shown


def parsers(
    parser: argparse.ArgumentParser, name: str = "porter"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that takes options of its own."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for action in below:
        for word, inner in action.choices.items():
            yield from parsers(inner, f"{name} {word}")


def test_the_commands_are_all_there_with_every_option() -> None:
    page = read("docs/reference/commands.md")
    sections = dict(
        re.findall(
            r"^## `([\w ]+?)(?: [A-Z…]+)?`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
        )
    )
    found = {
        name: parser
        for name, parser in parsers(cli._parser())
        if not name.startswith("porter index ")
    }
    assert set(sections) == set(found)
    for name, parser in found.items():
        options = {
            f"{a.option_strings[0]} {a.metavar or ''}".strip(): a
            for a in parser._actions
            if a.option_strings and a.dest != "help"
        }
        told = dict(re.findall(r"^\| `(--[^`]+)` \| (.*) \|$", sections[name], re.MULTILINE))
        assert set(told) == set(options), name
        for option, action in options.items():
            missing = [word for word in action.choices or () if f"`{word}`" not in told[option]]
            assert not missing, (name, option)
    assert f"(default: {read_platform().pyodide})" in page
    assert found["porter build"].get_default("timeout") == 300, page


def test_the_errors_are_all_there_with_their_codes() -> None:
    told = dict(
        re.findall(r"^\| `(\w+)` \| (\d+) \|", read("docs/reference/errors.md"), re.MULTILINE)
    )
    real = {
        name: str(value.exit_code)
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.PorterError)
    }
    assert told == real


@pytest.mark.parametrize(
    ("program", "page"),
    [
        ("findings.py", "findings.md"),
        ("index_commands.py", "index-commands.md"),
        ("management_api.py", "management-api.md"),
        ("report_rules.py", "report-rules.md"),
    ],
)
def test_pages_that_are_made_of_data_are_new(program: str, page: str) -> None:
    printed = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "docs/reference" / program],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed == read(f"docs/reference/{page}"), "run `make docs`"


def test_the_fields_of_a_recipe_are_all_there() -> None:
    page = read("docs/reference/recipe.md")
    sections = dict(
        re.findall(r"^## `\[(\w+)\]`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    )
    assert set(sections) == set(FIELDS)
    assert "(recipe.md#audit)" in read("docs/reference/findings.md")
    for table, fields in FIELDS.items():
        told = {
            name
            for row in re.findall(r"^\| (`[^|]+) \|", sections[table], re.MULTILINE)
            for name in re.findall(r"`([\w-]+)`", row)
        }
        assert told == set(fields), table


def test_each_recipe_that_is_shown_is_one() -> None:
    shown = 0
    for name in NAMES:
        for language, file, content in steps(read(name)):
            if language == "toml" and (not file or file == "recipe.toml"):
                parse_recipe(tomllib.loads(content), name="shown", folder=ROOT, where=name)
                shown += 1
    assert shown > 0


def test_the_picture_is_drawn_from_a_terminals_output() -> None:
    sha256 = "0123456789ab" + "c" * 52
    output = f"sh bootstrap.sh\n[   0.1 s] regex: reading\n[   9.9 s] regex: built it\n\n{sha256}  dist/it.whl\n"
    drawn = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "docs/images/render.py", "make demo"],
        input=output,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = drawn.replace("&#160;", " ")
    for shown in ("$ make demo", "regex: built it", "0123456789ab…  dist/it.whl"):
        assert shown in words
    assert "reading" not in words
    assert "bootstrap" not in words
    assert sha256 not in words
    shown_in_demo = re.search(r"^RECIPES := (.+)$", read("Makefile"), re.MULTILINE)
    assert shown_in_demo is not None
    for recipe in re.findall(r"recipes/(\w+)", shown_in_demo[1]):
        assert recipe in read("docs/images/demo.svg")


def test_the_folders_of_the_cache_are_all_there() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", read("docs/reference/cache.md"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    home = Home(root=Path("/home"))
    named = {n for n, v in vars(Home).items() if isinstance(v, property) and getattr(home, n)}
    assert told == named | {"locks", "npm", "pip", "uv"}


def test_each_dependency_has_its_reason() -> None:
    told = re.findall(
        r"^- `([\w-]+)`: .{20,}", read("docs/explanation/dependencies.md"), re.MULTILINE
    )
    project = tomllib.loads(read("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["index"], *extras["report"], *extras["cluster"]]
    needed += [*extras["store"], *extras["lab"]]
    # An extra may hold another one, which has its own list.
    named = dict.fromkeys(re.split(r"[<>=[]", text)[0] for text in needed)
    assert told == [name for name in named if name != project["name"]]


def test_what_the_readme_promises_is_there() -> None:
    promised = set(re.findall(r"`make (\w+)`|^\$ make (\w+)", read("README.md"), re.MULTILINE))
    names = {name for pair in promised for name in pair if name}
    names |= set(re.findall(r"`make (\w+)`", read("CONTRIBUTING.md")))
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    assert names >= {"demo", "test"}
    assert names <= targets


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = read("requirements.lock")
    assert "://" not in lock
    pinned = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    assert len(pinned) > 40
    assert lock.count("--hash=sha256:") >= len(pinned)

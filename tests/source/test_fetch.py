"""Addresses, and sources that were fetched before."""

import hashlib
from pathlib import Path

import pytest
from projects import make_sdist, make_tiny
from repository import commit_all
from shelf import serve_shelf

from porter.errors import (
    ConfigurationError,
    HashMismatch,
    PorterError,
    SourceNotFound,
    Unreachable,
    UsageError,
)
from porter.home import Home
from porter.platform import Platform
from porter.recipe import Recipe, read_recipe
from porter.source import Address, Fetched, Source, fetch_source, parse_source, recipe_source
from porter.source.fetch import locate_source, write_sources

# Nobody listens there.
AWAY = "http://127.0.0.1:9/pool"


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    return make_sdist(make_tiny(tmp_path / "tiny"), tmp_path / "tiny-1.0.tar.gz")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def address(url: str, digest: str) -> Source:
    return Source(recipe=Recipe(name="tiny"), origin=Address(url=url), sha256=digest)


def test_an_address(
    sdist: Path, platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    with serve_shelf(sdist) as shelf:
        url = f"{shelf.url}/files/tiny-1.0.tar.gz"
        source = parse_source(
            f"{url}#sha256={sha256(sdist)}", recipes=tmp_path / "recipes", platform=platform
        )
        assert source == address(url, sha256(sdist))
        inside = shelf.env(env)
        fetched = fetch_source(source, platform=platform, home=scratch_home, env=inside)
        assert fetched.path.read_bytes() == sdist.read_bytes()
        assert shelf.asked == ["/files/tiny-1.0.tar.gz"]
        assert fetched.identity == locate_source(source, home=scratch_home, env=inside)
        fetch_source(source, platform=platform, home=scratch_home, env=inside)
        assert len(shelf.asked) == 1, "it is kept by its content"
        with pytest.raises(HashMismatch, match="its recipe promised 0000"):
            fetch_source(address(url, "0" * 64), platform=platform, home=scratch_home, env=inside)


def test_a_host_that_is_away(
    sdist: Path, platform: Platform, scratch_home: Home, env: dict[str, str]
) -> None:
    with serve_shelf(sdist) as shelf:

        def fetch(filename: str, digest: str) -> Fetched:
            source = address(f"{AWAY}/{filename}?x=1", digest)
            return fetch_source(source, platform=platform, home=scratch_home, env=shelf.env(env))

        assert fetch("Tiny-1.0.tar.gz", sha256(sdist)).path.name == "tiny-1.0.tar.gz"
        assert shelf.asked == ["/simple/tiny/", "/files/tiny-1.0.tar.gz"]
        for filename in ("tiny-1.0.tar.gz", "absent-1.0.tar.gz", "v1.0.zip"):
            with pytest.raises(Unreachable, match="no file of sha256 1111"):
                fetch(filename, "1" * 64)


def test_a_folder_needs_no_network(
    sdist: Path, platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    commit = commit_all(tmp_path / "tiny")
    with serve_shelf(sdist) as shelf:
        sources = [
            parse_source("pkg:pypi/tiny@1.0", recipes=tmp_path, platform=platform),
            address(f"{shelf.url}/files/tiny-1.0.tar.gz", sha256(sdist)),
            parse_source(f"git+{tmp_path / 'tiny'}@{commit}", recipes=tmp_path, platform=platform),
            parse_source(str(tmp_path / "tiny"), recipes=tmp_path, platform=platform),
        ]
        inside = shelf.env(env)
        fetched = [
            fetch_source(source, platform=platform, home=scratch_home, env=inside)
            for source in sources
        ]
        assert locate_source(sources[0], home=scratch_home, env=inside) == fetched[0].identity
    folder, empty = tmp_path / "fetched", Home(root=tmp_path / "empty")
    write_sources(fetched, folder)
    write_sources(fetched[:1], folder)
    assert not (folder / fetched[3].sha256).exists(), "a folder stays where it is"
    for source, item in zip(sources, fetched, strict=True):
        offline = fetch_source(source, platform=platform, home=empty, env={}, sources=folder)
        assert (offline.sha256, offline.identity) == (item.sha256, item.identity)
        assert locate_source(source, home=empty, env={}, sources=folder) == item.identity
    other = parse_source("pkg:pypi/other@1.0", recipes=tmp_path, platform=platform)
    with pytest.raises(SourceNotFound, match=r"pkg:pypi/other@1.0 is not in"):
        fetch_source(other, platform=platform, home=empty, env={}, sources=folder)
    (folder / fetched[0].sha256 / "tiny-1.0.tar.gz").write_bytes(b"other")
    with pytest.raises(HashMismatch):
        fetch_source(sources[0], platform=platform, home=empty, env={}, sources=folder)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("https://example.org/x-1.tar.gz", UsageError, "#sha256=HEX after it"),
        ("https://example.org/x#sha256=00", UsageError, "not the name of an sdist"),
        ("nowhere", SourceNotFound, "no such folder"),
    ],
)
def test_what_is_no_source(
    text: str, error: type[PorterError], words: str, tmp_path: Path, platform: Platform
) -> None:
    with pytest.raises(error, match=words):
        parse_source(text, recipes=tmp_path, platform=platform)


@pytest.mark.parametrize("digest", ["", "../../etc", "A" * 64])
def test_a_promise_that_is_none(
    digest: str, platform: Platform, scratch_home: Home, env: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match=r"64 hexadecimal|is no sha256"):
        fetch_source(address(AWAY, digest), platform=platform, home=scratch_home, env=env)


def test_what_a_recipe_names(tmp_path: Path) -> None:
    folder = tmp_path / "recipes" / "tiny"
    folder.mkdir(parents=True)

    def source(text: str) -> Source:
        (folder / "recipe.toml").write_text(f"[source]\n{text}\n")
        return recipe_source(read_recipe(folder))

    project = make_tiny(tmp_path / "tiny")
    assert source('path = "../../tiny"').origin == project
    assert source(f'url = "https://e.org/t.zip"\nsha256 = "{"a" * 64}"').origin == Address(
        url="https://e.org/t.zip"
    )
    assert source('purl = "pkg:pypi/tiny@1"\nsha256 = "b"').sha256 == "b"
    with pytest.raises(ConfigurationError, match="is no address"):
        source('url = "file:///etc/passwd"\nsha256 = "c"')
    with pytest.raises(SourceNotFound, match=r"its source .* is not there"):
        source('path = "../nowhere"')
    with pytest.raises(SourceNotFound, match="neither pyproject"):
        source('path = "."')
    with pytest.raises(SourceNotFound, match="names no source"):
        recipe_source(Recipe(name="x"))

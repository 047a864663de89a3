"""Upstream's archives of Debian's source packages, by an apt that is configured for this alone."""

import hashlib
import tarfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import override

import pytest
from projects import make_tiny

from porter.errors import (
    ConfigurationError,
    HashMismatch,
    MissingRequirement,
    PorterError,
    Unreachable,
    UsageError,
)
from porter.home import Home
from porter.new import write_recipe
from porter.platform import Platform
from porter.recipe import Recipe, read_recipe
from porter.source import Debian, Source, fetch_source, lay_source, parse_source, recipe_source
from porter.source.debian import fetch_debian, pool_paths
from porter.source.fetch import locate_source, write_sources

PURL = "pkg:deb/debian/tiny@1:1.0%2Bdfsg-2?arch=source"
TINY = Debian(name="tiny", tag="1:1.0+dfsg-2")
PLACE = "pool/main/t/tiny/tiny_1.0+dfsg.orig.tar.gz"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder that is an archive of Debian's, with upstream's archive of one source package."""
    path = tmp_path / "archive" / PLACE
    path.parent.mkdir(parents=True)
    make_tiny(tmp_path / "tiny")
    with tarfile.open(path, "w:gz") as file:
        file.add(tmp_path / "tiny", "tiny-1.0")
    return tmp_path / "archive"


@pytest.fixture
def sha256(archive: Path) -> str:
    return hashlib.sha256((archive / PLACE).read_bytes()).hexdigest()


@pytest.fixture
def apt(archive: Path, tmp_path: Path, env: dict[str, str]) -> Iterator[dict[str, str]]:
    """An environment whose apt has two archives: an empty one, and that one."""
    (tmp_path / "archive" / "empty").mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(archive))  # type: ignore[arg-type]

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        lists = tmp_path / "sources.list"
        lists.write_text(f"deb {url}/empty/debian stable main\ndeb {url} stable main\n")
        conf = tmp_path / "apt.conf"
        conf.write_text(
            f'Dir::Etc::SourceList "{lists}";\nDir::Etc::SourceParts "/dev/null";\n'
            f'Dir::State::Lists "{tmp_path}";\nAcquire::http::Proxy "DIRECT";\n'
        )
        try:
            yield {**env, "APT_CONFIG": str(conf)}
        finally:
            server.shutdown()
            thread.join()


def debian(sha256: str, package: Debian = TINY) -> Source:
    return Source(recipe=Recipe(name="tiny"), origin=package, sha256=sha256)


@pytest.mark.parametrize(
    ("tag", "upstream", "places"),
    [
        ("1:1.0+dfsg-2", "1.0+dfsg", "pool/main/t/tiny/tiny_1.0+dfsg.orig.tar.xz"),
        ("2.1.5-4", "2.1.5", "pool/main/t/tiny/tiny_2.1.5.orig.tar.xz"),
        ("1.0-rc1-0.1", "1.0-rc1", "pool/main/t/tiny/tiny_1.0-rc1.orig.tar.xz"),
        ("12.4", "12.4", "pool/main/t/tiny/tiny_12.4.tar.xz"),
    ],
)
def test_versions_are_read_as_debian_writes_them(tag: str, upstream: str, places: str) -> None:
    package = Debian(name="tiny", tag=tag)
    assert package.upstream == upstream
    found = list(pool_paths(package))
    assert found[0] == places
    assert [place.rpartition(".")[2] for place in found] == ["xz", "gz", "bz2"]
    library = Debian(name="libtiny", tag=tag)
    assert next(pool_paths(library)).startswith("pool/main/libt/libtiny/libtiny_")


def test_a_recipe_names_it(tmp_path: Path, platform: Platform, sha256: str) -> None:
    folder = tmp_path / "recipes" / "tiny"
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(f'[source]\npurl = "{PURL}"\nsha256 = "{sha256}"\n')
    source = recipe_source(read_recipe(folder))
    assert (source.origin, source.sha256, source.where) == (TINY, sha256, PURL)
    assert source.recipe.told_version == "", "Debian's version is not the project's own"
    for text in (PURL, f"{PURL}&checksum=sha256:{sha256}", PURL.replace("?arch=source", "")):
        named = parse_source(text, recipes=folder.parent, platform=platform)
        assert (named.origin, named.sha256, named.name) == (TINY, sha256, "tiny")
    assert parse_source(source.public, recipes=folder.parent, platform=platform) == source
    (folder / "recipe.toml").write_text(f'[source]\npurl = "{PURL}"\n')
    with pytest.raises(ConfigurationError, match=r"source.purl of Debian needs source.sha256"):
        read_recipe(folder)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (PURL, UsageError, "needs a hash"),
        ("pkg:deb/debian/tiny", UsageError, "with a version"),
        ("pkg:deb/ubuntu/tiny@1-1", UsageError, "source packages of Debian"),
        ("pkg:deb/debian/tiny@1-1?arch=amd64", UsageError, "only source packages"),
        ("pkg:deb/debian/..%2Ftiny@1-1", UsageError, "source packages of Debian"),
        ("pkg:deb/debian/tiny@1%2F..-1", UsageError, "with a version"),
    ],
)
def test_what_is_no_source_package(
    text: str, error: type[PorterError], words: str, tmp_path: Path, platform: Platform
) -> None:
    with pytest.raises(error, match=words):
        parse_source(text, recipes=tmp_path, platform=platform)


def test_it_is_fetched_and_unpacked(
    apt: dict[str, str],
    sha256: str,
    scratch_home: Home,
    platform: Platform,
    tmp_path: Path,
    archive: Path,
) -> None:
    source = debian(sha256)
    assert locate_source(source, home=scratch_home, env=apt) == sha256
    fetched = fetch_source(source, platform=platform, home=scratch_home, env=apt)
    assert fetched.path.name == "tiny_1.0+dfsg.orig.tar.gz"
    assert (fetched.sha256, fetched.identity) == (sha256, sha256)
    lay_source(fetched, tmp_path / "src", log=tmp_path / "log", env=apt)
    assert (tmp_path / "src" / "pyproject.toml").is_file()
    (archive / PLACE).unlink()
    again = fetch_source(source, platform=platform, home=scratch_home, env=apt)
    assert again.path == fetched.path, "it is kept by its content"
    write_sources([fetched], tmp_path / "fetched")
    offline = fetch_source(
        source, platform=platform, home=scratch_home, env={}, sources=tmp_path / "fetched"
    )
    assert offline.path.read_bytes() == fetched.path.read_bytes()


def test_other_bytes_are_refused(
    apt: dict[str, str], scratch_home: Home, platform: Platform
) -> None:
    with pytest.raises(HashMismatch, match=f"{'0' * 64} was promised"):
        fetch_source(debian("0" * 64), platform=platform, home=scratch_home, env=apt)
    assert not [*(scratch_home.downloads / ("0" * 64)).glob("*")], "nor are they kept"


def test_what_no_archive_has(
    apt: dict[str, str], sha256: str, scratch_home: Home, platform: Platform
) -> None:
    newer = debian(sha256, Debian(name="tiny", tag="1.1-1"))
    with pytest.raises(Unreachable, match=r"version 1\.1 of its source package") as caught:
        fetch_source(newer, platform=platform, home=scratch_home, env=apt)
    assert caught.value.log is not None
    assert "404" in caught.value.log.read_text()


def test_a_system_without_apt(sha256: str, scratch_home: Home) -> None:
    with pytest.raises(MissingRequirement, match="this system has no apt"):
        fetch_debian(TINY, sha256, home=scratch_home, env={}, helper=Path("/nowhere/apt-helper"))


def test_a_first_recipe_of_it(
    apt: dict[str, str], sha256: str, scratch_home: Home, platform: Platform, tmp_path: Path
) -> None:
    written = write_recipe(
        "tiny",
        f"{PURL}&checksum=sha256:{sha256}",
        recipes=[tmp_path / "recipes"],
        platform=platform,
        home=scratch_home,
        env=apt,
        replaces=False,
    )
    assert f'purl = "{PURL}"\nsha256 = "{sha256}"\n' in written.path.read_text()

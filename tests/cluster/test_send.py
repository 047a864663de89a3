"""What is sent is, where it arrives, the same source: its inputs have the same key."""

import subprocess
from pathlib import Path

import pytest
from projects import make_pure, make_tiny

from porter.cluster.model import Sent
from porter.cluster.send import open_source, receive_file, send_file, send_source, sent_path
from porter.errors import ConfigurationError, HashMismatch, SourceNotFound
from porter.home import Home
from porter.inputs import build_inputs
from porter.platform import Platform
from porter.source import Fetched, Source, fetch_source, parse_source
from porter.store.objects import Objects, open_objects

PATCH = "--- a/tiny.c\n+++ b/tiny.c\n@@ -1 +1 @@\n-#include <Python.h>\n+#include <Python.h>  \n"


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_objects(str(tmp_path / "store"), {})


@pytest.fixture
def far(tmp_path: Path) -> Home:
    return Home(root=tmp_path / "far")


def inputs_of(source: Source, platform: Platform, home: Home) -> dict[str, str]:
    fetched = fetch_source(source, platform=platform, home=home, env={})
    return build_inputs(
        source.recipe,
        identity=fetched.identity,
        platform=platform,
        toolchain="t",
        host={},
        audited=True,
    )


def travel(
    source: Source, objects: Objects, platform: Platform, home: Home, far: Home
) -> tuple[dict[str, str], Sent | None]:
    """The inputs that a worker comes to, and the archive."""
    fetched = fetch_source(source, platform=platform, home=home, env={})
    sent, archive = send_source(fetched, objects, home)
    received = receive_file(archive, objects, far) if archive is not None else None
    with open_source(sent, received, far) as there:
        inputs = inputs_of(there, platform, far)
        for path in (*there.recipe.patches, *(file for file, _ in there.recipe.extras)):
            assert path.is_file()
    assert not [*far.work.iterdir()]
    return inputs, archive


def put_around(folder: Path) -> Path:
    """A recipe with a script, a patch, an extra file and a file of its own, around a project."""
    make_tiny(folder / "src")
    (folder / "a.patch").write_text(PATCH)
    (folder / "extra.c").write_text("int x;\n")
    (folder / "used.sh").write_text("true\n")
    (folder / "used.sh").chmod(0o755)
    (folder / "recipe.toml").write_text(
        '[package]\nversion = "1.0"\n[source]\npath = "src"\n'
        '[source.extras]\n"extra.c" = "extra.c"\n'
        '[build]\npatches = ["a.patch"]\nscript = "bash $RECIPE/used.sh"\n'
    )
    return folder


def put_crates(folder: Path) -> Path:
    """A recipe whose crates lie beside its folder."""
    make_tiny(folder / "src")
    crate = folder.parent / "crates" / "six"
    crate.mkdir(parents=True)
    (crate / "Cargo.toml").write_text('[package]\nname = "six"\n')
    (folder / "recipe.toml").write_text(
        '[package]\nversion = "1.0"\n[source]\npath = "src"\n[build]\ncrates = "../crates"\n'
    )
    return folder


def put_git(folder: Path) -> Path:
    """A project whose version git tells, all of whose refs are packed."""
    make_tiny(folder)
    (folder / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools-scm"]\n')
    me = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (
        ["init", "-q"],
        ["add", "."],
        [*me, "commit", "-qm", "x"],
        ["tag", "v1"],
        ["pack-refs", "--all"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    "put", [make_tiny, put_around, put_crates, put_git, lambda folder: make_pure(folder, "pure")]
)
def test_a_folder_arrives_as_it_is(
    put: object, objects: Objects, platform: Platform, scratch_home: Home, far: Home, tmp_path: Path
) -> None:
    assert callable(put)
    folder = put(tmp_path / "it")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"x")
    source = parse_source(str(folder), recipes=[tmp_path], platform=platform)
    there, archive = travel(source, objects, platform, scratch_home, far)
    assert there == inputs_of(source, platform, scratch_home)
    assert archive is not None
    assert travel(source, objects, platform, scratch_home, far)[1] == archive, "the same bytes"


def test_only_what_cannot_be_fetched_is_sent(
    objects: Objects, platform: Platform, scratch_home: Home, tmp_path: Path
) -> None:
    source = parse_source(
        f"pkg:pypi/tiny@1.0?checksum=sha256:{'0' * 64}", recipes=[tmp_path], platform=platform
    )
    fetched = Fetched(source=source, sha256=source.sha256, path=tmp_path)
    assert send_source(fetched, objects, scratch_home) == (source, None)


def test_history_that_lies_elsewhere_is_told_of(
    objects: Objects, platform: Platform, scratch_home: Home, tmp_path: Path
) -> None:
    folder = put_git(tmp_path / "it")
    (folder / ".git").rename(tmp_path / "elsewhere")
    (folder / ".git").write_text(f"gitdir: {tmp_path / 'elsewhere'}\n")
    source = parse_source(str(folder), recipes=[tmp_path], platform=platform)
    fetched = fetch_source(source, platform=platform, home=scratch_home, env={})
    with pytest.raises(ConfigurationError, match="lies elsewhere"):
        send_source(fetched, objects, scratch_home)


def test_what_arrives_is_checked(objects: Objects, far: Home, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"as it was")
    sent = send_file(tmp_path / "x.tar", objects)
    objects.put(sent_path(sent), b"not at all")
    with pytest.raises(HashMismatch):
        receive_file(sent, objects, far)
    assert not [*far.downloads.glob("*/*")]
    send_file(tmp_path / "x.tar", objects)
    assert receive_file(sent, objects, far).read_bytes() == b"as it was"
    with pytest.raises(SourceNotFound, match="not in the store any more"):
        receive_file(Sent(sha256="0" * 64, filename="y"), objects, far)

"""What one machine alone has, sent to another through the store: by its hash, checked there.

It lies among the store's files without an entry: whoever cleans up removes it after a day.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from porter.archive import unpack_tar
from porter.cluster.model import Sent
from porter.errors import ConfigurationError, SourceNotFound
from porter.home import Home, hash_file, new_file
from porter.pack import pack_files, walk_files
from porter.recipe import Recipe
from porter.source import Fetched, Source
from porter.source.model import mismatch
from porter.store.model import FILES
from porter.store.objects import Objects
from porter.store.shared import RENEWED
from porter.tree import copy_tree, list_tree
from porter.versioned import copy_git, versioned_by_git

SOURCE, RECIPE, BESIDE = "source", "recipe", "beside"


def sent_path(sent: Sent) -> str:
    """Where it lies in the store."""
    return f"{FILES}/{sent.sha256}/{sent.filename}"


def send_file(path: Path, objects: Objects, *, sha256: str = "") -> Sent:
    """Have a file in the store, by the hash of its bytes. Raises StoreAway, NoSpace."""
    sent = Sent(sha256=sha256 or hash_file(path), filename=path.name)
    there = objects.stat(sent_path(sent))
    fresh = there is not None and datetime.now(UTC) - there.modified < RENEWED
    if there is None or not fresh or there.size != path.stat().st_size:
        objects.put(sent_path(sent), path)
    return sent


def receive_file(sent: Sent, objects: Objects, home: Home) -> Path:
    """The file, kept among what was fetched. Raises SourceNotFound, HashMismatch, StoreAway."""
    target = home.downloads / sent.sha256 / sent.filename
    if target.is_file() and hash_file(target) == sent.sha256:
        return target
    digest = hashlib.sha256()
    with new_file(target) as beside:
        try:
            with beside.open("wb") as file:
                for chunk in objects.chunks(sent_path(sent)):
                    digest.update(chunk)
                    file.write(chunk)
        except FileNotFoundError as error:
            raise SourceNotFound(f"{sent.filename} is not in the store any more") from error
        if digest.hexdigest() != sent.sha256:
            raise mismatch(sent_path(sent), digest.hexdigest(), sent.sha256)
    return target


def send_source(fetched: Fetched, objects: Objects, home: Home) -> tuple[Source, Sent | None]:
    """What its build needs of this machine, as one archive, and the source with paths in that.

    The archive's bytes depend on the files' names, contents and modes alone; it is None where all
    can be fetched. Raises ConfigurationError for history that git keeps elsewhere.
    """
    home.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="send-", dir=home.work) as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        source = _lay(fetched, tree)
        files = list(walk_files(tree))
        if not files:
            return source, None
        archive = Path(scratch) / f"{source.name}.tar"
        pack_files(tree, files, archive)
        return source, send_file(archive, objects)


@contextmanager
def open_source(source: Source, archive: Path | None, home: Home) -> Iterator[Source]:
    """The source of `send_source` with its files unpacked, until the context ends."""
    home.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sent-", dir=home.work) as scratch:
        root = Path(scratch)
        if archive is not None:
            unpack_tar(archive, root)
            if (root / SOURCE / ".git").is_dir():
                # An archive has no empty folders, and git knows its own by this one.
                (root / SOURCE / ".git" / "refs").mkdir(exist_ok=True)
        yield _moved(source, lambda path: path if path.is_absolute() else root / path)


def _lay(fetched: Fetched, tree: Path) -> Source:
    """Fill the tree; the source with paths that are relative to it."""
    source, recipe = fetched.source, fetched.source.recipe
    origin, folder = source.origin, recipe.folder
    places: dict[Path, str] = {}
    given = [*recipe.patches, *(file for file, _ in recipe.extras), *filter(None, [recipe.crates])]
    if isinstance(origin, Path) and origin.is_dir():
        places[origin] = SOURCE
        _lay_folder(fetched, origin, tree / SOURCE)
    elif isinstance(origin, Path):
        given.append(origin)
    if folder is not None:
        known = places.get(folder.resolve())
        places[_absolute(folder)] = known or RECIPE
        if known is None and folder.is_dir():
            copy_tree(list_tree(folder, leave_out=recipe.path), tree / RECIPE)

    def place(path: Path) -> Path:
        path = _absolute(path)
        for top, name in places.items():
            if path.is_relative_to(top):
                return Path(name) / path.relative_to(top)
        number = hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]
        return Path(BESIDE) / number / path.name

    for path in given:
        _copy(path, tree / place(path))
    return _moved(source, place)


def _lay_folder(fetched: Fetched, folder: Path, target: Path) -> None:
    target.mkdir()
    copy_tree(fetched.entries, target)
    if versioned_by_git(folder):
        if not (folder / ".git").is_dir():
            raise ConfigurationError(
                f"{folder}: the history that its version is read from lies elsewhere",
                advice="give the repository, git+URL@COMMIT, or a clone of its own",
            )
        copy_git(folder, target)


def _copy(path: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        copy_tree(list_tree(path), target)
    else:
        shutil.copy2(path, target)


def _absolute(path: Path) -> Path:
    """Without `..`, which would lead out of an archive, and with links as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 # `resolve` follows links


def _moved(source: Source, place: Callable[[Path], Path]) -> Source:
    """A source, and its recipe, whose files lie elsewhere."""
    recipe, origin = source.recipe, source.origin

    def maybe(path: Path | None) -> Path | None:
        return place(path) if path is not None else None

    moved: Recipe = replace(
        recipe,
        folder=maybe(recipe.folder),
        file=maybe(recipe.file),
        path=maybe(recipe.path),
        crates=maybe(recipe.crates),
        patches=tuple(place(path) for path in recipe.patches),
        extras=tuple((place(file), where) for file, where in recipe.extras),
        tests=tuple(place(path) for path in recipe.tests),
    )
    return replace(
        source, recipe=moved, origin=place(origin) if isinstance(origin, Path) else origin
    )

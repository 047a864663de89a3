"""Notebooks in folders and in buckets, by name; reading one of them."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from compat_report.errors import SourceAway
from compat_report.model import Location, Notebook
from compat_report.reading.find import NOTEBOOKS
from compat_report.reading.read import parse_notebook, read_notebook
from compat_report.rules import find

if TYPE_CHECKING:
    from obstore.store import ObjectStore

BUCKETS = frozenset({"s3", "gs", "az", "abfs", "abfss"})
# An object of more bytes is not fetched: it has to be held whole.
MOST_BYTES = 512 << 20
STDIN = "-"
CHECKPOINTS = ".ipynb_checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One notebook: `name` is how it is shown, `place` a path, an object's URL, or "-".

    `stamp` changes with an object's bytes; empty where nobody says, as for files, which are
    asked themselves.
    """

    name: str
    place: str
    stamp: str = ""


def is_bucket(given: str) -> bool:
    """Whether what was given is an address of objects."""
    return urlsplit(given).scheme in BUCKETS if "://" in given else False


def list_files(paths: Iterable[Path], here: Path) -> Iterator[Source]:
    """Files, named from where people stand where they are below it."""
    prefix = f"{here}{os.sep}"
    for path in paths:
        place = str(path)
        yield Source(name=place.removeprefix(prefix), place=place)


def list_bucket(url: str) -> Iterator[Source]:
    """The `.ipynb` objects at or below a URL such as `s3://BUCKET/PREFIX`.

    Copies that Jupyter makes are left out. Raises SourceAway.
    """
    import obstore
    from obstore.exceptions import BaseError

    url = url.rstrip("/")
    try:
        if PurePosixPath(url).suffix in NOTEBOOKS:
            parent, _, name = url.rpartition("/")
            meta = obstore.head(_open(parent), name)
            yield Source(name=url, place=url, stamp=_stamp(meta))
            return
        for chunk in obstore.list(_open(url), chunk_size=1000):
            for meta in chunk:
                path = PurePosixPath(meta["path"])
                if path.suffix in NOTEBOOKS and CHECKPOINTS not in path.parts:
                    place = f"{url}/{path}"
                    yield Source(name=place, place=place, stamp=_stamp(meta))
    except (BaseError, OSError, ValueError) as error:
        raise SourceAway(
            f"{url} cannot be listed: {_first_line(error)}",
            advice="see that the bucket is there, and that the environment has its credentials",
        ) from error


def read_source(place: str, *, name: str, data: bytes | None = None) -> Notebook:
    """Read one; `data` are its bytes, where they are known. Never raises for what it is."""
    if data is not None:
        return parse_notebook(data, name=name, folder=folder_of(place))
    if "://" not in place:
        return read_notebook(Path(place), name=name)
    try:
        fetched = fetch_object(place)
    except (OSError, ValueError) as error:
        return _unread(name, str(error))
    return parse_notebook(fetched, name=name, folder=None)


def fetch_object(place: str) -> bytes:
    """The bytes of one object; raises OSError, ValueError for one that is too large."""
    import obstore
    from obstore.exceptions import BaseError

    parent, _, name = place.rpartition("/")
    try:
        found = obstore.get(_open(parent), name)
        if found.meta["size"] > MOST_BYTES:
            raise ValueError("it is too large")
        return bytes(found.bytes())
    except BaseError as error:
        raise OSError(_first_line(error)) from error


def read_stdin() -> bytes:
    """What is on standard input."""
    return sys.stdin.buffer.read()


def folder_of(place: str) -> str | None:
    """The folder whose modules a notebook can import; None for objects and standard input."""
    return None if "://" in place or place == STDIN else os.path.dirname(place)  # noqa: PTH120


def suffix_of(place: str) -> str:
    """What tells a notebook's format: `.ipynb`, `.py`."""
    return os.path.splitext(place)[1]  # noqa: PTH122 — of URLs too


def by_name(sources: Iterable[Source]) -> Sequence[Source]:
    """Sorted, each place once."""
    unique = {source.place: source for source in sources}
    return sorted(unique.values(), key=lambda source: source.name)


@lru_cache(maxsize=64)
def _open(url: str) -> "ObjectStore":
    """With the credentials that the provider's own tools would find in the environment."""
    import obstore

    return obstore.store.from_url(url)


def _stamp(meta: object) -> str:
    tag = meta.get("e_tag") if isinstance(meta, dict) else None
    return f"{tag}:{meta['size']}" if tag and isinstance(meta, dict) else ""


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _unread(name: str, detail: str) -> Notebook:
    finding = find("unreadable-notebook", Location(path=name), name, detail=detail)
    return Notebook(path=name, format="unknown", sha256="", findings=(finding,))

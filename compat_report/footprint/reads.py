"""Files that a call reads: where they are, and what they weigh in memory."""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from compat_report.footprint.headers import (
    measure_arrow,
    measure_npy,
    measure_npz,
    measure_parquet,
    measure_workbook,
)
from compat_report.footprint.options import Options, read_options
from compat_report.footprint.size import UNTOLD, Sized, format_size
from compat_report.footprint.text import measure_json, measure_lines, measure_table
from compat_report.model import NOT_CONSTANT, Use

type Measure = Callable[[Path, Options], Sized]

# What readers of files raise for one that is not what its name says.
UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    SyntaxError,
    MemoryError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
    lzma.LZMAError,
    zlib.error,
    zipfile.BadZipFile,
)
COMPRESSED = frozenset({".gz", ".bz2", ".xz", ".zip"})
KEYWORDS = (
    "filepath_or_buffer",
    "path_or_buf",
    "io",
    "path",
    "fname",
    "file",
    "filename",
    "source",
    "fp",
    "where",
    "pathname",
    "database",
)
TABLES = ("read_csv", "read_table", "scan_csv", "loadtxt")
# They read with Python's own lists, strings and tuples, and make an array of those.
SLOW = {"genfromtxt": 8, "read_fwf": 8}
GLOBS = frozenset({"glob.glob", "glob.iglob"})
OPENS = frozenset({"builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open"})
MANY = 10_000


def measure_reads(use: Use, folder: Path | None) -> Iterator[Sized]:
    """What a reading call brings into memory; nothing for a call that reads no file.

    `folder` is what relative paths are relative to, None where that is not known.
    """
    if use.name not in READERS or not use.called:
        return
    given = _given(use)
    if use.name in OPENS and _writes(use):
        return
    places = given if isinstance(given, tuple | list) else (given,)
    for place in places:
        yield from _measure_place(use, place, folder)


def _measure_place(use: Use, place: Any, folder: Path | None) -> Iterator[Sized]:
    if isinstance(place, bytes):
        place = place.decode("utf-8", "replace")
    if not isinstance(place, str):
        # A file that is open already was measured where it was opened.
        if place is NOT_CONSTANT and use.name not in GLOBS | OPENS and use.name in FRAMES:
            yield _untold("a file that is not told")
    elif place == ":memory:":
        return
    elif "://" in place:
        yield _untold(f"what {_shorten(place)} sends")
    elif folder is None or "\0" in place or not place:
        yield _untold(_shorten(place))
    else:
        yield from _measure_path(use, place, folder)


def _measure_path(use: Use, place: str, folder: Path) -> Iterator[Sized]:
    options = read_options(use)
    if use.name in GLOBS or any(letter in place for letter in "*?["):
        found = list(_match(folder, place))
        if found:
            sizes = [_measure_file(use, path, options) for path in found]
            # One after another at least, all at once at most.
            yield Sized(
                what=f"{len(found)} files like {_shorten(place)}",
                low=0 if use.name in GLOBS else max(size.low for size in sizes),
                high=sum(size.high for size in sizes),
                disk=sum(size.disk for size in sizes),
                trust=0.7,
            )
        return
    path = folder / place
    try:
        known = path.is_file()
    except (OSError, ValueError):
        known = False
    if not known:
        yield _untold(f"{_shorten(place)}, which is not here")
        return
    sized = _measure_file(use, path, options)
    yield replace(sized, what=f"{_shorten(place)} ({format_size(sized.disk)}) holds {sized.what}")


def _match(folder: Path, pattern: str) -> Iterator[Path]:
    if Path(pattern).is_absolute() or ".." in pattern:
        return
    try:
        for number, path in enumerate(folder.glob(pattern)):
            if number == MANY:
                return
            if path.is_file():
                yield path
    except (OSError, ValueError, NotImplementedError):
        return


def _measure_file(use: Use, path: Path, options: Options) -> Sized:
    try:
        return _choose(use, path)(path, options)
    except UNREADABLE:
        disk = path.stat().st_size if path.is_file() else 0
        what = "something that cannot be told"
        return Sized(what=what, low=0, high=disk * 20, disk=disk, trust=0.5)


def _choose(use: Use, path: Path) -> Measure:
    """How a file is measured: by the function that reads it, else by its name."""
    function = use.name.rpartition(".")[2]
    suffix = path.suffix.lower()
    inner = Path(path.stem).suffix.lower() if suffix in COMPRESSED else suffix
    if function in SLOW:
        return _heavier(measure_table, SLOW[function])
    if function in TABLES:
        return measure_table
    chosen = BY_SUFFIX.get(inner)
    if use.name in GLOBS:
        return chosen or (measure_table if inner in {".csv", ".tsv"} else _measure_any)
    if use.name in OPENS or use.name == "zipfile.ZipFile":
        if inner == ".json" and use.name != "zipfile.ZipFile":
            return _lazily(lambda path, _: measure_json(path))
        return _measure_archive if suffix == ".zip" else lambda path, _: measure_lines(path)
    return BY_FUNCTION.get(function) or chosen or _measure_any


def _lazily(measure: Measure) -> Measure:
    """Nothing at least: what is opened need not be read whole."""
    return lambda path, options: replace(measure(path, options), low=0)


def _heavier(measure: Measure, times: int) -> Measure:
    def heavier(path: Path, options: Options) -> Sized:
        sized = measure(path, options)
        return replace(sized, high=sized.high * times)

    return heavier


def _measure_archive(path: Path, _: Options) -> Sized:
    with zipfile.ZipFile(path) as archive:
        sizes = [member.file_size for member in archive.infolist()]
    return Sized(
        what=f"{len(sizes)} files of {format_size(sum(sizes))}",
        low=0,
        high=2 * max(sizes, default=0) + sum(sizes),
        disk=path.stat().st_size,
        trust=0.8,
    )


def _measure_any(path: Path, _: Options) -> Sized:
    """Something packed in a way of its own, such as a pickle."""
    disk = path.stat().st_size
    return Sized(what="something packed", low=disk // 4, high=disk * 12, disk=disk, trust=0.6)


def _measure_raw(path: Path, options: Options) -> Sized:
    """numpy.fromfile and memmap: the bytes as they are."""
    disk = path.stat().st_size
    low = 0 if options.mapped or options.rows else disk
    return Sized(what="bytes", low=low, high=disk + disk // 10, disk=disk, whole=bool(low))


BY_SUFFIX: dict[str, Measure] = {
    ".npy": measure_npy,
    ".npz": lambda path, _: measure_npz(path),
    ".parquet": measure_parquet,
    ".pq": measure_parquet,
    ".feather": lambda path, _: measure_arrow(path),
    ".arrow": lambda path, _: measure_arrow(path),
    ".xlsx": lambda path, _: measure_workbook(path),
    ".xlsm": lambda path, _: measure_workbook(path),
    ".json": lambda path, _: measure_json(path),
    ".geojson": lambda path, _: measure_json(path),
    ".jsonl": lambda path, _: measure_json(path),
    ".ndjson": lambda path, _: measure_json(path),
    ".zip": _measure_archive,
}
BY_FUNCTION: dict[str, Measure] = {
    "read_json": lambda path, _: measure_json(path),
    "read_ndjson": lambda path, _: measure_json(path),
    "read_parquet": measure_parquet,
    "scan_parquet": _lazily(measure_parquet),
    "read_feather": lambda path, _: measure_arrow(path),
    "fromfile": _measure_raw,
    "memmap": _measure_raw,
    "read_text": lambda path, _: measure_lines(path),
    "read_bytes": lambda path, _: measure_lines(path),
    "connect": _lazily(_measure_any),
}
FRAMES = frozenset(
    {
        *(
            f"pandas.read_{name}"
            for name in (
                "csv", "table", "fwf", "excel", "json", "parquet", "feather", "orc", "pickle",
                "xml", "html", "hdf", "sas", "stata", "spss",
            )
        ),
        *(f"polars.read_{name}" for name in ("csv", "parquet", "json", "ndjson", "excel", "ipc")),
        "polars.scan_csv",
        "polars.scan_parquet",
        "pyarrow.parquet.read_table",
        "pyarrow.csv.read_csv",
        "pyarrow.feather.read_table",
        "geopandas.read_file",
        "numpy.load",
        "numpy.loadtxt",
        "numpy.genfromtxt",
        "numpy.fromfile",
        "numpy.memmap",
        "joblib.load",
        "xarray.open_dataset",
        "openpyxl.load_workbook",
    }
)  # fmt: skip
READERS = (
    FRAMES
    | OPENS
    | GLOBS
    | {
        "zipfile.ZipFile",
        "sqlite3.connect",
        "pathlib.Path.read_text",
        "pathlib.Path.read_bytes",
    }
)


def _given(use: Use) -> Any:
    for keyword in KEYWORDS:
        value = use.argument(-1, keyword)
        if value is not None:
            return value
    return use.argument(0)


def _writes(use: Use) -> bool:
    mode = use.argument(1, "mode", "r")
    return isinstance(mode, str) and any(letter in mode for letter in "wxa")


def _untold(what: str) -> Sized:
    return Sized(what=what, low=0, high=UNTOLD, trust=0.75)


def _shorten(place: str) -> str:
    shown = place.partition("?")[0] if "://" in place else place
    return shown if len(shown) <= 80 else f"{shown[:77]}…"

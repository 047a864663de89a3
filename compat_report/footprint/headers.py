"""Files that say in a header or a directory what they hold."""

import ast
import math
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from compat_report.footprint.options import Options
from compat_report.footprint.size import POINTER, Sized, item_size, string_size

NPY_MAGIC = b"\x93NUMPY"
HEADER_LIMIT = 1 << 20
# Cells of a worksheet as openpyxl keeps them while it reads, in the runtime: at most.
CELL = 400
# A column of Parquet may repeat a value for hardly more than a run's length.
ARROW_WHOLE = 64 << 20


def measure_npy(path: Path, options: Options) -> Sized:
    """One array (numpy.lib.format); raises ValueError where it is not one."""
    with path.open("rb") as file:
        items, width = _read_npy(file)
    size = items * width
    return Sized(
        what=f"{items:,} items of {width} bytes",
        low=0 if options.mapped else size,
        high=size + size // 10,
        disk=path.stat().st_size,
        whole=not options.mapped,
    )


def measure_npz(path: Path) -> Sized:
    """Arrays that are read when they are asked for: none at least, all at most."""
    sizes = []
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                with archive.open(member) as file:
                    items, width = _read_npy(file)
                sizes.append(items * width)
    total = sum(sizes)
    return Sized(
        what=f"{len(sizes)} arrays, {total:,} bytes",
        low=0,
        high=total + max(sizes, default=0),
        disk=path.stat().st_size,
    )


def _read_npy(file: IO[bytes]) -> tuple[int, int]:
    """(items, bytes of one): format versions 1 to 3 differ in the length's width."""
    start = file.read(8)
    if start[:6] != NPY_MAGIC or len(start) < 8:
        raise ValueError("not in NumPy's format")
    wide = start[6] > 1
    length = int(struct.unpack("<I" if wide else "<H", file.read(4 if wide else 2))[0])
    if length > HEADER_LIMIT:
        raise ValueError("its header is too long")
    header = ast.literal_eval(file.read(length).decode("utf-8", "replace").strip())
    match header:
        case {"shape": tuple(shape), "descr": descr} if all(
            isinstance(side, int) and side >= 0 for side in shape
        ):
            return math.prod(shape), _item(descr)
    raise ValueError("its header is none")


def _item(descr: Any) -> int:
    if isinstance(descr, list):
        return sum(_field(field) for field in descr)
    size = item_size(descr)
    if size is None:
        raise ValueError(f"its type is unknown: {descr!r}")
    return size


def _field(field: Any) -> int:
    """A field of a structured type: (name, type) or (name, type, shape)."""
    match field:
        case (_, inner):
            return _item(inner)
        case (_, inner, tuple(shape)) if all(isinstance(side, int) for side in shape):
            return abs(math.prod(shape)) * _item(inner)
    raise ValueError(f"a field is none: {field!r}")


def measure_parquet(path: Path, options: Options) -> Sized:
    """A table, by the file's own account; raises ValueError where it has none."""
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet

    try:
        metadata = parquet.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error
    rows, names = metadata.num_rows, metadata.schema.names
    low = high = 0
    for number in _chosen(names, options):
        width = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 8}.get(
            metadata.schema.column(number).physical_type
        )
        stored = sum(
            metadata.row_group(group).column(number).total_uncompressed_size
            for group in range(metadata.num_row_groups)
        )
        if width is not None:
            # Arrow's column and the frame's stand side by side for a while.
            low, high = low + rows * width, high + rows * max(width, 8) * 2
        else:
            text = stored / rows if rows else 0
            low += rows * POINTER
            high += int(rows * (POINTER + string_size(text * 4)) + 2 * stored)
    return Sized(
        what=f"{rows:,} rows of {len(names)} columns",
        low=low,
        high=high,
        disk=path.stat().st_size,
        trust=0.9,
    )


def _chosen(names: list[str], options: Options) -> Iterator[int]:
    for number, name in enumerate(names):
        if options.names is None or name in options.names:
            yield number


def measure_arrow(path: Path) -> Sized:
    """A table in Arrow's file format (Feather 2), by its batches where the file is small."""
    import pyarrow as pa

    disk = path.stat().st_size
    low, high = disk // 2, disk * 16
    what = "an Arrow file"
    if disk <= ARROW_WHOLE:
        try:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
                low, high = table.nbytes // 2, table.nbytes * 8
                what = f"{table.num_rows:,} rows of {table.num_columns} columns"
        except (pa.ArrowException, OSError) as error:
            raise ValueError(str(error)) from error
    return Sized(what=what, low=low, high=high, disk=disk, trust=0.8)


def measure_workbook(path: Path) -> Sized:
    """A workbook of Office Open XML: by the dimensions that its largest worksheet says."""
    cells = largest = 0
    with zipfile.ZipFile(path) as archive:
        strings = sum(m.file_size for m in archive.infolist() if "sharedStrings" in m.filename)
        for member in archive.infolist():
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename) is not None:
                with archive.open(member) as file:
                    told = _dimension(file.read(4096).decode("utf-8", "replace"))
                # A cell takes at least some twenty characters to write.
                cells = max(cells, min(told, member.file_size // 8) or member.file_size // 40)
                largest = max(largest, member.file_size)
    if not largest:
        raise ValueError("it has no worksheet")
    return Sized(
        what=f"{cells:,} cells",
        low=cells * POINTER,
        high=cells * CELL + strings * 8 + (4 << 20),
        disk=path.stat().st_size,
        trust=0.8,
    )


def _dimension(text: str) -> int:
    """Cells of `<dimension ref="A1:C10"/>`; 0 where it is not said."""
    match = re.search(r'<dimension ref="[A-Z]+(\d+):([A-Z]+)(\d+)"', text)
    if match is None:
        return 0
    column = 0
    for letter in match[2][:4]:
        column = column * 26 + ord(letter) - 64
    return column * max(0, int(match[3][:9]) - int(match[1][:9]) + 1)

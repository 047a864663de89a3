import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

from compat_report.footprint.reads import READERS, measure_reads
from compat_report.footprint.size import MIB, UNTOLD, Sized
from compat_report.model import NOT_CONSTANT, Location, Use

HERE = Location(path="a.ipynb", cell=0, line=1)


def use(name: str, *arguments: Any, called: bool = True, **keywords: Any) -> Use:
    return Use(
        name=name,
        location=HERE,
        called=called,
        arguments=arguments,
        keywords=tuple(keywords.items()),
    )


def read(folder: Path, name: str, *arguments: Any, **keywords: Any) -> Sized:
    (sized,) = measure_reads(use(name, *arguments, **keywords), folder)
    assert 0 <= sized.low <= sized.high
    return sized


def npy(shape: tuple[int, ...], descr: object = "<f8", version: int = 1) -> bytes:
    header = (
        repr({"descr": descr, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    )
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header


def test_a_csv_is_rows_times_columns_times_their_types(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,x,name\n" + "12,1.5,anna\n13,2.5,bert\n" * 50_000)
    sized = read(tmp_path, "pandas.read_csv", "a.csv")
    # Two numbers of eight bytes, and a pointer to one of few strings.
    assert 80_000 * 20 <= sized.low <= 100_000 * 20
    assert sized.high > 100_000 * (16 + 4)
    assert sized.disk == (tmp_path / "a.csv").stat().st_size
    assert "rows of 3 columns" in sized.what
    chosen = read(tmp_path, "pandas.read_csv", "a.csv", usecols=("n", "x"))
    counted = read(tmp_path, "pandas.read_csv", "a.csv", usecols=(0, 1))
    first = read(tmp_path, "pandas.read_csv", "a.csv", nrows=10)
    chunked = read(tmp_path, "pandas.read_csv", "a.csv", chunksize=100)
    narrowed = read(tmp_path, "pandas.read_csv", "a.csv", dtype=NOT_CONSTANT)
    some = read(tmp_path, "pandas.read_csv", "a.csv", usecols=NOT_CONSTANT)
    assert chosen.high < sized.high
    assert counted.high < sized.high
    assert first.high < MIB
    assert (chunked.low, chunked.high < MIB) == (0, True)
    assert narrowed.low < sized.low / 4
    assert some.low == 0


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zip"])
def test_what_is_compressed_is_counted_unpacked(suffix: str, tmp_path: Path) -> None:
    data = b"n,x\n" + b"".join(b"%d,%d.5\n" % (n, n) for n in range(60_000))
    path = tmp_path / f"a.csv{suffix}"
    match suffix:
        case ".gz":
            path.write_bytes(gzip.compress(data))
        case ".bz2":
            path.write_bytes(bz2.compress(data))
        case ".xz":
            path.write_bytes(lzma.compress(data))
        case _:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("a.csv", data)
    sized = read(tmp_path, "pandas.read_csv", path.name)
    assert sized.disk == path.stat().st_size < len(data)
    assert sized.low <= 60_000 * 16 <= sized.high


def test_numpys_files_say_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(npy((1000, 50)))
    (tmp_path / "b.npy").write_bytes(npy((10,), [("x", "<f4"), ("y", "<i2", (3,))], version=2))
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("one.npy", npy((1000,)))
        archive.writestr("two.npy", npy((500,)))
    assert read(tmp_path, "numpy.load", "a.npy").low == 400_000
    assert read(tmp_path, "numpy.load", "a.npy", mmap_mode="r").low == 0
    assert read(tmp_path, "numpy.load", "b.npy").low == 100
    packed = read(tmp_path, "numpy.load", "c.npz")
    assert (packed.low, packed.high) == (0, 12_000 + 8000)


def test_parquet_and_arrow_say_what_they_hold(tmp_path: Path) -> None:
    table = pa.table({"n": range(10_000), "x": [0.5] * 10_000, "name": ["anna"] * 10_000})
    parquet.write_table(table, tmp_path / "a.parquet")
    feather.write_feather(table, tmp_path / "a.feather")
    sized = read(tmp_path, "pandas.read_parquet", "a.parquet")
    assert sized.low == 10_000 * (8 + 8 + 4)
    assert sized.high >= 2 * 10_000 * 16
    assert read(tmp_path, "pandas.read_parquet", "a.parquet", columns=("n",)).low == 80_000
    assert read(tmp_path, "polars.scan_parquet", "a.parquet").low == 0
    assert read(tmp_path, "pandas.read_feather", "a.feather").high >= 10_000 * 20


def test_a_workbook_says_its_dimension(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        sheet = '<worksheet><dimension ref="A1:J1000"/>' + "<c/>" * 30_000
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", "x" * 1000)
    sized = read(tmp_path, "pandas.read_excel", "a.xlsx")
    assert sized.what.endswith("10,000 cells")
    assert sized.high >= 10_000 * 100


def test_json_is_weighed_by_what_it_is_made_of(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"a": 1, "b": "x"}] * 10_000))
    (tmp_path / "b.json").write_text(json.dumps(["x" * 1000] * 200))
    dense = read(tmp_path, "pandas.read_json", "a.json")
    long = read(tmp_path, "pandas.read_json", "b.json")
    assert dense.high / dense.disk > 3 * long.high / long.disk
    assert read(tmp_path, "builtins.open", "a.json").low == 0


def test_patterns_stand_for_what_they_match(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("n\n" + "1\n" * 1000)
    sized = read(tmp_path, "glob.glob", "*.csv")
    assert sized.low == 0
    assert sized.high >= 3 * 8000
    assert sized.disk == 3 * 2002
    assert list(measure_reads(use("glob.glob", "*.none"), tmp_path)) == []
    assert list(measure_reads(use("glob.glob", "/etc/*"), tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "place", "told"),
    [
        ("pandas.read_csv", "absent.csv", "absent.csv, which is not here"),
        ("pandas.read_csv", "https://a.org/x.csv?key=secret", "what https://a.org/x.csv sends"),
        ("pandas.read_csv", NOT_CONSTANT, "a file that is not told"),
        ("builtins.open", "a\0b", "a\0b"),
    ],
)
def test_what_is_not_here_widens_the_range(
    name: str, place: object, told: str, tmp_path: Path
) -> None:
    sized = read(tmp_path, name, place)
    assert (sized.low, sized.high, sized.what) == (0, UNTOLD, told)
    assert sized.trust < 0.8


@pytest.mark.parametrize(
    "nothing",
    [
        use("builtins.open", "new.txt", "w"),
        use("builtins.open", "new.txt", mode="ab"),
        use("builtins.open", NOT_CONSTANT),
        use("glob.glob", NOT_CONSTANT),
        use("pandas.read_csv", "a.csv", called=False),
        use("pandas.concat", "a.csv"),
        use("sqlite3.connect", ":memory:"),
    ],
)
def test_what_reads_nothing_weighs_nothing(nothing: Use, tmp_path: Path) -> None:
    assert list(measure_reads(nothing, tmp_path)) == []


HOSTILE = {
    "a.npy": [
        b"", b"\x93NUMPY", npy((3,))[:20], b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65_535,
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff", npy((-1,)), npy((3,), "what"), npy((3,), ["x"]),
        b"\x93NUMPY\x01\x00\x02\x00[]", npy((10**30, 10**30)), npy(("x",)),  # type: ignore[arg-type]
    ],
    "a.npz": [b"", b"PK\x05\x06", b"PK\x03\x04 not a zip"],
    "a.parquet": [b"", b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1"],
    "a.feather": [b"", b"ARROW1", b"ARROW1\0\0" + b"\xff" * 64],
    "a.xlsx": [b"", b"PK\x03\x04"],
    "a.csv.gz": [b"", b"\x1f\x8b", gzip.compress(b"a,b\n1,2\n" * 99)[:30]],
    "a.csv.xz": [b"\xfd7zXZ\x00" + b"\xff" * 40],
    "a.csv.zip": [b"", b"PK\x05\x06" + bytes(18)],
    "a.csv": [b"", b"\n" * 9, b"\0\0\0", b'"' * 500, b"\xff\xfe" * 200, b"a" * 300_000, b"1," * 200_000],
    "a.json": [b"", b"[" * 100_000, b"\xff" * 10],
}  # fmt: skip
READS = {
    "a.npy": "numpy.load",
    "a.npz": "numpy.load",
    "a.parquet": "pandas.read_parquet",
    "a.feather": "pandas.read_feather",
    "a.xlsx": "pandas.read_excel",
    "a.json": "pandas.read_json",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_broken_file_is_a_wide_range(name: str, tmp_path: Path) -> None:
    for data in HOSTILE[name]:
        (tmp_path / name).write_bytes(data)
        read(tmp_path, READS.get(name, "pandas.read_csv"), name)


def test_a_bomb_is_told_and_not_unpacked(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w") as file,
    ):
        for _ in range(64):
            file.write(bytes(MIB))
    (tmp_path / "a.csv.zip").write_bytes(bomb.getvalue())
    (tmp_path / "a.zip").write_bytes(bomb.getvalue())
    assert read(tmp_path, "zipfile.ZipFile", "a.zip").high >= 64 * MIB
    assert read(tmp_path, "pandas.read_csv", "a.csv.zip").disk < MIB


@given(
    name=st.sampled_from(sorted(READERS)),
    place=st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.lists(st.text(), max_size=2)),
    keywords=st.dictionaries(
        st.sampled_from(["usecols", "columns", "nrows", "chunksize", "sep", "mode", "dtype"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=2), st.tuples(st.text()), st.just(NOT_CONSTANT)),
    ),
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_call_is_measured(
    name: str, place: object, keywords: dict[str, Any], tmp_path: Path
) -> None:
    for sized in measure_reads(use(name, place, **keywords), tmp_path):
        assert 0 <= sized.low <= sized.high
        assert 0 <= sized.trust <= 1

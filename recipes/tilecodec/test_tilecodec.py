import copy
import math
import pickle
import struct
import sys
from random import Random

import pytest

import tilecodec
from tilecodec import (
    MAX_LATITUDE,
    MAX_ZOOM,
    CodecError,
    Tile,
    TileIndex,
    cover,
    geohash_bounds,
    geohash_decode,
    geohash_encode,
    geohash_neighbours,
    tile_at,
)

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
WORLD = (-180, -90, 180, 90)


def random_points(count, seed):
    rng = Random(seed)
    corners = [(lat, lon) for lat in (-90.0, 0.0, 90.0) for lon in (-180.0, 0.0, 180.0)]
    return corners + [(rng.uniform(-90, 90), rng.uniform(-180, 180)) for _ in range(count)]


# --- geohashes ---------------------------------------------------------------


def geohash_oracle(lat, lon, precision):
    ranges = [[-180.0, 180.0], [-90.0, 90.0]]
    bits = ""
    for i in range(5 * precision):
        low, high = ranges[i % 2]
        mid = (low + high) / 2
        upper = (lon, lat)[i % 2] >= mid
        ranges[i % 2] = [mid, high] if upper else [low, mid]
        bits += "01"[upper]
    digits = (bits[i : i + 5] for i in range(0, len(bits), 5))
    (west, east), (south, north) = ranges
    return "".join(ALPHABET[int(d, 2)] for d in digits), (west, south, east, north)


@pytest.mark.parametrize("precision", range(1, 13))
def test_geohash_agrees_with_bisection(precision):
    for lat, lon in random_points(30, precision):
        geohash, bounds = geohash_oracle(lat, lon, precision)
        assert geohash_encode(lat, lon, precision) == geohash
        assert geohash_bounds(geohash) == bounds
        west, south, east, north = bounds
        centre = geohash_decode(geohash)
        assert centre == ((south + north) / 2, (west + east) / 2)
        assert geohash_encode(*centre, precision) == geohash
        assert geohash_bounds(geohash.upper()) == bounds


@pytest.mark.parametrize(
    ("lat", "lon", "geohash"),
    [
        (57.64911, 10.40744, "u4pruydqqvj"),
        (42.6, -5.6, "ezs42"),
        (0, 0, "s00000000"),
        (90, 180, "zzzzzzzzz"),
        (-90, -180, "000000000"),
    ],
)
def test_known_geohashes(lat, lon, geohash):
    assert geohash_encode(lat, lon, len(geohash)) == geohash
    assert geohash_encode(lat, lon).startswith(geohash[:9])


@pytest.mark.parametrize("precision", [1, 2, 5, 6, 12])
def test_geohash_neighbours(precision):
    steps = dict(n=(1, 0), ne=(1, 1), e=(0, 1), se=(-1, 1))
    steps |= dict(s=(-1, 0), sw=(-1, -1), w=(0, -1), nw=(1, -1))
    for lat, lon in random_points(15, precision):
        geohash = geohash_encode(lat, lon, precision)
        west, south, east, north = geohash_bounds(geohash)
        middle = geohash_decode(geohash)
        wanted = {}
        for name, (up, right) in steps.items():
            next_lat = middle[0] + up * (north - south)
            next_lon = (middle[1] + right * (east - west) + 180) % 360 - 180
            if -90 < next_lat < 90:
                wanted[name] = geohash_encode(next_lat, next_lon, precision)
        assert geohash_neighbours(geohash) == wanted
        assert list(wanted) == [name for name in steps if name in wanted]


@pytest.mark.parametrize(
    ("geohash", "message"),
    [
        ("", "1 to 12 characters, not 0"),
        ("s" * 13, "not 13"),
        ("s0a", "position 2"),
        ("s 0", "position 1"),
        ("\0", "position 0"),
        ("é", "position 0"),
    ],
)
def test_bad_geohashes(geohash, message):
    for function in geohash_decode, geohash_bounds, geohash_neighbours:
        with pytest.raises(CodecError, match=message):
            function(geohash)


@pytest.mark.parametrize("precision", [0, -1, 13])
def test_bad_precision(precision):
    with pytest.raises(CodecError, match=f"precision must be 1 to 12, got {precision}"):
        geohash_encode(0, 0, precision)


BAD_POINTS = [
    (90.1, 0, "latitude"),
    (-91, 0, "latitude"),
    (math.nan, 0, "latitude"),
    (math.inf, 0, "latitude"),
    (0, 180.1, "longitude"),
    (0, -1e300, "longitude"),
    (0, math.nan, "longitude"),
]


@pytest.mark.parametrize(("lat", "lon", "message"), BAD_POINTS)
def test_bad_points(lat, lon, message):
    index = TileIndex(3)
    for call in (
        lambda: geohash_encode(lat, lon),
        lambda: tile_at(lat, lon, 3),
        lambda: index.insert(1, lat, lon),
        lambda: index.extend([(1, 0, 0), (2, lat, lon)]),
    ):
        with pytest.raises(CodecError, match=message):
            call()
    assert len(index) == 0


# --- tiles -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zoom", "x", "y", "quadkey"),
    [
        (0, 0, 0, ""),
        (1, 1, 0, "1"),
        (3, 3, 5, "213"),
        (10, 550, 335, "1202102332"),
        (MAX_ZOOM, 2**30 - 1, 2**30 - 1, "3" * 30),
    ],
)
def test_known_quadkeys(zoom, x, y, quadkey):
    assert Tile(zoom, x, y).quadkey == quadkey
    assert Tile.from_quadkey(quadkey) == Tile(zoom, x, y)


def test_quadkeys_agree_with_bits():
    rng = Random(1)
    for zoom in range(1, MAX_ZOOM + 1):
        x, y = rng.randrange(2**zoom), rng.randrange(2**zoom)
        bits = zip(f"{x:0{zoom}b}", f"{y:0{zoom}b}")
        tile = Tile(zoom, x, y)
        assert tile.quadkey == "".join(str(int(b) + 2 * int(c)) for b, c in bits)
        assert (tile.zoom, tile.x, tile.y) == (zoom, x, y)


@pytest.mark.parametrize("zoom", [0, 1, 2, 7, 15, 22, MAX_ZOOM])
def test_tile_at_agrees_with_bounds(zoom):
    for lat, lon in random_points(30, zoom):
        tile = tile_at(lat, lon, zoom)
        west, south, east, north = tile.bounds
        lat = max(-MAX_LATITUDE, min(MAX_LATITUDE, lat))
        assert west <= lon <= east
        assert south - 1e-9 <= lat <= north + 1e-9
        size = 2**zoom
        phi = math.radians(lat)
        y = (1 - math.log(math.tan(phi) + 1 / math.cos(phi)) / math.pi) / 2
        assert abs(tile.y + 0.5 - y * size) <= 0.5 + 1e-14 * size
        assert tile_at((south + north) / 2, (west + east) / 2, zoom) == tile


def test_points_on_edges():
    assert tile_at(0, 0, 1) == Tile(1, 1, 1)
    assert tile_at(0, 180, 2) == Tile(2, 3, 2)
    assert tile_at(90, -180, 5) == Tile(5, 0, 0)
    assert tile_at(-90, 180, 5) == Tile(5, 31, 31)
    assert Tile(0, 0, 0).bounds == pytest.approx((-180, -MAX_LATITUDE, 180, MAX_LATITUDE))


def test_family():
    tile = Tile(4, 6, 9)
    children = tile.children()
    assert [child.quadkey for child in children] == [tile.quadkey + d for d in "0123"]
    assert {child.parent() for child in children} == {tile}
    with pytest.raises(CodecError, match="no parent"):
        Tile(0, 0, 0).parent()
    with pytest.raises(CodecError, match="zoom must be 0 to 30, got 31"):
        Tile(MAX_ZOOM, 0, 0).children()


@pytest.mark.parametrize("zoom", [0, 1, 2, 3])
def test_tile_neighbours(zoom):
    size = 2**zoom
    for x in range(size):
        for y in range(size):
            rows = [r for r in (y - 1, y, y + 1) if 0 <= r < size]
            around = dict.fromkeys(((x + d) % size, r) for r in rows for d in (-1, 0, 1))
            around.pop((x, y))
            wanted = [Tile(zoom, *position) for position in around]
            assert Tile(zoom, x, y).neighbours() == wanted


def test_tiles_are_values():
    tile = Tile(5, 1, 2)
    assert tile == Tile(5, 1, 2) and tile != Tile(5, 2, 1) and tile != Tile(6, 1, 2)
    assert tile != "Tile" and not tile == (5, 1, 2)
    assert len({tile, Tile(5, 1, 2), Tile(5, 2, 1)}) == 2
    assert repr(tile) == "Tile(zoom=5, x=1, y=2)" and eval(repr(tile)) == tile
    assert copy.deepcopy(tile) == tile
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(tile, protocol)) == tile
    with pytest.raises(AttributeError):
        tile.x = 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Tile(-1, 0, 0), "zoom must be 0 to 30, got -1"),
        (lambda: Tile(31, 0, 0), "zoom must be 0 to 30, got 31"),
        (lambda: Tile(3, 8, 0), "0 to 7 at zoom 3, got 8 and 0"),
        (lambda: Tile(3, 0, -1), "got 0 and -1"),
        (lambda: Tile(0, 2**40, 0), "0 to 0"),
        (lambda: Tile.from_quadkey("0124"), "digits 0 to 3"),
        (lambda: Tile.from_quadkey("1" * 31), "at most 30 digits, not 31"),
        (lambda: tile_at(0, 0, 31), "zoom"),
        (lambda: TileIndex(-1), "zoom"),
        (lambda: cover(WORLD, 31), "zoom"),
        (lambda: cover((0, 10, 0, 9), 3), "south must not be greater"),
        (lambda: cover((0, 0, 181, 0), 3), "longitude"),
        (lambda: cover((0, math.nan, 0, 0), 3), "latitude"),
        (lambda: cover(WORLD, MAX_ZOOM), "1152921504606846976 tiles"),
        (lambda: cover(WORLD, 2, max_tiles=15), "16 tiles, more than the 15"),
    ],
)
def test_codec_errors(call, message):
    with pytest.raises(CodecError, match=message):
        call()
    with pytest.raises(ValueError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: Tile("5", 1, 2),
        lambda: Tile(5.5, 1, 2),
        lambda: tile_at("0", 0, 0),
        lambda: tile_at(0, 0),
        lambda: geohash_encode(None, 0),
        lambda: geohash_decode(5),
        lambda: cover((1, 2, 3), 4),
        lambda: "tile" in TileIndex(3),
        lambda: TileIndex(3).insert("id", 0, 0),
        lambda: TileIndex(3).insert(2**63, 0, 0),
        lambda: TileIndex(3).query(WORLD, 5),
        lambda: TileIndex(3).visit(None),
        lambda: TileIndex(3).retain(None),
        lambda: TileIndex(3).extend(5),
        lambda: TileIndex(3).extend([(1, 2)]),
        lambda: TileIndex(3).extend([(1, 0, 0), ("2", 0, 0)]),
        lambda: TileIndex(3).extend([(2**63, 0, 0)]),
        lambda: TileIndex(3).save(3),
    ],
)
def test_type_errors(call):
    with pytest.raises(TypeError):
        call()


def test_the_exception_class():
    assert issubclass(CodecError, ValueError)
    assert CodecError.__module__ == "tilecodec" and CodecError.__doc__
    error = pickle.loads(pickle.dumps(CodecError("x")))
    assert type(error) is CodecError and error.args == ("x",)


# --- covers ------------------------------------------------------------------


def random_boxes(count, seed):
    rng = Random(seed)
    for _ in range(count):
        south, north = sorted(rng.uniform(-90, 90) for _ in range(2))
        yield rng.uniform(-180, 180), south, rng.uniform(-180, 180), north
    yield from [WORLD, (0, 0, 0, 0), (180, -90, -180, 90), (10, 0, 9.99, 1)]


@pytest.mark.parametrize("zoom", [0, 1, 2, 4, 5])
def test_cover_agrees_with_overlap(zoom):
    size = 2**zoom
    for west, south, east, north in random_boxes(12, zoom):
        corner = tile_at(north, west, zoom)
        last = tile_at(south, east, zoom)
        columns = []
        for step in range(size):
            x = (corner.x + step) % size
            tile_west, _, tile_east, _ = Tile(zoom, x, 0).bounds
            spans = [(west, east)] if west <= east else [(west, 180), (-180, east)]
            if x == size - 1:
                tile_east = math.nextafter(180, 181)
            if any(tile_west <= e and w < tile_east for w, e in spans):
                columns.append(x)
        wanted = [Tile(zoom, x, y) for y in range(corner.y, last.y + 1) for x in columns]
        assert cover((west, south, east, north), zoom) == wanted


def test_cover_of_a_point_and_of_the_world():
    assert cover((13.4, 52.5, 13.4, 52.5), 10) == [tile_at(52.5, 13.4, 10)]
    assert len(cover(WORLD, 3, max_tiles=64)) == 64


# --- index -------------------------------------------------------------------


def random_index(count, seed, zoom=4):
    points = [(i, lat, lon) for i, (lat, lon) in enumerate(random_points(count, seed))]
    index = TileIndex(zoom)
    index.extend(points)
    return index, points


def contents(index):
    return {tile: index.ids(tile) for tile in index.tiles}


def test_insert_and_read():
    index = TileIndex(zoom=6)
    assert len(index) == 0 and index.tiles == [] and index.zoom == 6
    tile = index.insert(5, lat=52.5, lon=13.4)
    assert index.insert(-7, 52.5, 13.4) == tile == tile_at(52.5, 13.4, 6)
    assert index.insert(2**63 - 1, -10, 20) != tile
    assert tile in index and Tile(6, 0, 0) not in index and tile.parent() not in index
    assert index.ids(tile) == [5, -7] and index.ids(tile.parent()) == []
    assert len(index) == 3
    assert repr(index) == "<TileIndex at zoom 6: 3 points in 2 tiles>"


@pytest.mark.parametrize("zoom", [0, 3, 12, MAX_ZOOM])
def test_index_agrees_with_a_dict(zoom):
    index, points = random_index(120, zoom, zoom)
    wanted = {}
    for i, lat, lon in points:
        wanted.setdefault(tile_at(lat, lon, zoom), []).append(i)
    assert contents(index) == wanted
    assert index.tiles == sorted(wanted, key=lambda tile: tile.quadkey)
    assert len(index) == len(points)


@pytest.mark.parametrize("zoom", [0, 2, 6, MAX_ZOOM])
def test_query_agrees_with_a_scan(zoom):
    index, points = random_index(150, 8, zoom)
    for box in random_boxes(15, zoom):
        west, south, east, north = box
        wanted = [
            (i, tile_at(lat, lon, zoom))
            for i, lat, lon in points
            if south <= lat <= north
            and (west <= lon <= east if west <= east else lon >= west or lon <= east)
        ]
        assert index.query(box) == index.query(box, None) == [i for i, _ in wanted]
        odd = index.query(box, accept=lambda tile: tile.x % 2 == 1)
        assert odd == [i for i, tile in wanted if tile.x % 2 == 1]


def test_visit_in_order():
    index, _ = random_index(60, 3)
    seen = []
    index.visit(lambda tile, ids: seen.append((tile, ids)))
    assert seen == list(contents(index).items())


def test_stop_iteration_ends_a_visit():
    index, _ = random_index(60, 3)
    seen = []

    def callback(tile, ids):
        seen.append(tile)
        if len(seen) == 3:
            raise StopIteration

    index.visit(callback)
    assert seen == index.tiles[:3]


def test_retain():
    index, points = random_index(100, 4)
    kept = {tile: ids for tile, ids in contents(index).items() if len(ids) > 1}
    dropped = len(index.tiles) - len(kept)
    assert 0 < dropped < len(index.tiles)
    assert index.retain(lambda tile, ids: len(ids) > 1) == dropped
    assert contents(index) == kept
    assert len(index) == sum(map(len, kept.values()))


class Trouble(Exception):
    pass


def raising(at):
    """A callback that raises when it is called for the at-th time."""
    calls = []

    def callback(*arguments):
        calls.append(arguments)
        if len(calls) == at:
            raise Trouble(f"call {at}")
        return len(calls) % 2 == 0

    return callback


@pytest.mark.parametrize("at", [1, 2, 7])
@pytest.mark.parametrize("method", ["query", "visit", "retain"])
def test_exceptions_pass_through(method, at):
    index, _ = random_index(60, 5)
    before = contents(index)
    callback = raising(at)
    arguments = (WORLD, callback) if method == "query" else (callback,)
    with pytest.raises(Trouble, match=f"^call {at}$") as caught:
        getattr(index, method)(*arguments)
    assert caught.traceback[-1].name == "callback"
    assert contents(index) == before
    # The error must not have left the index locked.
    index.insert(1, 0, 0)
    assert len(index) == sum(map(len, before.values())) + 1


def test_extend_is_all_or_nothing():
    index, _ = random_index(30, 6)
    before = contents(index)

    def points():
        yield 1, 0, 0
        yield [2, 1.5, 1]
        raise Trouble

    with pytest.raises(Trouble):
        index.extend(points())
    with pytest.raises(TypeError, match="points must be"):
        index.extend([(1, 0, 0), None])
    assert contents(index) == before
    index.extend([])
    index.extend(iter([(1, 0, 0), [2, 1.5, 1]]))
    assert len(index) == sum(map(len, before.values())) + 2


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.insert(1, 0, 0),
        lambda index: index.extend([(1, 0, 0)]),
        lambda index: index.retain(lambda tile, ids: False),
    ],
)
def test_callbacks_may_read_but_not_change(change):
    index, _ = random_index(30, 7)
    before = contents(index)

    def callback(*arguments):
        assert contents(index) == before
        assert len(index.query(WORLD, lambda tile: True)) == len(index)
        change(index)

    for call in index.visit, index.retain, lambda function: index.query(WORLD, function):
        with pytest.raises(RuntimeError, match="cannot change"):
            call(callback)
    assert contents(index) == before


def test_callbacks_must_return_bools():
    index, _ = random_index(5, 9)
    for call in index.retain, lambda function: index.query(WORLD, function):
        with pytest.raises(TypeError, match="must return a bool"):
            call(lambda *arguments: "yes")
    with pytest.raises(TypeError, match="argument"):
        index.visit(lambda: None)


def test_callback_references_are_released():
    if not hasattr(sys, "getrefcount"):
        pytest.skip("this interpreter does not count references")
    index, _ = random_index(10, 9)
    callback = raising(0)
    before = sys.getrefcount(callback)
    for _ in range(20):
        index.query(WORLD, callback)
        index.visit(callback)
        with pytest.raises(CodecError):
            index.query((0, 0, 999, 0), callback)
    assert sys.getrefcount(callback) == before


# --- files -------------------------------------------------------------------


@pytest.mark.parametrize("zoom", [0, 9, MAX_ZOOM])
def test_save_and_load(tmp_path, zoom):
    index, points = random_index(50, zoom, zoom)
    index.insert(-(2**63), 5, 5)
    folder = tmp_path / "new" / "ïndex"
    index.save(folder)
    loaded = TileIndex.load(str(folder))
    assert type(loaded) is TileIndex and loaded.zoom == zoom
    assert contents(loaded) == contents(index)
    assert loaded.query((-20, -20, 20, 20)) == index.query((-20, -20, 20, 20))
    assert sorted(path.name for path in folder.iterdir()) == ["entries.bin", "manifest.txt"]


def test_save_replaces(tmp_path):
    random_index(50, 1)[0].save(tmp_path)
    TileIndex(2).save(tmp_path)
    loaded = TileIndex.load(tmp_path)
    assert len(loaded) == 0 and loaded.zoom == 2


def test_the_format_is_stable(tmp_path):
    index = TileIndex(10)
    index.insert(-2, 52.5, 13.25)
    index.save(tmp_path)
    entries = struct.pack("<qdd", -2, 52.5, 13.25)
    checksum = 0xCBF29CE484222325
    for byte in entries:
        checksum = (checksum ^ byte) * 0x100000001B3 % 2**64
    assert (tmp_path / "entries.bin").read_bytes() == entries
    assert (tmp_path / "manifest.txt").read_text() == (
        f"tilecodec index 1\nzoom 10\nentries 1\nchecksum {checksum:x}\n"
    )


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        TileIndex.load(tmp_path / "none")
    assert caught.value.filename == str(tmp_path / "none" / "manifest.txt")
    assert caught.value.errno and caught.value.strerror
    TileIndex(3).save(tmp_path)
    (tmp_path / "entries.bin").unlink()
    with pytest.raises(FileNotFoundError):
        TileIndex.load(tmp_path)


def test_saving_where_a_file_is(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        TileIndex(3).save(tmp_path / "file")
    (tmp_path / "manifest.txt").mkdir()
    with pytest.raises(OSError):
        TileIndex(3).save(tmp_path)
    assert not list(tmp_path.glob("*.new"))


def replace(old, new):
    return lambda data: data.replace(old, new)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("manifest.txt", lambda data: b"", "not that of"),
        ("manifest.txt", replace(b"index 1", b"index 2"), "not that of"),
        ("manifest.txt", replace(b"zoom 4", b"zoom x"), "is damaged"),
        ("manifest.txt", replace(b"zoom 4", b"zoom 99999999999"), "is damaged"),
        ("manifest.txt", replace(b"zoom 4", b"zoom 31"), "zoom must be"),
        ("manifest.txt", replace(b"zoom", b"mooz"), "is damaged"),
        ("manifest.txt", lambda data: data[:25], "is damaged"),
        ("manifest.txt", replace(b"entries ", b"entries 1"), "does not match"),
        ("manifest.txt", replace(b"entries ", b"entries -"), "does not match"),
        ("manifest.txt", replace(b"checksum ", b"checksum z"), "is damaged"),
        ("entries.bin", lambda data: b"", "does not match"),
        ("entries.bin", lambda data: data[:-1], "does not match"),
        ("entries.bin", lambda data: data[:-24], "does not match"),
        ("entries.bin", lambda data: data + bytes(24), "does not match"),
        ("entries.bin", lambda data: bytes([data[0] ^ 1]) + data[1:], "does not match"),
    ],
)
def test_damaged_files(tmp_path, name, damage, message):
    random_index(20, 2)[0].save(tmp_path)
    path = tmp_path / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CodecError, match=message):
        TileIndex.load(tmp_path)


def test_everything_is_documented():
    for name in tilecodec.__all__:
        assert not callable(getattr(tilecodec, name)) or getattr(tilecodec, name).__doc__

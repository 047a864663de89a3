import copy
import operator
import pickle
import sys
from array import array
from random import Random

import pytest

from runbitmap import RunBitmap

LARGEST = 2**32 - 1
MAGIC = b"RBM1"


def runs_of(members):
    runs = []
    for value in sorted(members):
        if runs and runs[-1][1] + 1 == value:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs


def agree(bitmap, members):
    assert type(bitmap) is RunBitmap
    assert list(bitmap) == sorted(members)
    assert bitmap.runs() == runs_of(members)
    assert len(bitmap) == bitmap.cardinality == len(members)
    assert bool(bitmap) is bool(members)


def random_members(kind, seed):
    rng = Random(seed)
    if kind == "empty":
        return set()
    if kind == "dense":
        return {v for v in range(120) if rng.random() < 0.7}
    if kind == "sparse":
        return {rng.randrange(2**32) for _ in range(60)}
    members = set()
    for _ in range(6):
        start = rng.choice([0, rng.randrange(300), LARGEST - rng.randrange(60)])
        members.update(range(start, min(start + rng.randrange(40), LARGEST + 1)))
    return members


KINDS = ["empty", "dense", "sparse", "stretches"]


def shuffled(members, seed=0):
    values = sorted(members)
    values += values[::3]
    Random(seed).shuffle(values)
    return values


# --- making ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_from_iterables(kind, seed):
    members = random_members(kind, seed)
    for source in sorted(members), shuffled(members), members, iter(members):
        agree(RunBitmap(source), members)
    agree(RunBitmap(RunBitmap(members)), members)
    agree(RunBitmap(reversed(sorted(members))), members)


@pytest.mark.parametrize(
    "values",
    [range(0), range(5), range(3, 40), range(9, 2), range(2, 30, 3), range(30, 2, -1)],
)
def test_from_ranges(values):
    agree(RunBitmap(values), set(values))


def test_the_whole_universe():
    full = RunBitmap(range(2**32))
    assert full.cardinality == 2**32 and full.runs() == [(0, LARGEST)]
    assert full.rank(2**32) == 2**32 and full.select(LARGEST) == LARGEST
    assert full & full == full | full == full and not full - full and not full ^ full
    assert (full - RunBitmap([7])).runs() == [(0, 6), (8, LARGEST)]
    assert RunBitmap.from_bytes(full.to_bytes()) == full
    full.discard(0)
    full.discard(LARGEST)
    assert full.runs() == [(1, LARGEST - 1)]
    full.add(LARGEST)
    full.add(0)
    assert full.cardinality == 2**32
    if sys.maxsize > 2**32:
        assert len(full) == 2**32
    else:
        with pytest.raises(OverflowError, match="cardinality"):
            len(full)


# --- members -----------------------------------------------------------------


@pytest.mark.parametrize("low", [0, 1000, LARGEST - 40])
def test_add_and_discard_agree_with_a_set(low):
    rng = Random(low)
    bitmap, members = RunBitmap(), set()
    for step in range(400):
        value = low + rng.randrange(41)
        if rng.random() < (0.7 if step % 100 < 50 else 0.3):
            bitmap.add(value)
            members.add(value)
        else:
            bitmap.discard(value)
            members.discard(value)
        assert bitmap.runs() == runs_of(members)
        assert len(bitmap) == len(members)
        assert (value in bitmap) == (value in members)
    agree(bitmap, members)


@pytest.mark.parametrize("kind", KINDS)
def test_contains_rank_and_select(kind):
    members = random_members(kind, 11)
    bitmap, ordered = RunBitmap(members), sorted(members)
    probes = {p for m in members for p in (m - 1, m, m + 1)} | {0, LARGEST, -1, 2**32}
    for probe in probes | {2**80, -(2**80)}:
        assert (probe in bitmap) == (probe in members)
        assert bitmap.rank(probe) == sum(m < probe for m in ordered)
    assert [bitmap.select(i) for i in range(len(ordered))] == ordered
    for index in -1, len(ordered), 2**64, -(2**64):
        with pytest.raises(IndexError, match="out of range"):
            bitmap.select(index)


def test_rank_follows_changes():
    bitmap = RunBitmap([5, 6, 20])
    assert bitmap.rank(20) == 2
    bitmap.add(1)
    assert bitmap.rank(20) == 3
    bitmap.discard(5)
    assert bitmap.rank(20) == 2
    bitmap |= RunBitmap([0])
    assert bitmap.rank(20) == 3
    bitmap.update([2, 3])
    assert bitmap.rank(20) == 5 and bitmap.select(5) == 20


@pytest.mark.parametrize("kind", KINDS)
def test_update(kind):
    members = random_members(kind, 3)
    for other in random_members("dense", 4), random_members("stretches", 5):
        bitmap = RunBitmap(members)
        assert bitmap.update(shuffled(other)) is None
        agree(bitmap, members | other)


def test_update_is_all_or_nothing():
    bitmap = RunBitmap([1, 2])

    def values():
        yield 7
        bitmap.add(3)
        yield -1

    with pytest.raises(ValueError):
        bitmap.update(values())
    assert bitmap.runs() == [(1, 3)]
    bitmap.update(bitmap)
    assert bitmap.runs() == [(1, 3)]


def test_iteration_notices_changes():
    bitmap = RunBitmap([1, 2, 3, 9])
    iterator = iter(bitmap)
    assert next(iterator) == 1
    bitmap.add(100)
    with pytest.raises(RuntimeError, match="changed during iteration"):
        next(iterator)
    iterator = iter(bitmap)
    assert next(iterator) == 1
    bitmap.add(100)
    assert list(iterator) == [2, 3, 9, 100]


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class Broken:
    def __index__(self):
        raise LookupError("no index")


def test_integers_of_other_types():
    bitmap = RunBitmap([True, Index(5)])
    bitmap.add(Index(6))
    assert list(bitmap) == [1, 5, 6] and Index(5) in bitmap
    assert list(RunBitmap(b"\x02\x01")) == [1, 2]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (-1, ValueError),
        (2**32, ValueError),
        (10**30, ValueError),
        (-(10**30), ValueError),
        (1.0, TypeError),
        ("1", TypeError),
        (None, TypeError),
        (Broken(), LookupError),
    ],
)
def test_bad_values(value, error):
    bitmap = RunBitmap([1, 2])
    for call in (
        lambda: bitmap.add(value),
        lambda: bitmap.discard(value),
        lambda: bitmap.update([5, value]),
        lambda: bitmap.__init__([5, value]),
        lambda: RunBitmap([5, value]),
    ):
        with pytest.raises(error):
            call()
    if error is not ValueError:
        for call in bitmap.__contains__, bitmap.rank, bitmap.select:
            with pytest.raises(error):
                call(value)
    assert list(bitmap) == [1, 2]


@pytest.mark.parametrize("values", [range(-1, 5), range(2**32 - 1, 2**32 + 1), range(10**30)])
def test_bad_ranges(values):
    with pytest.raises(ValueError, match="0 to 4294967295"):
        RunBitmap(values)


def test_not_iterable():
    for call in RunBitmap, RunBitmap().update:
        with pytest.raises(TypeError, match="iter"):
            call(5)
    with pytest.raises(TypeError):
        RunBitmap([1], [2])


# --- sets --------------------------------------------------------------------

OPERATORS = [operator.or_, operator.and_, operator.sub, operator.xor]
IN_PLACE = [operator.ior, operator.iand, operator.isub, operator.ixor]


@pytest.mark.parametrize("right", KINDS)
@pytest.mark.parametrize("left", KINDS)
@pytest.mark.parametrize(("operate", "change"), list(zip(OPERATORS, IN_PLACE)))
def test_operators_agree_with_sets(operate, change, left, right):
    for seed in range(3):
        a, b = random_members(left, seed), random_members(right, seed + 50)
        x, y = RunBitmap(a), RunBitmap(b)
        agree(operate(x, y), operate(a, b))
        agree(x, a)
        agree(y, b)
        z = x
        z = change(z, y)
        assert z is x
        agree(x, operate(a, b))
        agree(y, b)


@pytest.mark.parametrize("operate", OPERATORS + IN_PLACE)
def test_operators_with_themselves(operate):
    members = random_members("dense", 1)
    bitmap = RunBitmap(members)
    agree(operate(bitmap, bitmap), operate(set(members), members))


@pytest.mark.parametrize("operate", OPERATORS + IN_PLACE)
@pytest.mark.parametrize("other", [{1}, [1], 1, None])
def test_operators_with_others(operate, other):
    with pytest.raises(TypeError):
        operate(RunBitmap([1]), other)
    with pytest.raises(TypeError):
        operate(other, RunBitmap([1]))


def test_equality_and_hash():
    assert RunBitmap([3, 1, 2]) == RunBitmap(range(1, 4)) != RunBitmap([1, 2])
    assert RunBitmap() == RunBitmap([]) and not RunBitmap() != RunBitmap()
    assert RunBitmap([1]) != RunBitmap([2])
    assert RunBitmap([1]) != {1} and RunBitmap([1]) != 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(RunBitmap())


@pytest.mark.parametrize("duplicate", [RunBitmap.copy, copy.copy, copy.deepcopy])
def test_copies_are_independent(duplicate):
    for members in {1, 2, 9}, set():
        bitmap = RunBitmap(members)
        other = duplicate(bitmap)
        other.add(5)
        agree(bitmap, members)
        agree(other, members | {5})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "<RunBitmap of 0: empty>"),
        ([7], "<RunBitmap of 1: 7>"),
        ([1, 2, 3, 9], "<RunBitmap of 4: 1-3, 9>"),
        (range(0, 12, 2), "<RunBitmap of 6: 0, 2, 4, 6, 8, 10>"),
        (range(0, 14, 2), "<RunBitmap of 7: 0, 2, 4, 6, 8, 10, ...>"),
    ],
)
def test_repr(values, text):
    assert repr(RunBitmap(values)) == text


# --- bytes -------------------------------------------------------------------


def varint(value):
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def serialised(runs):
    data, start = MAGIC + varint(len(runs)), 0
    for first, last in runs:
        data += varint(first - start) + varint(last - first)
        start = last + 2
    return data


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_bytes_round_trip(kind, seed):
    bitmap = RunBitmap(random_members(kind, seed))
    data = bitmap.to_bytes()
    assert data == serialised(bitmap.runs())
    for source in data, bytearray(data), memoryview(data), array("B", data):
        assert RunBitmap.from_bytes(source) == bitmap


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    for members in set(), {1, 2, 3, LARGEST}:
        agree(pickle.loads(pickle.dumps(RunBitmap(members), protocol)), members)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a serialised"),
        (b"RBM", "not a serialised"),
        (b"RBM2\x00", "not a serialised"),
        (MAGIC, "truncated"),
        (MAGIC + b"\x80", "truncated"),
        (MAGIC + b"\x01", "truncated"),
        (MAGIC + b"\x01\x05", "truncated"),
        (MAGIC + b"\x02\x05\x00", "truncated"),
        (MAGIC + b"\x02\x05\x00\x01", "truncated"),
        (MAGIC + b"\x01\x85\x80", "truncated"),
        (MAGIC + b"\xff\xff\xff\xff\x0f", "truncated"),
        (MAGIC + b"\xff\xff\xff\xff\x0f" + bytes(99), "truncated"),
        (MAGIC + b"\x00\x00", "left over"),
        (MAGIC + b"\x01\x05\x00\x00", "left over"),
        (MAGIC + b"\x80\x00", "padded"),
        (MAGIC + b"\x01\x85\x00\x00", "padded"),
        (MAGIC + b"\x01\xff\xff\xff\xff\x10\x00", "a number exceeds"),
        (MAGIC + b"\x01\xff\xff\xff\xff\x8f\x00\x00", "a number exceeds"),
        (MAGIC + b"\x01\xff\xff\xff\xff\x0f\x01", "a value exceeds"),
        (MAGIC + b"\x02\xff\xff\xff\xff\x0f\x00\x00\x00", "a value exceeds"),
        (MAGIC + b"\x02\x00\xfe\xff\xff\xff\x0f\x00\x00", "a value exceeds"),
    ],
)
def test_hostile_bytes(data, message):
    with pytest.raises(ValueError, match=message):
        RunBitmap.from_bytes(data)


def test_whatever_is_read_is_what_is_written():
    rng = Random(5)
    original = RunBitmap(random_members("stretches", 1)).to_bytes()
    accepted = 0
    for _ in range(1500):
        data = bytearray(original)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(4, len(data))] = rng.randrange(256)
        del data[rng.choice([len(data), rng.randrange(4, len(data))]) :]
        try:
            bitmap = RunBitmap.from_bytes(data)
        except ValueError:
            continue
        accepted += 1
        assert bitmap.to_bytes() == data
        assert serialised(bitmap.runs()) == data
    assert accepted > 50


@pytest.mark.parametrize("data", ["RBM1", 5, None, [1]])
def test_bytes_of_the_wrong_type(data):
    with pytest.raises(TypeError):
        RunBitmap.from_bytes(data)


def test_no_buffer_stays_locked():
    data = bytearray(MAGIC + b"\x00")
    RunBitmap.from_bytes(data)
    data.append(0)
    with pytest.raises(ValueError):
        RunBitmap.from_bytes(data)
    data.append(0)

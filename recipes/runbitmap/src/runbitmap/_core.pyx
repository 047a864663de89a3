"""Compressed sets of unsigned 32-bit integers."""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.number cimport PyNumber_Index
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport qsort
from libc.string cimport memcmp, memcpy, memmove

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef uint32_t LARGEST = 0xFFFFFFFF
cdef bytes MAGIC = b"RBM1"


cdef struct Run:
    uint32_t first
    uint32_t last  # itself a member: one more may not fit 32 bits


# Which values an operation keeps, as one bit each for those in neither set, in
# the left only, in the right only, and in both.
cdef enum Operation:
    KEEP_AND = 0b1000
    KEEP_SUB = 0b0010
    KEEP_XOR = 0b0110
    KEEP_OR = 0b1110


cdef int compare_runs(const void *a, const void *b) noexcept nogil:
    cdef uint32_t x = (<const Run *> a).first
    cdef uint32_t y = (<const Run *> b).first
    return (x > y) - (x < y)


cdef inline uint64_t edge(const Run *runs, Py_ssize_t k) noexcept nogil:
    """The k-th value at which membership changes."""
    if k & 1:
        return <uint64_t> runs[k >> 1].last + 1
    return runs[k >> 1].first


cdef uint32_t as_value(object number) except? 0:
    cdef int overflow = 0
    cdef long long value = PyLong_AsLongLongAndOverflow(PyNumber_Index(number), &overflow)
    if overflow or value < 0 or value > <long long> LARGEST:
        raise ValueError("a value must be 0 to 4294967295")
    return <uint32_t> value


# --- serial form ---------------------------------------------------------------
#
# MAGIC, then varints: the number of runs, and for each run how many values could
# have been members between the one before and it, and its length less one. Runs
# that touch cannot be expressed and no varint may be padded, so that equal sets
# have equal bytes.

cdef struct Reader:
    const unsigned char *at
    const unsigned char *end


cdef uint32_t get_varint(Reader *reader) except? 0:
    cdef uint32_t value = 0
    cdef int shift = 0
    cdef unsigned char byte
    while reader.at < reader.end:
        byte = reader.at[0]
        reader.at += 1
        if shift == 28 and byte > 0x0F:
            raise ValueError("serialised RunBitmap: a number exceeds 32 bits")
        value |= <uint32_t> (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift > 0:
                raise ValueError("serialised RunBitmap: a number is padded")
            return value
        shift += 7
    raise ValueError("serialised RunBitmap: truncated")


cdef unsigned char *put_varint(unsigned char *at, uint32_t value) noexcept nogil:
    while value >= 0x80:
        at[0] = <unsigned char> (value & 0x7F | 0x80)
        value >>= 7
        at += 1
    at[0] = <unsigned char> value
    return at + 1


cdef int varint_size(uint32_t value) noexcept nogil:
    cdef int size = 1
    while value >= 0x80:
        value >>= 7
        size += 1
    return size


@cython.final
cdef class RunBitmap:
    """A set of integers from 0 to 4294967295, kept as sorted runs.

    Memory and the time of set operations are proportional to the number of runs
    of consecutive members. ``values`` is any iterable of integers; a ``range``
    of step 1 takes no time whatever its length.

    Raises ``TypeError`` for what is not an integer, ``ValueError`` for integers
    out of range. A RunBitmap can change, and hence is not hashable.
    """

    cdef Run *_runs  # sorted; there is a gap between any two
    cdef Py_ssize_t _count
    cdef Py_ssize_t _room
    cdef uint64_t *_before  # members before each run, and of all; NULL if unknown
    cdef unsigned int _version

    def __init__(self, values=()):
        self._take(collect(values))

    def __dealloc__(self):
        PyMem_Free(self._runs)
        PyMem_Free(self._before)

    # --- storage ---

    cdef int _resize(self, Py_ssize_t room) except -1:
        cdef Run *runs
        if room > PY_SSIZE_T_MAX // <Py_ssize_t> sizeof(Run):
            raise MemoryError
        runs = <Run *> PyMem_Realloc(self._runs, <size_t> room * sizeof(Run))
        if runs == NULL:
            raise MemoryError
        self._runs = runs
        self._room = room
        return 0

    cdef int _insert_run(self, Py_ssize_t at, uint32_t first, uint32_t last) except -1:
        if self._count == self._room:
            self._resize(self._room + (self._room >> 1) + 4)
        memmove(&self._runs[at + 1], &self._runs[at], <size_t> (self._count - at) * sizeof(Run))
        self._runs[at] = Run(first, last)
        self._count += 1
        return 0

    cdef void _delete_run(self, Py_ssize_t at) noexcept:
        self._count -= 1
        memmove(&self._runs[at], &self._runs[at + 1], <size_t> (self._count - at) * sizeof(Run))

    cdef void _changed(self) noexcept:
        PyMem_Free(self._before)
        self._before = NULL
        self._version += 1

    cdef void _take(self, RunBitmap other) noexcept:
        """Exchanges the members with those of a temporary."""
        self._runs, other._runs = other._runs, self._runs
        self._count, other._count = other._count, self._count
        self._room, other._room = other._room, self._room
        self._changed()
        other._changed()

    cdef Py_ssize_t _find(self, uint32_t value) noexcept:
        """The first run that does not end before a value."""
        cdef Py_ssize_t low = 0, high = self._count, mid
        while low < high:
            mid = low + ((high - low) >> 1)
            if self._runs[mid].last < value:
                low = mid + 1
            else:
                high = mid
        return low

    cdef uint64_t *_counts(self) except NULL:
        cdef Py_ssize_t i
        cdef uint64_t total = 0
        cdef uint64_t *before = self._before
        if before == NULL:
            # No more than the runs themselves take, so this cannot overflow.
            before = <uint64_t *> PyMem_Malloc((<size_t> self._count + 1) * sizeof(uint64_t))
            if before == NULL:
                raise MemoryError
            for i in range(self._count):
                before[i] = total
                total += <uint64_t> self._runs[i].last - self._runs[i].first + 1
            before[self._count] = total
            self._before = before
        return before

    # --- members ---

    def add(self, value):
        """Adds an integer; one that is a member already is no error."""
        cdef uint32_t v = as_value(value)
        cdef Py_ssize_t i = self._find(v)
        cdef bint after, before
        if i < self._count and self._runs[i].first <= v:
            return
        after = i > 0 and self._runs[i - 1].last + 1 == v
        before = i < self._count and self._runs[i].first - 1 == v
        if after and before:
            self._runs[i - 1].last = self._runs[i].last
            self._delete_run(i)
        elif after:
            self._runs[i - 1].last = v
        elif before:
            self._runs[i].first = v
        else:
            self._insert_run(i, v, v)
        self._changed()

    def discard(self, value):
        """Removes an integer; one that is not a member is no error."""
        cdef uint32_t v = as_value(value)
        cdef Py_ssize_t i = self._find(v)
        cdef Run run
        if i == self._count or self._runs[i].first > v:
            return
        run = self._runs[i]
        if run.first == run.last:
            self._delete_run(i)
        elif run.first == v:
            self._runs[i].first = v + 1
        elif run.last == v:
            self._runs[i].last = v - 1
        else:
            self._insert_run(i + 1, v + 1, run.last)
            self._runs[i].last = v - 1
        self._changed()

    def update(self, values):
        """Adds the integers of an iterable: all of them, or on error none."""
        self._take(combine(self, collect(values), KEEP_OR))

    def __contains__(self, value):
        """Whether an integer, of any size, is a member."""
        cdef int overflow = 0
        cdef long long v = PyLong_AsLongLongAndOverflow(PyNumber_Index(value), &overflow)
        cdef Py_ssize_t i
        if overflow or v < 0 or v > <long long> LARGEST:
            return False
        i = self._find(<uint32_t> v)
        return i < self._count and self._runs[i].first <= v

    def __bool__(self):
        return self._count > 0

    def __len__(self):
        cdef uint64_t total = self._counts()[self._count]
        if total > <uint64_t> PY_SSIZE_T_MAX:
            raise OverflowError("too many members for len(); there is cardinality")
        return <Py_ssize_t> total

    @property
    def cardinality(self):
        """The number of members. Unlike len() it works up to 2**32 anywhere."""
        return self._counts()[self._count]

    def __iter__(self):
        """The members in ascending order.

        Raises RuntimeError if the set changes meanwhile.
        """
        cdef unsigned int version = self._version
        cdef Py_ssize_t i = 0
        cdef uint32_t value, last
        while i < self._count:
            value = self._runs[i].first
            last = self._runs[i].last
            while True:
                yield value
                if self._version != version:
                    raise RuntimeError("RunBitmap changed during iteration")
                if value == last:
                    break
                value += 1
            i += 1

    def runs(self):
        """The runs as a list of (first, last), both of them members."""
        return self._head(self._count)

    cdef list _head(self, Py_ssize_t most):
        cdef Py_ssize_t i
        return [(self._runs[i].first, self._runs[i].last) for i in range(min(most, self._count))]

    def rank(self, value):
        """The number of members less than an integer, which may be of any size."""
        cdef int overflow = 0
        cdef long long v = PyLong_AsLongLongAndOverflow(PyNumber_Index(value), &overflow)
        cdef uint64_t *before = self._counts()
        cdef Py_ssize_t i
        if overflow < 0 or v < 0 and not overflow:
            return 0
        if overflow or v > <long long> LARGEST:
            return before[self._count]
        i = self._find(<uint32_t> v)
        if i < self._count and self._runs[i].first < v:
            return before[i] + (<uint32_t> v - self._runs[i].first)
        return before[i]

    def select(self, index):
        """The member that has ``index`` members less than it.

        Raises IndexError unless index is 0 to cardinality - 1.
        """
        cdef int overflow = 0
        cdef long long wanted = PyLong_AsLongLongAndOverflow(PyNumber_Index(index), &overflow)
        cdef uint64_t *before = self._counts()
        cdef Py_ssize_t low = 0, high = self._count, mid
        if overflow or wanted < 0 or <uint64_t> wanted >= before[self._count]:
            raise IndexError("RunBitmap index out of range")
        while high - low > 1:
            mid = low + ((high - low) >> 1)
            if before[mid] <= <uint64_t> wanted:
                low = mid
            else:
                high = mid
        return self._runs[low].first + (<uint64_t> wanted - before[low])

    # --- sets ---

    def copy(self):
        """An independent set of the same members."""
        return copy_of(self)

    def __eq__(self, other):
        cdef RunBitmap that
        if not isinstance(other, RunBitmap):
            return NotImplemented
        that = other
        if self._count != that._count:
            return False
        return self._count == 0 or memcmp(
            self._runs, that._runs, <size_t> self._count * sizeof(Run)) == 0

    def __or__(self, other):
        return operate(self, other, KEEP_OR)

    def __and__(self, other):
        return operate(self, other, KEEP_AND)

    def __sub__(self, other):
        return operate(self, other, KEEP_SUB)

    def __xor__(self, other):
        return operate(self, other, KEEP_XOR)

    def __ior__(self, other):
        return operate_in_place(self, other, KEEP_OR)

    def __iand__(self, other):
        return operate_in_place(self, other, KEEP_AND)

    def __isub__(self, other):
        return operate_in_place(self, other, KEEP_SUB)

    def __ixor__(self, other):
        return operate_in_place(self, other, KEEP_XOR)

    def __repr__(self):
        cdef list runs = [
            str(first) if first == last else f"{first}-{last}"
            for first, last in self._head(6)
        ]
        if self._count > 6:
            runs.append("...")
        return f"<RunBitmap of {self.cardinality}: {', '.join(runs) or 'empty'}>"

    # --- bytes ---

    def to_bytes(self):
        """The serial form, equal for equal sets; 2 to 10 bytes for each run."""
        cdef uint64_t size = len(MAGIC) + varint_size(<uint32_t> self._count)
        cdef uint64_t start = 0
        cdef unsigned char *at
        cdef bytes data
        cdef Py_ssize_t i
        for i in range(self._count):
            size += varint_size(<uint32_t> (self._runs[i].first - start))
            size += varint_size(self._runs[i].last - self._runs[i].first)
            start = <uint64_t> self._runs[i].last + 2
        if size > <uint64_t> PY_SSIZE_T_MAX:
            raise MemoryError
        data = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> size)
        at = <unsigned char *> PyBytes_AS_STRING(data)
        memcpy(at, PyBytes_AS_STRING(MAGIC), <size_t> len(MAGIC))
        at = put_varint(at + len(MAGIC), <uint32_t> self._count)
        start = 0
        for i in range(self._count):
            at = put_varint(at, <uint32_t> (self._runs[i].first - start))
            at = put_varint(at, self._runs[i].last - self._runs[i].first)
            start = <uint64_t> self._runs[i].last + 2
        return data

    @staticmethod
    def from_bytes(data):
        """The set of which ``to_bytes`` made the bytes-like ``data``.

        Raises ValueError for anything that ``to_bytes`` does not write.
        """
        cdef RunBitmap result = RunBitmap.__new__(RunBitmap)
        cdef Py_buffer view
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            result._read(<const unsigned char *> view.buf, view.len)
        finally:
            PyBuffer_Release(&view)
        return result

    cdef int _read(self, const unsigned char *data, Py_ssize_t size) except -1:
        cdef Reader reader
        cdef uint64_t count, first, last, start = 0
        if size < len(MAGIC) or memcmp(data, PyBytes_AS_STRING(MAGIC), <size_t> len(MAGIC)) != 0:
            raise ValueError("not a serialised RunBitmap")
        reader = Reader(data + len(MAGIC), data + size)
        count = get_varint(&reader)
        # Believed only as far as there are bytes, lest it exhaust the memory.
        if count > <uint64_t> (reader.end - reader.at) // 2:
            raise ValueError("serialised RunBitmap: truncated")
        self._resize(<Py_ssize_t> count)
        while <uint64_t> self._count < count:
            first = start + get_varint(&reader)
            last = first + get_varint(&reader)
            if last > LARGEST:
                raise ValueError("serialised RunBitmap: a value exceeds 32 bits")
            self._runs[self._count] = Run(<uint32_t> first, <uint32_t> last)
            self._count += 1
            start = last + 2
        if reader.at != reader.end:
            raise ValueError("serialised RunBitmap: bytes left over")
        return 0

    def __reduce__(self):
        return RunBitmap.from_bytes, (self.to_bytes(),)


cdef RunBitmap copy_of(RunBitmap source):
    cdef RunBitmap result = RunBitmap.__new__(RunBitmap)
    if source._count > 0:
        result._resize(source._count)
        memcpy(result._runs, source._runs, <size_t> source._count * sizeof(Run))
        result._count = source._count
    return result


cdef RunBitmap collect(object values):
    """A new RunBitmap of what an iterable gives."""
    cdef RunBitmap result = RunBitmap.__new__(RunBitmap)
    cdef bint ascending = True
    cdef uint32_t value
    cdef Run *last
    if isinstance(values, RunBitmap):
        return copy_of(values)
    if isinstance(values, range) and values.step == 1:
        if values:
            result._insert_run(0, as_value(values[0]), as_value(values[-1]))
        return result
    for item in values:
        value = as_value(item)
        if result._count > 0:
            last = &result._runs[result._count - 1]
            if last.first <= value <= last.last:
                continue
            if value > last.last and value - last.last == 1:
                last.last = value
                continue
            ascending = ascending and value > last.last
        result._insert_run(result._count, value, value)
    if not ascending:
        qsort(result._runs, <size_t> result._count, sizeof(Run), compare_runs)
        join_runs(result)
    return result


cdef void join_runs(RunBitmap bitmap) noexcept:
    """Restores the gaps between runs that are sorted but may touch or overlap."""
    cdef Run *kept = bitmap._runs
    cdef Run run
    cdef Py_ssize_t i
    for i in range(1, bitmap._count):
        run = bitmap._runs[i]
        if run.first <= <uint64_t> kept.last + 1:
            kept.last = max(kept.last, run.last)
        else:
            kept += 1
            kept[0] = run
    bitmap._count = kept - bitmap._runs + 1


cdef RunBitmap combine(RunBitmap a, RunBitmap b, int keep):
    """Sweeps over the edges of both sets, between which membership is constant."""
    cdef RunBitmap result = RunBitmap.__new__(RunBitmap)
    cdef Py_ssize_t i = 0, j = 0, i_end = 2 * a._count, j_end = 2 * b._count
    cdef uint64_t at, start = 0
    cdef bint inside = False, keeps
    if i_end + j_end > 0:
        # Every run of the result uses up two edges, or shares them.
        result._resize(a._count + b._count)
    while i < i_end or j < j_end:
        if j == j_end:
            at = edge(a._runs, i)
        elif i == i_end:
            at = edge(b._runs, j)
        else:
            at = min(edge(a._runs, i), edge(b._runs, j))
        if i < i_end and edge(a._runs, i) == at:
            i += 1
        if j < j_end and edge(b._runs, j) == at:
            j += 1
        # After an odd number of edges one is inside a run.
        keeps = keep >> ((i & 1) | (j & 1) << 1) & 1
        if keeps and not inside:
            start = at
        elif inside and not keeps:
            result._runs[result._count] = Run(<uint32_t> start, <uint32_t> (at - 1))
            result._count += 1
        inside = keeps
    if result._room > 2 * result._count:
        result._resize(max(result._count, 1))
    return result


cdef object operate(RunBitmap a, object b, int keep):
    if not isinstance(b, RunBitmap):
        return NotImplemented
    return combine(a, b, keep)


cdef object operate_in_place(RunBitmap a, object b, int keep):
    if not isinstance(b, RunBitmap):
        return NotImplemented
    a._take(combine(a, b, keep))
    return a

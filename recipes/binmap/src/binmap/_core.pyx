# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Counts of points on a grid, and points drawn in proportion to them."""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t

import numpy as np

cimport numpy as cnp
from numpy.random cimport bitgen_t

cdef extern from "numpy/npy_math.h":
    double npy_floor(double x) nogil

cdef extern from "numpy/random/distributions.h":
    double random_standard_uniform(bitgen_t *state) nogil
    int64_t random_positive_int64(bitgen_t *state) nogil

cnp.import_array()


cdef (double, double, double, double) _bounds(object bounds) except *:
    left, bottom, right, top = bounds
    if not (left < right and bottom < top):
        raise ValueError("bounds are (left, bottom, right, top), of an area that is not empty")
    return left, bottom, right, top


def count(x, y, *, bounds, shape):
    """How many points lie in each cell, as an array of `shape`: (rows of y, columns of x).

    The upper edges belong to the last cells; points outside, and NaN, are counted nowhere.
    """
    cdef double left, bottom, right, top, column, row
    cdef Py_ssize_t rows, columns, i, r, c
    left, bottom, right, top = _bounds(bounds)
    rows, columns = shape
    if rows < 1 or columns < 1:
        raise ValueError("shape has at least one row and one column")
    cdef const double[:] xs = np.ascontiguousarray(x, dtype=np.float64).ravel()
    cdef const double[:] ys = np.ascontiguousarray(y, dtype=np.float64).ravel()
    if xs.shape[0] != ys.shape[0]:
        raise ValueError("x and y are of one length")
    cdef cnp.npy_intp[2] dimensions
    dimensions[0], dimensions[1] = rows, columns
    cdef cnp.ndarray grid = cnp.PyArray_ZEROS(2, dimensions, cnp.NPY_INT64, 0)
    cdef int64_t[:, ::1] cells = grid
    with nogil:
        for i in range(xs.shape[0]):
            # Written so that NaN is outside.
            if not (left <= xs[i] <= right and bottom <= ys[i] <= top):
                continue
            column = npy_floor((xs[i] - left) / (right - left) * columns)
            row = npy_floor((ys[i] - bottom) / (top - bottom) * rows)
            c, r = min(<Py_ssize_t>column, columns - 1), min(<Py_ssize_t>row, rows - 1)
            cells[r, c] += 1
    return grid


def draw(cnp.ndarray grid, Py_ssize_t number, *, bounds, rng):
    """`number` points (x, y), each in a cell that is chosen in proportion to its count.

    Within a cell they are uniform. The numbers are those of the Generator `rng`.
    """
    cdef double left, bottom, right, top
    left, bottom, right, top = _bounds(bounds)
    if number < 0:
        raise ValueError("number is not negative")
    cdef const int64_t[:, :] cells = np.ascontiguousarray(grid, dtype=np.int64)
    cdef int64_t[::1] sums = np.cumsum(cells, dtype=np.int64)
    cdef Py_ssize_t columns = cells.shape[1], size = sums.shape[0], i, low, high, middle
    cdef int64_t total = sums[size - 1] if size else 0, wanted
    if np.min(grid, initial=0) < 0 or total <= 0:
        raise ValueError("a grid has counts, and at least one point")
    cdef cnp.ndarray points = np.empty((number, 2), dtype=np.float64)
    cdef double[:, ::1] out = points
    cdef double width = (right - left) / columns, height = (top - bottom) / cells.shape[0]
    generator = rng.bit_generator
    cdef bitgen_t *state = <bitgen_t *>PyCapsule_GetPointer(generator.capsule, "BitGenerator")
    with generator.lock, nogil:
        for i in range(number):
            wanted = random_positive_int64(state) % total
            low, high = 0, size - 1
            while low < high:
                middle = (low + high) // 2
                if sums[middle] > wanted:
                    high = middle
                else:
                    low = middle + 1
            out[i, 0] = left + (low % columns + random_standard_uniform(state)) * width
            out[i, 1] = bottom + (low // columns + random_standard_uniform(state)) * height
    return points

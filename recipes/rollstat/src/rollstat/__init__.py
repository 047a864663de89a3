"""Rolling-window statistics over one-dimensional float64 buffers.

Every function takes ``(values, window, min_periods=None)`` and returns an
``array.array('d')`` as long as ``values``. Element ``i`` describes the last
``window`` values up to and including ``values[i]``; NaN values are missing.
It is NaN if fewer than ``min_periods`` (by default: ``window``) are present.
"""

from ._core import (
    rolling_max,
    rolling_mean,
    rolling_median,
    rolling_min,
    rolling_var,
)

__all__ = [
    "rolling_max",
    "rolling_mean",
    "rolling_median",
    "rolling_min",
    "rolling_var",
]

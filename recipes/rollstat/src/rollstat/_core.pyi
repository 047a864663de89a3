from array import array
from typing import SupportsIndex

from typing_extensions import Buffer

def rolling_mean(
    values: Buffer, window: SupportsIndex, min_periods: SupportsIndex | None = None
) -> array[float]: ...
def rolling_var(
    values: Buffer,
    window: SupportsIndex,
    min_periods: SupportsIndex | None = None,
    *,
    ddof: SupportsIndex = 1,
) -> array[float]: ...
def rolling_min(
    values: Buffer, window: SupportsIndex, min_periods: SupportsIndex | None = None
) -> array[float]: ...
def rolling_max(
    values: Buffer, window: SupportsIndex, min_periods: SupportsIndex | None = None
) -> array[float]: ...
def rolling_median(
    values: Buffer, window: SupportsIndex, min_periods: SupportsIndex | None = None
) -> array[float]: ...

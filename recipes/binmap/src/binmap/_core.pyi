import numpy as np
from numpy.typing import ArrayLike, NDArray

type Bounds = tuple[float, float, float, float]

def count(
    x: ArrayLike, y: ArrayLike, *, bounds: Bounds, shape: tuple[int, int]
) -> NDArray[np.int64]: ...
def draw(
    grid: NDArray[np.int64], number: int, *, bounds: Bounds, rng: np.random.Generator
) -> NDArray[np.float64]: ...

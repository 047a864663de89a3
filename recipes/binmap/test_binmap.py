import numpy as np
import pytest
from binmap import count, draw

BOUNDS = (0.0, 0.0, 1.0, 1.0)


def test_small() -> None:
    grid = count([0.1, 0.2, 0.9], [0.1, 0.1, 0.9], bounds=BOUNDS, shape=(2, 2))
    assert grid.dtype == np.int64
    assert grid.tolist() == [[2, 0], [0, 1]]


def test_the_same_as_numpy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(0.5, 0.4, (2, 5000))
    ours = count(x, y, bounds=BOUNDS, shape=(7, 11))
    theirs, _, _ = np.histogram2d(y, x, bins=(7, 11), range=((0, 1), (0, 1)))
    assert (ours == theirs).all()


def test_edges_and_what_is_outside() -> None:
    x = [0.0, 1.0, 1.0, -0.1, np.nan, np.inf]
    y = [0.0, 1.0, 0.0, 0.5, 0.5, 0.5]
    assert count(x, y, bounds=BOUNDS, shape=(2, 2)).tolist() == [[1, 1], [0, 1]]
    assert count([], [], bounds=BOUNDS, shape=(1, 1)).tolist() == [[0]]
    strided = np.arange(10.0)[::2] / 10
    assert count(strided, strided, bounds=BOUNDS, shape=(1, 1)).tolist() == [[5]]


def test_draws_lie_where_points_were() -> None:
    grid = np.array([[0, 3], [1, 0]])
    points = draw(grid, 2000, bounds=(10, 20, 12, 24), rng=np.random.default_rng(2))
    back = count(points[:, 0], points[:, 1], bounds=(10, 20, 12, 24), shape=(2, 2))
    assert back.sum() == 2000
    assert back[0, 0] == back[1, 1] == 0
    assert 1400 < back[0, 1] < 1600


def test_draws_are_the_generators() -> None:
    grid = np.ones((3, 3), dtype=np.int64)
    one, same, other = (
        draw(grid, 4, bounds=BOUNDS, rng=np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(
    "call",
    [
        lambda: count([0], [0, 1], bounds=BOUNDS, shape=(1, 1)),
        lambda: count([0], [0], bounds=(1, 0, 0, 1), shape=(1, 1)),
        lambda: count([0], [0], bounds=BOUNDS, shape=(0, 1)),
        lambda: draw(np.zeros((2, 2), dtype=np.int64), 1, bounds=BOUNDS, rng=np.random.default_rng()),
        lambda: draw(np.array([[-1, 3]]), 1, bounds=BOUNDS, rng=np.random.default_rng()),
        lambda: draw(np.ones((1, 1), dtype=int), -1, bounds=BOUNDS, rng=np.random.default_rng()),
    ],
)
def test_what_is_refused(call) -> None:
    with pytest.raises(ValueError):
        call()

"""Geohashes, web-mercator tiles and an index of points by tile.

Latitudes and longitudes are in degrees. Bounding boxes are tuples
``(west, south, east, north)``; one with ``west > east`` crosses the
antimeridian. Input that cannot be coded raises ``CodecError``, a
``ValueError``; trouble with files raises ``OSError``.
"""

from ._core import (
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

__all__ = [
    "MAX_LATITUDE",
    "MAX_ZOOM",
    "CodecError",
    "Tile",
    "TileIndex",
    "cover",
    "geohash_bounds",
    "geohash_decode",
    "geohash_encode",
    "geohash_neighbours",
    "tile_at",
]

"""Counts of points on a grid, and points drawn in proportion to them."""

from binmap._core import count, draw

__all__ = ["count", "draw"]
__version__ = "1.0.0"

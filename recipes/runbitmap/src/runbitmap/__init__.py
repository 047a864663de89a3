"""Compressed sets of unsigned 32-bit integers."""

from ._core import RunBitmap

__all__ = ["RunBitmap"]

"""The words of a list that are close to a given one."""

from closeword._core import Words, distance

__all__ = ["Words", "distance"]

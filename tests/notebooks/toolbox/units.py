"""Temperatures."""

from . import scales


def parse(text):
    number, _, unit = text.partition(" ")
    if unit not in scales.KNOWN:
        raise ValueError(unit)
    return float(number)


def to_celsius(fahrenheit):
    return (fahrenheit - 32) / 1.8
# mypy: ignore-errors

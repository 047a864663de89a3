"""Rows as they should be."""


def strip_all(rows):
    return [row.strip() for row in rows]


def drop_blank(rows):
    return [row for row in rows if row]
# mypy: ignore-errors

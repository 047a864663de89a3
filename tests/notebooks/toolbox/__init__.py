"""Small tools."""
# mypy: ignore-errors

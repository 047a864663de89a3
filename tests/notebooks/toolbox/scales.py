KNOWN = {"F", "C"}
# mypy: ignore-errors

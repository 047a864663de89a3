"""What can be imported from a wheel, by looking at its files."""

from collections.abc import Iterable
from pathlib import PurePosixPath


def import_names(members: Iterable[str]) -> tuple[str, ...]:
    """Import names of a wheel's members: its top-level ones, and every extension module.

    Importing a package proves that its Python is found; importing each side module proves that it
    links. Names that begin with an underscore stand at the top level only where nothing else does.
    Test files that a backend packed by mistake are not what the wheel is imported for.
    """
    tops: dict[str, None] = {}
    extensions: dict[str, None] = {}
    for member in sorted(members):
        path = PurePosixPath(member)
        first = path.parts[0]
        if first.endswith((".dist-info", ".data")) or "tests" in path.parts[:-1]:
            continue
        if path.name.startswith("test_") or path.name == "conftest.py":
            continue
        name = _module(path)
        if name is None:
            continue
        tops[name.partition(".")[0]] = None
        if path.suffix == ".so":
            extensions[name] = None
    public = [name for name in tops if not name.startswith("_") and name != "tests"]
    return tuple(dict.fromkeys([*(public or tops), *extensions]))


def _module(path: PurePosixPath) -> str | None:
    if path.suffix not in (".py", ".so"):
        return None
    stem = path.name.partition(".")[0]
    # What modules link to is named so, and has no function for Python to start it with.
    if stem.startswith("lib") and path.name == f"{stem}.so":
        return None
    parts = path.parts[:-1] if stem == "__init__" else (*path.parts[:-1], stem)
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts)

"""Which names hold the same objects, and have to be packed in one piece to go on doing so."""

from collections.abc import Collection, Iterable, Mapping


def group_by_sharing(held: Mapping[str, Collection[int]]) -> list[tuple[str, ...]]:
    """Names that share an object, directly or through others, each group in the given order."""
    parent = {name: name for name in held}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first: dict[int, str] = {}
    for name, objects in held.items():
        for one in objects:
            parent[root(name)] = root(first.setdefault(one, name))
    groups: dict[str, list[str]] = {}
    for name in held:
        groups.setdefault(root(name), []).append(name)
    return [tuple(names) for names in _sorted(groups.values(), held)]


def _sorted(groups: Iterable[list[str]], held: Iterable[str]) -> list[list[str]]:
    place = {name: number for number, name in enumerate(held)}
    return sorted(groups, key=lambda names: place[names[0]])

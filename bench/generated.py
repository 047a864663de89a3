"""Recipes that are made up: next to nothing to build, or nothing at all, so that what is left is Porter's."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from projects import make_pure

# How many of those before it a recipe of a large graph is compiled against, and how far they are.
BELOW, APART = 3, 7
SHA256 = "0" * 64


def make_recipes(folder: Path, count: int) -> list[str]:
    """Projects that bring their own build backend, which writes a wheel of one module; their names."""
    names = [f"tiny{number:03}" for number in range(count)]
    for name in names:
        make_pure(folder / name, name)
        (folder / name / "recipe.toml").write_text('[package]\nversion = "1"\n')
    return names


def make_chain(folder: Path, count: int, users: int) -> list[str]:
    """The same, of which `users` are compiled against the first."""
    names = make_recipes(folder, count)
    for name in names[1 : users + 1]:
        with (folder / name / "recipe.toml").open("a") as recipe:
            recipe.write(f'[requirements]\nhost = ["{names[0]}"]\n')
    return names


def change(folder: Path) -> None:
    """Another source, that builds the same module."""
    backend = folder / "backend.py"
    backend.write_text(f"{backend.read_text()}\n# changed\n")


def make_graph(folder: Path, count: int) -> None:
    """Recipes that can be planned and not built: their sources are told by a hash that nothing has."""
    for number in range(count):
        below = [number - APART * (step + 1) ** 2 for step in range(BELOW)]
        host = [f"node{other:05}" for other in below if other >= 0]
        recipe = folder / f"node{number:05}"
        recipe.mkdir(parents=True)
        (recipe / "recipe.toml").write_text(
            f'[package]\nversion = "1.{number}"\n'
            f'[source]\npurl = "pkg:pypi/{recipe.name}@1.{number}"\nsha256 = "{SHA256}"\n'
            f"[requirements]\nhost = {host}\n"
        )

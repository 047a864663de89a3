"""Artefacts as builds leave them, for stores; and the stores."""

import json
from pathlib import Path

from wheels import make_wheel

from porter.artefact import Artefact, artefact_key, find_artefact, keep_artefact
from porter.disclosed import MEMBER
from porter.home import Home
from porter.store.objects import Objects
from porter.store.shared import SharedStore


def make_artefact(
    home: Home, folder: Path, name: str = "acme", body: bytes = b"x = 1\n"
) -> Artefact:
    """A finished wheel in a cache, that tells the key it was built under."""
    inputs = {"name": name, "source": f"of {name}"}
    key = artefact_key(inputs)
    document = {
        "metadata": {
            "component": {
                "name": name,
                "version": "1.0",
                "hashes": [{"alg": "SHA-256", "content": "0" * 64}],
                "properties": [{"name": "porter:build", "value": key}],
            }
        }
    }
    members = {f"{name}.py": body, f"{name}-1.0.dist-info/{MEMBER}": json.dumps(document).encode()}
    wheel = make_wheel(folder, name, members=members)
    return keep_artefact(home, key, wheel, seconds=2.5, inputs=inputs, audit="clean")


def key_of(artefact: Artefact) -> str:
    return artefact_key(artefact.inputs)


class Shelf:
    """A store, and what it warned of."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.said: list[str] = []
        self.store = SharedStore(objects, self.said.append)

    def again(self) -> "Shelf":
        """As another run sees it."""
        return Shelf(self.objects)


def found(home: Home, artefact: Artefact) -> bool:
    there = find_artefact(home, key_of(artefact))
    return there is not None and there.sha256 == artefact.sha256

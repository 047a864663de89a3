"""What a decision was made from, as hashes; pure but for the rules' own files."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

from compat_report.deciding.contradicted import Contradiction, digest_contradictions
from compat_report.deciding.model import MadeFrom
from compat_report.model import CellKind, Notebook
from compat_report.policy import Policy
from porter import __version__

RULES = (("compat_report", "rules.toml"), ("compat_report.reading", "magics.toml"))
# They act through the catalogue, whose identity has what they lead to; an index's may hold a token.
ELSEWHERE = ("index", "mapping", "platform", "kernel")


def digest_cells(notebook: Notebook) -> str:
    """The hash of the code cells' languages and sources, in their order."""
    digest = hashlib.sha256()
    for cell in notebook.cells:
        if cell.kind is CellKind.CODE:
            for text in (cell.language, cell.source):
                data = text.encode("utf-8", "surrogatepass")
                digest.update(b"%d:" % len(data))
                digest.update(data)
    return digest.hexdigest()


def digest_policy(policy: Policy) -> str:
    """The hash of all that a policy says of verdicts and kernels."""
    told = {name: value for name, value in asdict(policy).items() if name not in ELSEWHERE}
    return _digest(json.dumps(told, sort_keys=True, default=_plain))


@cache
def digest_rules() -> str:
    """The hash of the tables of rules."""
    return _digest(
        "\0".join(files(package).joinpath(name).read_text("utf-8") for package, name in RULES)
    )


def made_from(
    notebook: Notebook, *, policy: str, catalogue: str, learnt: Iterable[Contradiction] = ()
) -> MadeFrom:
    """The record for one notebook; `policy` is a hash already, `catalogue` the identity itself.

    `learnt` is what runs taught of this notebook, by this catalogue.
    """
    return MadeFrom(
        notebook=digest_cells(notebook),
        policy=policy,
        catalogue=digest_catalogue(catalogue),
        contradictions=digest_contradictions(learnt),
        rules=digest_rules(),
        porter=__version__,
    )


def digest_catalogue(identity: str) -> str:
    """The hash of a catalogue's identity."""
    return _digest(identity)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Iterable):
        return sorted(value)
    return str(value)

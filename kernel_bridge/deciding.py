"""Kernel decisions for a server's notebooks: the report's selectors, on what the index has now."""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from compat_report.asked import Asked
from compat_report.deciding.contradicted import Contradiction
from compat_report.deciding.digests import digest_policy
from compat_report.deciding.document import serialize_decision
from compat_report.errors import BadPolicy
from compat_report.model import Notebook
from compat_report.policy import Policy, parse_policy
from compat_report.policy_fields import Names
from compat_report.reading.read import parse_notebook
from compat_report.select import Selector, open_selector
from kernel_bridge.errors import BadRequest, TooMuch
from kernel_bridge.settings import BridgeSettings
from porter.commands.options import Machine
from porter.platform import read_platform

# JupyterLite's, by its name in compat_report/catalog/kernels.toml.
KERNEL = "pyodide-kernel"
MOST_CELLS = 5000
MOST_SELECTORS = 8
# A page that names these would have the server read files, and ask servers, of its choice.
OF_THE_SERVER = ("index", "mapping", "platform", "kernel", "browser-kernel", "server-kernel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a page asks: `previous` is the id of the decision before, "" for none."""

    notebook: Notebook
    policy: Policy
    previous: str = ""


def parse_question(body: Mapping[str, object], folder: Path | None) -> Question:
    """The question of a request's body; raises BadRequest, TooMuch.

    `folder` is the server's own: a notebook's local modules are looked for beside it.
    """
    path = body.get("path", "notebook.ipynb")
    previous = body.get("previous") or ""
    if not isinstance(path, str) or "\0" in path or not isinstance(previous, str):
        raise BadRequest("path and previous are texts", advice="send path, notebook and previous")
    return Question(
        notebook=_notebook(body.get("notebook"), path, folder),
        policy=_policy(body.get("policy")),
        previous=previous,
    )


class Decider:
    """Decides; safe from several threads."""

    def __init__(self, settings: BridgeSettings, machine: Machine) -> None:
        self._settings = settings
        self._machine = machine
        self._selectors: OrderedDict[tuple[object, str], Selector] = OrderedDict()
        self._lock = threading.Lock()

    def decide(
        self,
        question: Question,
        *,
        state: object,
        provided: frozenset[str] = frozenset(),
        told: Iterable[Contradiction] = (),
    ) -> bytes:
        """The decision as JSON; raises what `open_selector` does, and TooManyNames.

        `provided` are imports of the browser kernel's own; `state` is something else whenever the index has other wheels than before.
        """
        allow = question.policy.allow
        policy = replace(
            question.policy,
            allow=Names(
                imports=allow.imports | provided, projects=allow.projects, codes=allow.codes
            ),
            browser_kernel=self._settings.browser_kernel,
            server_kernel=self._settings.server_kernel,
        )
        selector = self._selector(policy, state)
        return serialize_decision(
            selector.decide(question.notebook, previous=question.previous, told=told)
        )

    def _selector(self, policy: Policy, state: object) -> Selector:
        key = (state, digest_policy(policy))
        with self._lock:
            found = self._selectors.pop(key, None) or self._open(policy)
            # What was decided by an earlier state of the index is of no use any more.
            for old in [one for one in self._selectors if one[0] != state]:
                del self._selectors[old]
            self._selectors[key] = found
            while len(self._selectors) > MOST_SELECTORS:
                self._selectors.popitem(last=False)
        return found

    def _open(self, policy: Policy) -> Selector:
        asked = Asked(
            platforms=(read_platform(self._settings.platform),),
            policy=policy,
            kernel=KERNEL,
            index=self._settings.index_base,
            public=False,
        )
        return open_selector(asked, self._machine)


def _notebook(tree: object, path: str, folder: Path | None) -> Notebook:
    if not isinstance(tree, dict) or not isinstance(tree.get("cells"), list):
        raise BadRequest("there is no notebook", advice="send it as nbformat has it")
    if len(tree["cells"]) > MOST_CELLS:
        raise TooMuch(
            f"{len(tree['cells'])} cells, and at most {MOST_CELLS} are read",
            advice="split the notebook",
        )
    # Outputs and pictures decide nothing, and may be most of it.
    bare = {**tree, "cells": [_bare(cell) for cell in tree["cells"]]}
    name = path if path.endswith(".ipynb") else f"{path}.ipynb"
    where = None if folder is None else str((folder / path).parent)
    return parse_notebook(json.dumps(bare).encode(), name=name, folder=where)


def _bare(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    return {key: value for key, value in cell.items() if key not in ("outputs", "attachments")}


def _policy(value: object) -> Policy:
    if value is None:
        return Policy()
    if not isinstance(value, dict):
        raise BadRequest("policy is an object", advice="its fields are [tool.porter.report]'s")
    for name in OF_THE_SERVER:
        if name in value:
            raise BadRequest(f"policy.{name} is the server's to say", advice="leave it out")
    try:
        return parse_policy(value)
    except BadPolicy as error:
        raise BadRequest(error.message, advice=error.advice) from error

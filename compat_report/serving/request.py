"""The body of a request for a decision → what is asked; pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from compat_report.errors import BadPolicy
from compat_report.model import Location, Notebook
from compat_report.policy import Policy, parse_policy
from compat_report.reading.ipynb import BadNotebook, parse_ipynb
from compat_report.reading.language import check_language, parse_language
from compat_report.serving.problems import Problem

KEYS = ("notebook", "path", "policy", "platform", "previous")
# They would have the index read files and ask servers that a client names.
OF_OTHERS = ("index", "mapping", "platform")
MOST_CELLS = 5000
MOST_CODE = 1 << 19
PATH = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1000}")
PREVIOUS = re.compile(r"[0-9a-f]{32}")
ADVICE = "/api/decisions/openapi.json says what each field takes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a decision is asked for: `previous` is the id of the one before, "" for none."""

    notebook: Notebook
    policy: Policy
    platform: str
    previous: str


def parse_request(body: bytes) -> Wanted:
    """The request of a body of JSON; raises Problem (400, 413, 422)."""
    document = _load(body)
    if not isinstance(document, dict):
        raise _unfit("the body is an object with a notebook in it")
    for key in document:
        if key not in KEYS:
            raise _unfit(f"{key[:50]!r} is none of {', '.join(KEYS)}")
    return Wanted(
        notebook=_notebook(
            document.get("notebook"), _text(document, "path", PATH, "notebook.ipynb")
        ),
        policy=_policy(document.get("policy")),
        platform=_text(document, "platform", PATH, ""),
        previous=_text(document, "previous", PREVIOUS, ""),
    )


def _load(body: bytes) -> Any:
    """orjson first; what it alone refuses, such as half of a surrogate pair, is tried again."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise Problem(400, "BadRequest", "the body is no JSON", ADVICE) from error


def _text(document: Mapping[str, Any], key: str, pattern: re.Pattern[str], default: str) -> str:
    value = document.get(key)
    if value is None:
        return default
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _unfit(f"{key}: text that fits {pattern.pattern}")
    return value


def _policy(value: Any) -> Policy:
    if value is None:
        return Policy()
    if not isinstance(value, dict):
        raise _unfit("policy: an object, as [tool.porter.report] is a table")
    for key in OF_OTHERS:
        if key in value:
            raise _unfit(f"policy.{key}: this is the index's own to say")
    try:
        return parse_policy(value)
    except BadPolicy as error:
        raise Problem(422, "BadPolicy", error.message, error.advice) from error


def _notebook(tree: Any, path: str) -> Notebook:
    if not isinstance(tree, dict):
        raise _unfit("notebook: an object, as nbformat has it")
    cells = tree.get("cells")
    if isinstance(cells, list):
        if len(cells) > MOST_CELLS:
            raise _too_much(f"{len(cells)} cells, and at most {MOST_CELLS} are read")
        # Outputs and pictures decide nothing, and may be most of it.
        tree = {**tree, "cells": [_bare(cell) for cell in cells]}
    data = _dump(tree)
    try:
        content = parse_ipynb(data, name=path)
    except BadNotebook as error:
        raise _unfit(f"notebook: {error}") from error
    if sum(len(cell.source) for cell in content.cells) > MOST_CODE:
        raise _too_much(f"cells of more than {MOST_CODE} characters together")
    spoken = parse_language(content.metadata)
    return Notebook(
        path=path,
        format=content.format,
        sha256=hashlib.sha256(data).hexdigest(),
        language=spoken.language,
        kernel=spoken.kernel,
        cells=content.cells,
        metadata=content.metadata,
        findings=(*check_language(spoken, Location(path=path)), *content.findings),
    )


def _bare(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    return {key: value for key, value in cell.items() if key not in ("outputs", "attachments")}


def _dump(tree: Any) -> bytes:
    try:
        return orjson.dumps(tree)
    except (TypeError, RecursionError):
        pass
    try:
        return json.dumps(tree).encode()
    except (ValueError, RecursionError) as error:
        raise _unfit("notebook: it is nested too deeply") from error


def _unfit(message: str) -> Problem:
    return Problem(422, "BadRequest", message, ADVICE)


def _too_much(message: str) -> Problem:
    return Problem(413, "TooLarge", message, "send the cells alone, without what they wrote")

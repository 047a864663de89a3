"""The OpenAPI document (3.1) of `/api/decisions`; pure."""

import json
from collections.abc import Iterable
from typing import Any

from compat_report.deciding.document import read_schema
from compat_report.footprint.size import TAB_LIMIT
from compat_report.model import Severity
from compat_report.rules import read_rules
from compat_report.serving.request import MOST_CELLS
from porter import __version__

PARTS = "#/components/schemas/"
MEANINGS = {
    400: "The body is no JSON.",
    401: "A closed index, and no credential, or one that is unknown, expired or revoked.",
    403: "The credential may not read.",
    405: "Another method than that of the operation.",
    413: "More than is read of a notebook.",
    422: "A field is not what this document says it is.",
    503: "The index, or the runtime that the decision is about, is not there.",
}
ABOUT = """\
Says where a notebook is to run, why, and with which wheels of this index. Who may read the index may
ask; nothing is kept of a notebook but in memory, for the next decision.
"""


TEXT = {"type": "string", "pattern": r"\S"}
TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1}}
CODES = {"enum": sorted(read_rules())}
BYTES = [{"type": "integer", "minimum": 0}, {"type": "string", "description": "`500 MB`, `2 GiB`"}]
NAMES = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"imports": TEXTS, "projects": TEXTS, "codes": {"type": "array", "items": CODES}},
}
POLICY: dict[str, Any] = {
    "memory": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": TAB_LIMIT}, BYTES[1]]},
    "data": {"anyOf": BYTES},
    "download": {"anyOf": BYTES},
    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    "allow": NAMES,
    "deny": NAMES,
    "severities": {
        "type": "object",
        "propertyNames": CODES,
        "additionalProperties": {"enum": [str(severity) for severity in Severity]},
    },
    "cors-hosts": {"type": "array", "items": {"type": "string", "pattern": "^[^/:]+$"}},
    "kernel": TEXT,
    "browser-kernel": TEXT,
    "server-kernel": TEXT,
}


def describe(base: str, platforms: Iterable[str]) -> dict[str, Any]:
    """The document of an index at an address that serves `platforms`."""
    decision: dict[str, Any] = json.loads(json.dumps(read_schema()).replace("#/$defs/", PARTS))
    parts = decision.pop("$defs")
    for key in ("$schema", "$id"):
        del decision[key]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Porter's decisions", "version": __version__, "description": ABOUT},
        "servers": [{"url": base}],
        "security": [{}, {"basic": []}, {"bearer": []}],
        "paths": {
            "/api/decisions": {"post": _decide()},
            "/api/decisions/schema": {"get": _schema()},
        },
        "components": {
            "schemas": {
                **parts,
                "decision": decision,
                "request": _request(platforms),
                "problem": _problem(),
            },
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _decide() -> dict[str, Any]:
    return {
        "operationId": "decide",
        "summary": "Decide for a notebook",
        "description": "Nothing is run, and nothing of the index changes.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"{PARTS}request"}}},
        },
        "responses": {
            "200": _content("The decision.", "decision"),
            **_problems(400, 401, 403, 405, 413, 422, 503),
        },
    }


def _schema() -> dict[str, Any]:
    return {
        "operationId": "schema",
        "summary": "The JSON Schema of a decision",
        "description": "Draft 2020-12; its version is in its `$id`.",
        "responses": {
            "200": {
                "description": "The schema.",
                "content": {"application/schema+json": {"schema": {"type": "object"}}},
            },
            **_problems(401, 403, 405),
        },
    }


def _request(platforms: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A notebook, and how it is to be decided for.",
        "required": ["notebook"],
        "additionalProperties": False,
        "properties": {
            "notebook": {
                "type": "object",
                "description": "nbformat's JSON, of any version; or `cells` alone. Outputs are not read.",
                "required": ["cells"],
                "properties": {
                    # What is no cell is told of in the decision.
                    "cells": {
                        "type": "array",
                        "items": {},
                        "description": f"At most {MOST_CELLS}.",
                    },
                },
            },
            "path": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
                "pattern": r"^[^\x00-\x1f\x7f]+$",
                "description": "What the notebook is called in the decision.",
            },
            "policy": {
                "type": "object",
                "description": "The fields of `[tool.porter.report]`.",
                "additionalProperties": False,
                "properties": POLICY,
            },
            "platform": {
                "enum": list(platforms),
                "description": "A Pyodide release that the index serves.",
            },
            "previous": {
                "type": "string",
                "pattern": "^[0-9a-f]{32}$",
                "description": "The `id` of the decision before, so that only what changed is read.",
            },
        },
    }


def _problem() -> dict[str, Any]:
    keys = ("error", "message", "advice")
    return {
        "type": "object",
        "description": "What failed, and what to do next.",
        "required": list(keys),
        "properties": {key: {"type": "string"} for key in keys},
    }


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(status): _content(MEANINGS[status], "problem") for status in statuses}


def _content(meaning: str, name: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"{PARTS}{name}"}}}
    return {"description": meaning, "content": content}

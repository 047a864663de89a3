"""A decision as a document for programs: JSON (RFC 8259) in UTF-8, as decision.schema.json has it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from compat_report.deciding.model import KernelDecision


def serialize_decision(decision: KernelDecision) -> bytes:
    """The document, in one line."""
    try:
        return orjson.dumps(decision, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Numbers past 64 bits, and text that is not Unicode: lone surrogates.
        text = json.dumps(asdict(decision), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b"\n"


def identified(decision: KernelDecision) -> KernelDecision:
    """The same with its id: the beginning of the sha256 of the document with none."""
    data = serialize_decision(replace(decision, id=""))
    return replace(decision, id=hashlib.sha256(data).hexdigest()[:32])


@cache
def read_schema() -> Mapping[str, Any]:
    """The JSON Schema (draft 2020-12) of the document."""
    text = files("compat_report.deciding").joinpath("decision.schema.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema

"""What pages tell: objects of JSON that events.schema.json describes; pure but for that file."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kernel_bridge.errors import BadRequest

# Events of one request.
MOST = 100
type Event = Mapping[str, Any]


def parse_events(body: Mapping[str, object]) -> Sequence[Event]:
    """The events of `{"events": […]}`; raises BadRequest with the first that is none."""
    told = body.get("events")
    if not isinstance(told, list) or len(told) > MOST or set(body) != {"events"}:
        raise BadRequest(
            f"events: a list of at most {MOST}", advice='send {"events": […]} and nothing else'
        )
    check = _validator()
    for number, one in enumerate(told):
        # The event is not told: it may be anything.
        if not check.is_valid(one):
            raise BadRequest(
                f"events[{number}]: {_mistake(one)}",
                advice="docs/reference/bridge-operations.md has every event",
            )
    return told


@cache
def read_schema() -> Mapping[str, Any]:
    """The JSON Schema (draft 2020-12) of one event."""
    text = files("kernel_bridge.operations").joinpath("events.schema.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Any:
    return Draft202012Validator(read_schema())


def _mistake(one: object) -> str:
    kinds = read_schema()["$defs"]
    name = one.get("event") if isinstance(one, dict) else None
    if not isinstance(name, str) or "properties" not in kinds.get(name, {}):
        return "there is no such event"
    schema = {"$defs": kinds, "$ref": f"#/$defs/{name}"}
    for error in Draft202012Validator(schema).iter_errors(one):
        where = ".".join(map(str, error.absolute_path))
        fields = ", ".join(kinds[name]["properties"])
        return f"{name}: {where or 'its fields'} is not as it should be; there are {fields}"
    return "it is not as it should be"

import re
from pathlib import Path

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kernel_bridge.operations.event import read_schema

PAGE = Path(__file__).parents[3] / "docs/reference/bridge-operations.md"


def test_the_schema_is_one_and_its_page_has_every_event_and_field() -> None:
    schema = read_schema()
    Draft202012Validator.check_schema(schema)
    told = dict(re.findall(r"^\| `(\w+)` \| (`.+?`) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    for name, kind in schema["$defs"].items():
        if "properties" in kind:
            fields = set(re.findall(r"`(\w+)`", told[name]))
            assert fields == set(kind["properties"]) - {"event"}, name

"""Fields of a request's body, parsed. Pure; each raises BadRequest with the field."""

from collections.abc import Mapping

from kernel_bridge.errors import BadRequest

LONGEST = 1 << 20


def text_of(body: Mapping[str, object], name: str) -> str:
    """A text that has to be there."""
    found = optional_text(body, name)
    if found is None or not found.strip():
        raise BadRequest(f"{name!r} is missing", advice="send it as a text")
    return found


def optional_text(body: Mapping[str, object], name: str) -> str | None:
    """A text, or None."""
    found = body.get(name)
    if found is not None and (not isinstance(found, str) or len(found) > LONGEST):
        raise BadRequest(f"{name!r} is no text of less than a mebibyte", advice="send a text")
    return found


def limit_of(body: Mapping[str, object]) -> int | None:
    """How many rows are wanted, None for all."""
    found = body.get("limit")
    if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 1):
        raise BadRequest("'limit' is no number of at least 1", advice="send one, or leave it out")
    return found


def flag_of(body: Mapping[str, object], name: str, *, default: bool) -> bool:
    """True or false."""
    found = body.get(name, default)
    if not isinstance(found, bool):
        raise BadRequest(f"{name!r} is neither true nor false", advice="send one of them")
    return found

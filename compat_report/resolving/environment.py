"""The wheel tags of a platform as micropip ranks them; pure."""

from collections.abc import Mapping
from functools import cache

from packaging.tags import Tag, compatible_tags, cpython_tags

from porter.platform import Platform


@cache
def tag_ranks(platform: Platform) -> Mapping[Tag, int]:
    """The wheel tags that micropip takes, the best with the lowest rank.

    Those of `Platform.tags`, and the Emscripten version's own, as wheels were tagged before there
    was a platform of a year (PEP 783).
    """
    version = platform.emscripten.replace(".", "_")
    platforms = [
        platform.tag,
        f"pyodide_{platform.abi}_wasm32",
        f"emscripten_{version}_wasm32",
    ]
    interpreter = "cp{}{}".format(*platform.python_minor)
    tags = [
        *cpython_tags(platform.python_minor, platforms=platforms),
        *compatible_tags(platform.python_minor, interpreter, platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}

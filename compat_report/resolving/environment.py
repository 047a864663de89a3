"""What a platform says of itself: the values of markers (PEP 508) and its wheel tags; pure."""

from collections.abc import Mapping
from functools import cache

from packaging.tags import Tag, compatible_tags, cpython_tags

from porter.platform import Platform


def marker_environment(platform: Platform) -> dict[str, str]:
    """The values that a runtime's markers have, but for `extra`."""
    return {
        "implementation_name": "cpython",
        "implementation_version": platform.python,
        "os_name": "posix",
        "platform_machine": "wasm32",
        "platform_python_implementation": "CPython",
        "platform_release": platform.emscripten,
        "platform_system": "Emscripten",
        "platform_version": "#1",
        "python_full_version": platform.python,
        "python_version": platform.python_short,
        "sys_platform": "emscripten",
    }


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

"""setup.py, read without being run: the constants that it hands to setuptools."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupCall:
    """What `setup(…)` and `Extension(…)` are given as constants; `found`: there is a setup.py."""

    found: bool = False
    name: str = ""
    version: str = ""
    install_requires: tuple[str, ...] = ()
    setup_requires: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


def parse_setup(text: str) -> SetupCall:
    """The calls of a setup.py's text; names bound once to a constant are followed."""
    if not text:
        return SetupCall()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return SetupCall(found=True)
    constants = dict(_constants(tree))
    setup: dict[str, object] = {}
    extensions: list[str] = []
    libraries: list[str] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = _called(node)
        given = {
            keyword.arg: _value(keyword.value, constants)
            for keyword in node.keywords
            if keyword.arg
        }
        if called == "setup":
            setup |= given
        elif called.endswith("Extension"):
            first = _value(node.args[0], constants) if node.args else given.get("name")
            extensions += [first] if isinstance(first, str) else []
            libraries += _strings(given.get("libraries"))
    return SetupCall(
        found=True,
        name=_text(setup.get("name")),
        version=_text(setup.get("version")),
        install_requires=tuple(_strings(setup.get("install_requires"))),
        setup_requires=tuple(_strings(setup.get("setup_requires"))),
        extensions=tuple(dict.fromkeys(extensions)),
        libraries=tuple(dict.fromkeys(libraries)),
    )


def _constants(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                yield target.id, _value(node.value, {})


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _value(node: ast.expr, constants: dict[str, object]) -> object:
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return (
        [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []
    )

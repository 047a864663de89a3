"""nbformat's JSON → cells. Version 4 is read as it stands, older ones through nbformat's upgrade."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from compat_report.model import Cell, CellKind, Finding, Location
from compat_report.reading.language import parse_language
from compat_report.reading.magic_table import cell_language
from compat_report.reading.skim import TooLarge, skim
from compat_report.rules import find

KINDS = {kind.value: kind for kind in CellKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a notebook's JSON holds; `format` is "nbformat 4.5"."""

    format: str
    metadata: Mapping[str, Any]
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]


class BadNotebook(ValueError):
    """The text is no notebook; the message says why."""


def parse_ipynb(text: bytes, *, name: str, language: str | None = None) -> Content:
    """The notebook of UTF-8 JSON. Raises BadNotebook.

    `language` is what its cells are written in where its metadata are not to be asked.
    """
    tree = _load(text)
    if not isinstance(tree, dict):
        raise BadNotebook("it is JSON, but not of a notebook")
    major, minor = _version(tree)
    if major < 4:
        tree = _upgrade(tree, major)
    if "cells" not in tree:
        raise BadNotebook("it is JSON, but not of a notebook: it has no cells")
    if not isinstance(tree["cells"], list):
        raise BadNotebook("its cells are not a list")
    metadata = tree.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    spoken = language or parse_language(metadata).language
    findings: list[Finding] = []
    cells = tuple(
        _cell(cell, index, spoken, name, findings) for index, cell in enumerate(tree["cells"])
    )
    return Content(
        format=f"nbformat {major}.{minor}",
        metadata=metadata,
        cells=cells,
        findings=tuple(findings),
    )


def _load(text: bytes) -> Any:
    """orjson first; what it alone refuses (NaN, half of a surrogate pair, depth) is tried again."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason = str(error)
    if not text.strip():
        raise BadNotebook("it is empty")
    for bare in (False, True):
        try:
            again = skim([text]) if bare else text
            return json.loads(again.decode("utf-8", "replace"))
        except RecursionError:
            reason = "it is nested too deeply"
        except (ValueError, TooLarge):
            continue
    raise BadNotebook(f"it is not JSON: {reason}")


def _version(tree: Mapping[str, Any]) -> tuple[int, int]:
    """Where it is not said, the shape tells: worksheets came with version 2 and went with 4."""
    major, minor = tree.get("nbformat"), tree.get("nbformat_minor", 0)
    if not isinstance(major, int) or isinstance(major, bool):
        major = 3 if "worksheets" in tree else 4
    if major < 4 and "cells" in tree and "worksheets" not in tree and major > 1:
        major = 4
    return major, minor if isinstance(minor, int) else 0


def _upgrade(tree: dict[str, Any], major: int) -> dict[str, Any]:
    import nbformat

    from_dict: Any = nbformat.from_dict
    convert: Any = nbformat.convert
    sheets = [tree] if major == 1 else tree.get("worksheets")
    if not isinstance(sheets, list):
        raise BadNotebook("its worksheets are not a list")
    try:
        for sheet in sheets:
            if not isinstance(sheet["cells"], list):
                raise BadNotebook("its cells are not a list")
            for cell in sheet["cells"]:
                if cell["cell_type"] == "code":
                    cell["outputs"] = []
                if isinstance(cell.get("source"), list):
                    cell["source"] = "".join(cell["source"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            old: Any = from_dict({"metadata": {}, **tree, "nbformat": major})
            made = dict(convert(old, 4))
    except BadNotebook:
        raise
    except Exception as error:  # it indexes into whatever the file holds
        raise BadNotebook(f"its format, {major}, cannot be upgraded: {error!r}") from error
    for cell in made["cells"]:
        cell.pop("id", None)  # the upgrade's own, another one each time
    return made


def _cell(raw: Any, index: int, language: str, name: str, findings: list[Finding]) -> Cell:
    problem = ""
    if not isinstance(raw, dict):
        raw, problem = {}, "it is no cell"
    identity = raw.get("id")
    identity = identity if isinstance(identity, str) else None
    kind = KINDS.get(raw.get("cell_type", "") if isinstance(raw.get("cell_type"), str) else "")
    source = raw.get("source", raw.get("input"))
    if type(source) is list:
        try:
            source = "".join(source)
        except TypeError:
            problem = problem or "its source is no text"
    if not isinstance(source, str):
        problem = problem or ("it has no source" if source is None else "its source is no text")
        source = ""
    if kind is None:
        problem = problem or f"its type is {raw.get('cell_type')!r}"
        kind = CellKind.CODE
    if problem:
        location = Location(path=name, cell=index, id=identity)
        findings.append(find("unreadable-cell", location, f"cell {index + 1}", detail=problem))
    metadata = raw.get("metadata")
    if kind is CellKind.CODE:
        language = _language(source, metadata, language)
    return Cell(
        index=index,
        kind=kind,
        source=source,
        language=language,
        id=identity,
        tags=_tags(metadata),
    )


def _language(source: str, metadata: Any, language: str) -> str:
    if "%%" in source and source.lstrip().startswith("%%"):
        return cell_language(source) or language
    if metadata and isinstance(metadata, dict):
        editor = metadata.get("vscode")
        if isinstance(editor, dict) and isinstance(editor.get("languageId"), str):
            return str(editor["languageId"])
    return language


def _tags(metadata: Any) -> tuple[str, ...]:
    if not metadata or not isinstance(metadata, dict):
        return ()
    tags = metadata.get("tags")
    if not isinstance(tags, list):
        return ()
    return tuple(tag for tag in tags if isinstance(tag, str))

"""The audit of one wheel on one platform; pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from porter.audit.link import check_links
from porter.audit.model import Audit, Finding, sort_findings
from porter.audit.module import check_module, is_compiled, read_module
from porter.audit.names import import_names
from porter.audit.rules import find
from porter.audit.surface import LinkSurface
from porter.audit.wasm import Module
from porter.audit.wheel import Contents, check_structure, declared_import_names
from porter.platform import Platform

SBOM = "sboms/porter.cdx.json"


def audit_wheel(
    contents: Contents,
    *,
    platform: Platform,
    surface: LinkSurface,
    others: Iterable[Contents] = (),
    budget: int | None = None,
    allow: Sequence[tuple[str, str]] = (),
    extensions: Sequence[str] = (),
    structure: Iterable[Finding] | None = None,
) -> Audit:
    """Everything that is wrong with a wheel.

    `surface` is the platform's; `others` are wheels whose libraries are there too; `budget` is
    the size allowed, in bytes; `allow` pairs a code, or `CODE:SUBJECT` with `*` for any text,
    with the reason to accept it; `extensions` are files of the project's source that declare
    extension modules, empty where the source is not known; `structure` is what `check_structure`
    found, where it was asked already: it is the same on every platform.
    """
    findings = list(check_structure(contents) if structure is None else structure)
    modules: dict[str, Module] = {}
    for name in contents.members:
        if is_compiled(name):
            module, wrong = read_module(contents.members[name], member=name)
            findings += wrong
            if module is not None:
                modules[name] = module
    libraries = _libraries(modules) | {
        name: module for other in others for name, module in _libraries(_modules(other)).items()
    }
    for name, module in modules.items():
        findings += check_module(module, platform, member=name)
        if module.dylink:
            findings += check_links(module, surface, libraries, member=name)
    findings += _check_tags(contents, platform, extensions)
    findings += _check_bill(contents, platform)
    names = import_names(contents.members)
    if not names:
        findings.append(find("no-import-names"))
    findings += [
        find("import-names-differ", subject=name)
        for name in declared_import_names(contents)
        if not _holds(contents, name)
    ]
    if budget is not None and contents.size > budget:
        findings.append(find("over-budget", found=_bytes(contents.size), wanted=_bytes(budget)))
    return Audit(
        wheel=contents.filename,
        platform=platform.pyodide,
        findings=sort_findings([_allowed(finding, allow) for finding in findings]),
        modules=len(modules),
        imports=sum(len(module.imports) for module in modules.values()),
        names=names,
    )


def refused(filename: str, platform: Platform, findings: Sequence[Finding]) -> Audit:
    """The audit of a file that cannot be opened as a wheel."""
    return Audit(
        wheel=filename,
        platform=platform.pyodide,
        findings=tuple(findings),
        modules=0,
        imports=0,
        names=(),
    )


def _holds(contents: Contents, name: str) -> bool:
    """Whether a wheel has the module or package of an import name."""
    path = name.replace(".", "/")
    return any(member.startswith((f"{path}/", f"{path}.")) for member in contents.members)


def _modules(contents: Contents) -> dict[str, Module]:
    found = {}
    for name in filter(is_compiled, contents.members):
        if (module := read_module(contents.members[name], member=name)[0]) is not None:
            found[name] = module
    return found


def _libraries(modules: Mapping[str, Module]) -> dict[str, Module]:
    return {path.rpartition("/")[2]: module for path, module in modules.items()}


def _check_tags(
    contents: Contents, platform: Platform, extensions: Sequence[str]
) -> Iterator[Finding]:
    try:
        tags = parse_wheel_filename(contents.filename)[3]
    except InvalidWheelFilename:
        return
    compiled = any(is_compiled(name) for name in contents.members)
    pure = any(tag.platform == "any" for tag in tags)
    shown = ".".join(sorted({tag.platform for tag in tags}))
    if tags.isdisjoint(platform.tags()):
        yield find(
            "unsupported-tag",
            subject=" ".join(sorted(map(str, tags))),
            platform=f"Pyodide {platform.pyodide} (Python {platform.python_short}, {platform.tag})",
            release=platform.pyodide,
        )
    elif pure and compiled:
        yield find("hidden-modules", subject=shown)
    elif not pure and not compiled:
        yield find("empty-platform-wheel", subject=shown)
    if pure and not compiled and (declared := [*extensions, *_languages(contents)]):
        yield find("pure-fallback", subject=", ".join(declared[:3]))


def _languages(contents: Contents) -> list[str]:
    """Classifiers that say the project is not of Python alone."""
    classifier = "Classifier: Programming Language :: "
    compiled = ("C", "C++", "Cython", "Rust", "Fortran")
    lines = (contents.describe("METADATA") or b"").decode("utf-8", "replace").splitlines()
    head = lines[: lines.index("")] if "" in lines else lines
    return [
        line.removeprefix("Classifier: ")
        for line in head
        if line.startswith(classifier) and line.removeprefix(classifier) in compiled
    ]


def _check_bill(contents: Contents, platform: Platform) -> Iterator[Finding]:
    """What the bill of materials that Porter writes (PEP 770) discloses."""
    data = contents.describe(SBOM)
    if data is None:
        return
    try:
        metadata = json.loads(data)["metadata"]
        told = {entry["name"]: entry["value"] for entry in metadata["component"]["properties"]}
        tools = metadata["tools"]["components"]
        emscripten = next(tool["version"] for tool in tools if tool["name"] == "emscripten")
        tag, release = told["porter:platform:tag"], told["porter:platform"]
    except (ValueError, LookupError, TypeError, StopIteration):
        # Another tool's, or damaged: RECORD tells of the second.
        return
    if tag != platform.tag and platform.tag in contents.filename:
        yield find(
            "other-platform-build", member=SBOM, subject=release, found=release, wanted=platform.tag
        )
    elif tag == platform.tag and emscripten != platform.emscripten:
        yield find(
            "foreign-compiler",
            member=SBOM,
            subject=emscripten,
            found=emscripten,
            wanted=platform.emscripten,
        )
    if told.get("porter:audit") == "skipped":
        yield find("audit-skipped", member=SBOM)


def _allowed(finding: Finding, allow: Sequence[tuple[str, str]]) -> Finding:
    for pattern, reason in allow:
        code, _, subject = pattern.partition(":")
        if finding.code == code and fnmatchcase(finding.subject, subject or "*"):
            return replace(finding, allowed=reason)
    return finding


def _bytes(size: int) -> str:
    return f"{size:,} bytes"

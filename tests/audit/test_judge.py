"""The whole wheel: tags, fallbacks, the bill of materials, budgets, and what a recipe allows."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from audit.corpus import make_wheel
from audit.test_wasm import SMALL

from porter.audit.judge import SBOM, audit_wheel
from porter.audit.model import Audit, Severity
from porter.audit.surface import LinkSurface
from porter.audit.wheel import read_wheel
from porter.platform import Platform

SO = "m.cpython-313-wasm32-emscripten.so"
Judge = Callable[..., Audit]


@pytest.fixture
def judge(platform: Platform, surface: LinkSurface, tmp_path: Path) -> Judge:
    def run(
        members: Mapping[str, bytes],
        *,
        rename: str = "",
        pure: bool = True,
        metadata: str = "",
        **options: object,
    ) -> Audit:
        wheel = make_wheel(
            tmp_path, members, platform=None if pure else platform, metadata=metadata
        )
        if rename:
            wheel = wheel.rename(wheel.with_name(rename))
        contents, _ = read_wheel(wheel)
        assert contents is not None
        return audit_wheel(contents, platform=platform, surface=surface, **options)  # type: ignore[arg-type]

    return run


def codes(audit: Audit) -> list[str]:
    return [finding.code for finding in audit.findings]


def test_a_pure_wheel_is_clean(judge: Judge) -> None:
    audit = judge({"m/__init__.py": b""})
    assert audit.clean
    assert audit.names == ("m",)
    assert (audit.modules, audit.imports) == (0, 0)


def test_tags_that_do_not_fit_the_contents(judge: Judge) -> None:
    assert "hidden-modules" in codes(judge({SO: SMALL}))
    assert codes(judge({"m.py": b""}, pure=False)) == ["empty-platform-wheel"]
    old = judge({"m.py": b""}, rename="m-1.0-cp313-cp313-pyodide_2024_0_wasm32.whl")
    assert "unsupported-tag" in codes(old)
    native = judge({"m.py": b""}, rename="m-1.0-cp313-cp313-manylinux_2_28_x86_64.whl")
    assert native.findings[0].severity == Severity.REFUSED
    assert "tags-differ" in codes(native)


def test_a_pure_wheel_of_a_project_with_extension_modules(judge: Judge) -> None:
    known = judge({"m.py": b""}, extensions=["setup.py"])
    assert codes(known) == ["pure-fallback"]
    assert "setup.py" in known.findings[0].message
    guessed = judge({"m.py": b""}, metadata="Classifier: Programming Language :: Cython\n")
    assert codes(guessed) == ["pure-fallback"]
    described = judge({"m.py": b""}, metadata="\nClassifier: Programming Language :: C\n")
    assert codes(described) == []


def test_nothing_to_import(judge: Judge) -> None:
    assert codes(judge({"data.txt": b""})) == ["no-import-names"]


def test_the_import_names_that_metadata_states(judge: Judge) -> None:
    stated = "Import-Name: m\nImport-Name: n.deep\nImport-Name: _o; private\n"
    audit = judge({"m/__init__.py": b""}, metadata=stated)
    assert [(f.code, f.subject) for f in audit.findings] == [("import-names-differ", "n.deep")]
    assert codes(judge({"m.py": b"", "n/deep.py": b""}, metadata=stated)) == []


def test_a_budget(judge: Judge) -> None:
    assert codes(judge({"m.py": b""}, budget=100)) == ["over-budget"]
    assert codes(judge({"m.py": b""}, budget=100_000)) == []


def test_what_the_recipe_allows(judge: Judge) -> None:
    every = judge({"m.py": b""}, budget=1, allow=[("over-budget", "it holds maps")])
    assert every.clean
    assert every.findings[0].allowed == "it holds maps"
    named = judge({SO: SMALL}, pure=False, allow=[("missing-weak:f", "tested for")])
    assert [f.code for f in named.findings if f.allowed] == ["missing-weak"]
    other = judge({SO: SMALL}, pure=False, allow=[("missing-weak:g*", "tested for")])
    assert not any(finding.allowed for finding in other.findings)


def bill(tag: str, emscripten: str, audit: str = "required") -> bytes:
    properties = {"porter:platform": "0.0", "porter:platform:tag": tag, "porter:audit": audit}
    return json.dumps(
        {
            "metadata": {
                "component": {
                    "properties": [{"name": n, "value": v} for n, v in properties.items()]
                },
                "tools": {"components": [{"name": "emscripten", "version": emscripten}]},
            }
        }
    ).encode()


MINE, OLD = "pyemscripten_2025_0_wasm32", "pyemscripten_2024_0_wasm32"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (bill(MINE, "4.0.9"), []),
        (bill(MINE, "3.1.69"), ["foreign-compiler"]),
        (bill(MINE, "4.0.9", "skipped"), ["audit-skipped"]),
        (bill(OLD, "3.1.58"), ["other-platform-build"]),
        (b"[]", []),
        (b"\xff", []),
    ],
)
def test_what_the_bill_of_materials_discloses(
    judge: Judge, content: bytes, found: list[str]
) -> None:
    members = {SO: SMALL, f"m-1.0.dist-info/{SBOM}": content}
    told = ("foreign-compiler", "audit-skipped", "other-platform-build")
    assert [code for code in codes(judge(members, pure=False)) if code in told] == found

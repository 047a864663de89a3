"""The bill of materials: crates of Rust among what is compiled in."""

import json
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from porter.platform import Platform
from porter.sbom import render_sbom
from porter.toolchain.model import Toolchain


def test_crates_are_components(platform: Platform) -> None:
    toolchain = Toolchain(
        provider="debian",
        platform=platform.pyodide,
        root=Path("/t"),
        xbuildenv=Path("/t/x"),
        path=(Path("/t/e"), Path("/t/l")),
        emscripten="3.1.69",
        clang="19.1.7",
        ccache=None,
        components=(),
        identity="t",
    )

    def render(crates: tuple[tuple[str, str], ...]) -> bytes:
        return render_sbom(
            name="tiny",
            version="1.0",
            source="",
            source_sha256="0" * 64,
            inputs={"source": "0" * 64, "rust": "1.97.1 abc"},
            platform=platform,
            toolchain=toolchain,
            tools={"rustc": "1.97.1"},
            audited=True,
            crates=crates,
        )

    document = render((("pyo3", "0.28.2"), ("zstd-sys", "2.0.16+zstd.1.5.7")))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    data = json.loads(document)
    assert [component["purl"] for component in data["components"]] == [
        "pkg:cargo/pyo3@0.28.2",
        "pkg:cargo/zstd-sys@2.0.16%2Bzstd.1.5.7",
    ]
    assert render((("pyo3", "0.28.2"), ("zstd-sys", "2.0.16+zstd.1.5.7"))) == document
    assert "components" not in json.loads(render(()))

"""The bill of materials inside a wheel (PEP 770): which compiler made it, for which platform."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from porter.artefact import artefact_key
from porter.disclosed import INPUT, SOURCE
from porter.platform import Platform
from porter.toolchain.model import Toolchain
from porter.wheel import SOURCE_DATE_EPOCH

# What a builder of another Python has of its own.
BUILDER = ("pyodide-build", "python")


def render_sbom(
    *,
    name: str,
    version: str,
    source: str,
    source_sha256: str,
    inputs: Mapping[str, str],
    platform: Platform,
    toolchain: Toolchain,
    tools: Mapping[str, str],
    audited: bool,
    crates: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A CycloneDX 1.6 document; the same inputs give the same bytes.

    An Emscripten other than the one Pyodide was built with stands here for all to see: the
    property `porter:platform:emscripten` beside the tool `emscripten`. `audited`: the wheel was
    kept only because its audit found nothing that blocks. `source` is where what was built can be
    had, empty where it lay on this machine; `inputs` are all that went in (`porter.inputs`), from
    which `porter rebuild` builds it again. `crates` are (name, version) of those that are compiled
    in.
    """
    key = artefact_key(inputs)
    properties = {
        "porter:build": key,
        "porter:platform": platform.pyodide,
        "porter:platform:emscripten": platform.emscripten,
        "porter:platform:tag": platform.tag,
        "porter:toolchain:provider": toolchain.provider,
        "porter:toolchain": toolchain.identity,
        "porter:audit": "required" if audited else "skipped",
        **({SOURCE: source} if source else {}),
        **{f"{INPUT}{name}": value for name, value in inputs.items()},
    }
    project = Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref="project",
        purl=PackageURL("pypi", None, name, version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=source_sha256)],
        properties=[Property(name=told, value=value) for told, value in properties.items()],
    )
    compilers = {"emscripten": toolchain.emscripten, "clang": toolchain.clang}
    builder = dict(toolchain.components) if toolchain.builder is not None else {}
    own = {name: builder[name] for name in BUILDER if name in builder}
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_OID, key),
        metadata=BomMetaData(
            component=project, timestamp=datetime.fromtimestamp(SOURCE_DATE_EPOCH, UTC)
        ),
    )
    for tool, tool_version in sorted({**tools, **compilers, **own}.items()):
        bom.metadata.tools.components.add(
            Component(name=tool, version=tool_version, type=ComponentType.APPLICATION)
        )
    for crate, locked in crates:
        purl = PackageURL("cargo", None, crate, locked)
        bom.components.add(
            Component(
                name=crate,
                version=locked,
                type=ComponentType.LIBRARY,
                bom_ref=purl.to_string(),
                purl=purl,
            )
        )
    if crates:
        bom.register_dependency(project, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=1).encode()

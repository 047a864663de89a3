"""What a wheel says of its own build, in its bill of materials (`porter.sbom` writes it)."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.errors import ConfigurationError

MEMBER = "sboms/porter.cdx.json"
# Far more than any has.
LIMIT = 8 * 1024 * 1024
INPUT, SOURCE = "porter:input:", "porter:source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """A build as its wheel tells of it.

    `properties` are of the project's component, `source_sha256` the hash of what it was built
    from; all of it is only what somebody wrote.
    """

    name: str
    version: str
    source_sha256: str
    properties: Mapping[str, str]

    @property
    def key(self) -> str:
        """The name of what went into it (`porter.artefact.artefact_key`), empty where none is told."""
        return self.properties.get("porter:build", "")

    @property
    def source(self) -> str:
        """Where its source can be had, as a command line names it; empty where it was a folder."""
        return self.properties.get(SOURCE, "")

    @property
    def inputs(self) -> dict[str, str]:
        """What went into it, by name; empty where it does not tell."""
        return {
            name.removeprefix(INPUT): value
            for name, value in self.properties.items()
            if name.startswith(INPUT)
        }


def parse_disclosed(document: bytes) -> Disclosed:
    """A build by its bill of materials; raises ConfigurationError where it is none of Porter's."""
    try:
        data: dict[str, Any] = json.loads(document)
        project = data["metadata"]["component"]
        found = Disclosed(
            name=_text(project["name"]),
            version=_text(project["version"]),
            source_sha256=_text(project["hashes"][0]["content"]),
            properties={
                _text(each["name"]): _text(each.get("value", "")) for each in project["properties"]
            },
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigurationError("its bill of materials is none of Porter's") from error
    return found


def read_disclosed(wheel: Path) -> Disclosed:
    """A wheel's; raises ConfigurationError where it has none, or is no wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [name for name in archive.namelist() if name.endswith(f".dist-info/{MEMBER}")]
            if len(found) != 1 or archive.getinfo(found[0]).file_size > LIMIT:
                raise ConfigurationError(
                    f"{wheel.name} has no bill of materials of Porter's",
                    advice="it was built by other means, or by an older Porter",
                )
            document = archive.read(found[0])
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ConfigurationError(f"{wheel.name} cannot be read: it is no wheel") from error
    return parse_disclosed(document)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value

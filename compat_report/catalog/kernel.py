"""Kernels: the same runtime answers differently in each."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from compat_report.catalog.model import Origin, Provided, State
from porter.errors import UsageError
from porter.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelWheel:
    """A project that the kernel serves itself, in some versions, whatever indexes have of it."""

    name: str
    versions: tuple[str, ...]
    imports: tuple[str, ...]
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What runs the cells. `starts` are the projects that are installed when it is ready.

    `mocks` are names that it puts empty modules in place of, each with what that means.
    """

    name: str
    version: str
    starts: tuple[str, ...] = ()
    mocks: Mapping[str, str] = field(default_factory=dict)
    wheels: Mapping[str, KernelWheel] = field(default_factory=dict)
    source: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()

    def look_up(self, name: str) -> Provided | None:
        """What the kernel itself says to an import; None where it says nothing."""
        top = name.partition(".")[0]
        if top in self.mocks:
            return Provided(
                name=top, state=State.BROKEN, origin=Origin.KERNEL, detail=self.mocks[top]
            )
        for wheel in self.wheels.values():
            if top in wheel.imports and wheel.name in self.starts:
                return Provided(name=top, state=State.WORKS, origin=Origin.KERNEL)
        return None


def read_kernel(text: str | None, platform: Platform) -> Kernel:
    """The kernel of `NAME`, `NAME VERSION` or `NAME==VERSION`; None is the bare runtime.

    Raises UsageError for one that is not in kernels.toml.
    """
    name, version = _split(text or "pyodide")
    known = _read_kernels()["kernel"]
    for official, fields in known.items():
        if name in (official, *fields.get("aliases", ())):
            wanted = version or fields.get("defaults", {}).get(platform.name, fields["default"])
            if wanted in fields["version"]:
                return _parse(official, wanted, fields["version"][wanted])
            versions = ", ".join(one for one in fields["version"] if one) or "none"
            raise UsageError(
                f"{official} {wanted} is not a kernel that Porter knows",
                advice=f"versions it knows: {versions}",
            )
    raise UsageError(f"no kernel {name!r} is known", advice=f"known: {', '.join(known)}")


def _split(text: str) -> tuple[str, str]:
    name, _, version = re.sub(r"\s*(==|@|\s)\s*", " ", text.strip()).partition(" ")
    return name.lower().replace("_", "-"), version


@cache
def _read_kernels() -> Mapping[str, Any]:
    text = files("compat_report.catalog").joinpath("kernels.toml").read_text("utf-8")
    return tomllib.loads(text)


def _parse(name: str, version: str, fields: Mapping[str, Any]) -> Kernel:
    says = _read_kernels()["mocked"]
    return Kernel(
        name=name,
        version=version,
        starts=tuple(fields["starts"]),
        mocks={mock: says[mock] for mock in fields.get("mocks", ())},
        wheels={
            project: KernelWheel(
                name=project,
                versions=tuple(wheel["versions"]),
                imports=tuple(wheel["imports"]),
                requires=tuple(wheel.get("requires", ())),
            )
            for project, wheel in fields.get("wheel", {}).items()
        },
        source=fields.get("source", ""),
    )

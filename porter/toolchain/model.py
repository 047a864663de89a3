"""A toolchain: a compiler and a cross-build environment that pyodide-build can use."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from porter.home import Home, new_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """One installed toolchain.

    `provider` gave it; `root` holds it; `xbuildenv` is the folder that pyodide-build's
    `--xbuildenv-path` takes; `path` goes before the caller's PATH; `emscripten` and `clang` are
    the compiler's own versions, which need not be the platform's; `ccache` is the program, None
    where there is none; `components` are (name, version) of all it is made of; `identity` is a
    hash over everything that can change what it compiles. `builder` is the environment of another
    Python in which pyodide-build runs, None where it runs on Porter's own.
    """

    provider: str
    platform: str
    root: Path
    xbuildenv: Path
    path: tuple[Path, ...]
    emscripten: str
    clang: str
    ccache: Path | None
    components: tuple[tuple[str, str], ...]
    identity: str
    builder: Path | None = None


RECORD = "toolchain.json"


def write_toolchain(toolchain: Toolchain, folder: Path) -> None:
    """Leave the record that makes `folder` an installed toolchain."""
    with new_file(folder / RECORD) as file:
        file.write_text(json.dumps(asdict(toolchain), default=str, indent=1))


def read_toolchain(folder: Path) -> Toolchain | None:
    """The toolchain that lies in `folder`, None where none was finished."""
    try:
        return parse_toolchain(json.loads((folder / RECORD).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def parse_toolchain(data: Mapping[str, object]) -> Toolchain:
    """A toolchain of its record."""
    fields: dict[str, object] = dict(data)
    for name in ("root", "xbuildenv"):
        fields[name] = Path(str(fields[name]))
    for name in ("ccache", "builder"):
        fields[name] = Path(str(fields[name])) if fields.get(name) else None
    fields["path"] = tuple(Path(entry) for entry in _strings(fields["path"]))
    fields["components"] = tuple(
        (name, version) for name, version in (_strings(pair) for pair in _list(data["components"]))
    )
    return Toolchain(**fields)  # type: ignore[arg-type]


def installed_toolchains(home: Home) -> list[Toolchain]:
    """Every finished toolchain, by platform and provider."""
    if not home.toolchains.is_dir():
        return []
    found = [read_toolchain(folder) for folder in sorted(home.toolchains.iterdir())]
    return [toolchain for toolchain in found if toolchain is not None]


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _strings(value: object) -> list[str]:
    return [str(member) for member in _list(value)]

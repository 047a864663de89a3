"""What the runtime is given beside the notebook: IPython, micropip, and packaging for both."""

import hashlib
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

from porter.home import Home, new_file
from porter.pinned import fetch_pinned, read_pinned
from porter.runtime import Runtime, compile_wheel

# Raised when the archive is made in another way.
SCHEME = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Wheels that are unpacked, and the archive that IPython is imported from."""

    micropip: Path
    packaging: Path
    ipython: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """Their files."""
        return self.micropip, self.packaging, self.ipython


def fetch_support(runtime: Runtime, *, home: Home, env: Mapping[str, str]) -> Support:
    """Each fetched once, with its bytecode; raises what `fetch_pinned` does."""
    data = tomllib.loads(files("compat_report.truth").joinpath("shell.toml").read_text("utf-8"))
    pinned = [fetch_pinned(purl, home=home, env=env) for purl in data["wheels"]]
    compiled = [compile_wheel(wheel, runtime, home=home) for wheel in pinned]
    packaging = fetch_pinned(data["packaging"], home=home, env=env)
    micropip = fetch_pinned(read_pinned("micropip"), home=home, env=env)
    return Support(
        micropip=compile_wheel(micropip, runtime, home=home),
        packaging=compile_wheel(packaging, runtime, home=home),
        ipython=_bundle(compiled, home),
    )


def _bundle(wheels: Iterable[Path], home: Home) -> Path:
    """One archive of all wheels, to import from: a file for each module takes long to unpack."""
    asked = [SCHEME, *(f"{wheel.parent.name} {wheel.name}" for wheel in wheels)]
    digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()[:32]
    kept = home.bytecode / digest / "ipython.zip"
    with home.lock(f"bytecode-{digest}"):
        if not kept.is_file():
            with new_file(kept) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
                for wheel in wheels:
                    with zipfile.ZipFile(wheel) as archive:
                        names = archive.namelist()
                        for source, name in importable(names):
                            made.writestr(name, archive.read(source))
    return kept


def importable(names: Iterable[str]) -> list[tuple[str, str]]:
    """The members of a wheel to put in an archive that is imported from: (name there, name here).

    Of a module with bytecode that alone, where zipimport looks for it. Tests are left out.
    """
    names = list(names)
    compiled = {}
    for name in names:
        path = PurePosixPath(name)
        if path.suffix == ".pyc" and path.parent.name == "__pycache__":
            module = path.name.partition(".")[0]
            compiled[str(path.parent.parent / f"{module}.py")] = name
    kept = []
    for name in names:
        path = PurePosixPath(name)
        if {"tests", "__pycache__"} & set(path.parts) or name.endswith("/"):
            continue
        kept.append((compiled[name], f"{name}c") if name in compiled else (name, name))
    return kept

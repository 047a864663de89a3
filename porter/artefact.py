"""Built wheels, kept by the hash of everything that went into them."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.errors import NotWritable
from porter.home import Home, hash_file, new_file, new_folder

RECORD = "artefact.json"
# The folder of notes which key a project was last built under.
LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A wheel of the store.

    `seconds` is how long it took to build, `inputs` what went in, `audit` what its audit said.
    """

    wheel: Path
    sha256: str
    seconds: float
    inputs: Mapping[str, str]
    audit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What may be found, by one look: the keys, and the subjects of which a build is noted."""

    keys: frozenset[str]
    subjects: frozenset[str]

    @classmethod
    def read(cls, home: Home) -> "Kept":
        """What the store has now."""
        return cls(keys=_names(home.artefacts), subjects=_names(home.artefacts / LATEST))


def artefact_key(inputs: Mapping[str, str]) -> str:
    """The name of what these inputs build: a sha256 over all of them."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def find_artefact(home: Home, key: str) -> Artefact | None:
    """The artefact of a key, None where it was never finished or no longer is what it was."""
    folder = home.artefacts / key
    try:
        data = json.loads((folder / RECORD).read_bytes())
        wheel = folder / data.pop("filename")
        if hash_file(wheel) != data["sha256"]:
            return None
        return Artefact(wheel=wheel, **data)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep_artefact(
    home: Home,
    key: str,
    wheel: Path,
    *,
    seconds: float,
    inputs: Mapping[str, str],
    audit: str,
) -> Artefact:
    """Move a finished wheel into the store; the caller holds the key's lock."""
    sha256 = hash_file(wheel)
    with new_folder(home.artefacts / key) as folder:
        shutil.move(wheel, folder / wheel.name)
        record = {"filename": wheel.name, "sha256": sha256, "seconds": seconds, "audit": audit}
        (folder / RECORD).write_text(json.dumps({**record, "inputs": dict(inputs)}, indent=1))
    kept = home.artefacts / key / wheel.name
    return Artefact(wheel=kept, sha256=sha256, seconds=seconds, inputs=inputs, audit=audit)


def remember_build(home: Home, subject: str, key: str) -> None:
    """Note that `subject`, a project on a platform, was last built, or found, under this key."""
    note = home.artefacts / LATEST / subject
    if _read_note(note) != key:
        with new_file(note) as file:
            file.write_text(key)


def last_inputs(home: Home, subject: str) -> dict[str, str] | None:
    """What went into the subject's last build, None where it is not known."""
    key = _read_note(home.artefacts.joinpath(LATEST, subject))
    try:
        data = json.loads((home.artefacts / key / RECORD).read_bytes())["inputs"] if key else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return data if isinstance(data, dict) else None


def last_seconds(home: Home, names: Iterable[str], platform: str) -> dict[str, float]:
    """How long the last build of each project took; those that are not known are left out."""
    found = {}
    for name in names:
        key = _read_note(home.artefacts / LATEST / f"{name}-{platform}")
        try:
            told = json.loads((home.artefacts / key / RECORD).read_bytes())["seconds"]
            if key and told >= 0:
                found[name] = float(told)
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return found


def _names(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as found:
            return frozenset(item.name for item in found)
    except OSError:
        return frozenset()


def _read_note(note: Path) -> str:
    try:
        return note.read_text()
    except OSError:
        return ""


def place_artefact(artefact: Artefact, out: Path) -> Path:
    """Have the wheel in `out`, by a rename; a file with the same bytes is left alone."""
    target = out / artefact.wheel.name
    if target.is_file() and hash_file(target) == artefact.sha256:
        return target
    with new_file(target) as file:
        shutil.copyfile(artefact.wheel, file)
    return target


def open_out(out: Path) -> None:
    """Raise NotWritable unless `out` is, or can become, a folder to write to."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with new_file(out / ".porter") as probe:
            probe.touch()
        (out / ".porter").unlink()
    except OSError as error:
        raise NotWritable(
            f"{out} cannot be written to: {error.strerror}", advice="give another folder with --out"
        ) from error

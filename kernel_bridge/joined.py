"""Wheels in the archive of the standard library: what lies there is imported without being unpacked."""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from kernel_bridge.trimmed import DATE
from porter.home import Home, hash_file, new_file


def join_archives(first: Path, wheels: Sequence[Path], home: Home) -> Path:
    """The first archive with the members of these wheels behind its own; made once.

    Their metadata come along, so that `importlib.metadata` finds them. The same files give the same bytes.
    """
    asked = " ".join(hash_file(path) for path in (first, *wheels))
    digest = hashlib.sha256(asked.encode()).hexdigest()[:32]
    kept = home.bytecode / f"joined-{digest}" / first.name
    if kept.is_file():
        return kept
    with new_file(kept) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as joined:
        for path in (first, *wheels):
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    if not member.is_dir():
                        info = zipfile.ZipInfo(member.filename, DATE)
                        joined.writestr(info, archive.read(member), zipfile.ZIP_DEFLATED)
    return kept

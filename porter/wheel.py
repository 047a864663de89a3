"""Finish a wheel: disclose what made it, and make its bytes depend on its inputs alone."""

import base64
import csv
import hashlib
import io
import os
import re
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from packaging.utils import parse_wheel_filename

from porter.errors import BuildFailed
from porter.platform import Platform

# 1980-01-01 is the earliest a zip file can say; a day later it is so in every time zone.
SOURCE_DATE_EPOCH = 315619200


# The folder that meson-python makes in a source for each build.
MESON = re.compile(rb"/\.mesonpy-\w{8}(?=/)")


def finish_wheel(
    built: Path,
    target: Path,
    *,
    added: Mapping[str, bytes],
    places: Mapping[Path, str] = MappingProxyType({}),
) -> None:
    """Copy a wheel with `added` members below its dist-info folder and a fresh RECORD.

    Members keep their order; RECORD is last, as the wheel specification recommends; every time
    is SOURCE_DATE_EPOCH, so that the same inputs give the same bytes. Where a backend's bills of
    materials, as maturin's, or modules, as NumPy's, tell of folders of this machine, they name
    `places` instead, the first that fits.
    """
    name, version = built.name.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    rows: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(built) as source, zipfile.ZipFile(target, "w") as wheel:
        for member in source.infolist():
            if member.filename != f"{info}/RECORD" and not member.is_dir():
                mode = member.external_attr >> 16
                content = source.read(member)
                if member.filename.startswith(f"{info}/sboms/") or member.filename.endswith(".py"):
                    content = _placed(content, places)
                rows.append(_write(wheel, member.filename, content, mode))
        for path, content in added.items():
            rows.append(_write(wheel, f"{info}/{path}", content, 0o644))
        rows.append((f"{info}/RECORD", "", ""))
        record = io.StringIO()
        csv.writer(record, lineterminator="\n").writerows(rows)
        _write(wheel, f"{info}/RECORD", record.getvalue().encode(), 0o644)


def check_wheel_tag(wheel: Path, platform: Platform) -> None:
    """Raise BuildFailed where the platform could not install what the backend built."""
    if not fits(wheel.name, platform):
        raise BuildFailed(
            f"the build gave {wheel.name}, which Pyodide {platform.pyodide} cannot install",
            advice="does its build backend name a platform of its own?",
        )


def fits(filename: str, platform: Platform) -> bool:
    """Whether the platform can install a wheel of that name."""
    return not parse_wheel_filename(filename)[3].isdisjoint(platform.tags())


def _placed(content: bytes, places: Mapping[Path, str]) -> bytes:
    for folder, name in places.items():
        if (told := os.fsencode(folder)) in content:
            content = MESON.sub(b"/.mesonpy", content.replace(told, name.encode()))
    return content


def _write(wheel: zipfile.ZipFile, name: str, content: bytes, mode: int) -> tuple[str, str, str]:
    info = zipfile.ZipInfo(name, time.gmtime(SOURCE_DATE_EPOCH)[:6])
    info.external_attr = (0o100000 | (0o755 if mode & 0o100 else 0o644)) << 16
    wheel.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=9)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return name, f"sha256={digest}", str(len(content))

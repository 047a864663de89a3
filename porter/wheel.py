"""Finish a wheel: disclose what made it, and make its bytes depend on its inputs alone."""

import base64
import csv
import hashlib
import io
import os
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import parse_wheel_filename

from porter.errors import BuildFailed
from porter.platform import Platform

# 1980-01-01 is the earliest a zip file can say; a day later it is so in every time zone.
SOURCE_DATE_EPOCH = 315619200


# What stands for the folder of a build where a backend tells of it.
BUILD = b"/build"


def finish_wheel(
    built: Path, target: Path, *, added: Mapping[str, bytes], scratch: Path | None = None
) -> None:
    """Copy a wheel with `added` members below its dist-info folder and a fresh RECORD.

    Members keep their order; RECORD is last, as the wheel specification recommends; every time
    is SOURCE_DATE_EPOCH, so that the same inputs give the same bytes. A backend's own bills of
    materials, such as maturin's, name its crates by the folder `scratch` in which it was built: it
    is `/build` in the wheel.
    """
    name, version = built.name.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    rows: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(built) as source, zipfile.ZipFile(target, "w") as wheel:
        for member in source.infolist():
            if member.filename != f"{info}/RECORD" and not member.is_dir():
                mode = member.external_attr >> 16
                content = source.read(member)
                if scratch is not None and member.filename.startswith(f"{info}/sboms/"):
                    content = content.replace(os.fsencode(scratch), BUILD)
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


def _write(wheel: zipfile.ZipFile, name: str, content: bytes, mode: int) -> tuple[str, str, str]:
    info = zipfile.ZipInfo(name, time.gmtime(SOURCE_DATE_EPOCH)[:6])
    info.external_attr = (0o100000 | (0o755 if mode & 0o100 else 0o644)) << 16
    wheel.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=9)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return name, f"sha256={digest}", str(len(content))

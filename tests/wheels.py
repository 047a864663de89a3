"""Real wheels, tiny, with a true RECORD; and what an index knows of them."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from index_server.holdings import Holdings
from index_server.model import File
from index_server.records.database import add_file, begin_upload

FIXED = (2026, 1, 2, 3, 4, 6)


def make_wheel(
    folder: Path,
    name: str = "acme-tools",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    requires_python: str = "",
    headers: Sequence[str] = (),
    body: str = "",
    members: Mapping[str, bytes] | None = None,
) -> Path:
    """A wheel of one module that has `VALUE = 42`, or of `members`; its path."""
    escaped = name.replace("-", "_")
    info = f"{escaped}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Summary: {name} for tests"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    metadata += [f"Requires-Python: {requires_python}"] if requires_python else []
    text = "\n".join([*metadata, *headers]) + f"\n\n{body}"
    files = dict(members if members is not None else {f"{escaped}.py": b"VALUE = 42\n"})
    files[f"{info}/METADATA"] = text.encode()
    pure = "true" if tag.endswith("-any") else "false"
    wheel = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    files[f"{info}/WHEEL"] = wheel.encode()
    lines = [f"{member},{record_hash(data)},{len(data)}" for member, data in files.items()]
    files[f"{info}/RECORD"] = ("\n".join([*lines, f"{info}/RECORD,,"]) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{escaped}-{version}-{tag}.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            archive.writestr(zipfile.ZipInfo(member, FIXED), data, zipfile.ZIP_DEFLATED)
    return target


def record_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def make_file(filename: str, **fields: object) -> File:
    """A file of an index, of which only its name is real."""
    name, version = filename.split("-")[:2]
    plain = File(
        project=name.replace("_", "-"),
        version=version.removesuffix(".tar.gz"),
        filename=filename,
        size=1,
        sha256="0" * 64,
        uploaded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def put_wheel(index: Holdings, wheel: Path, **fields: object) -> File:
    """A wheel put into an index without a server, as an upload would end; no check is made."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = archive.read(name)
    lines = metadata.decode().partition("\n\n")[0].splitlines()
    told = {key: value for key, _, value in (line.partition(": ") for line in lines)}
    requires = [value for line in lines if (value := line.removeprefix("Requires-Dist: ")) != line]
    data = wheel.read_bytes()
    file = File(
        **{  # type: ignore[arg-type]
            "project": told["Name"].lower().replace("_", "-"),
            "version": told["Version"],
            "filename": wheel.name,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "uploaded_at": datetime.now(UTC),
            "uploaded_by": "tests",
            "requires_python": told.get("Requires-Python", ""),
            "metadata_sha256": hashlib.sha256(metadata).hexdigest(),
            "summary": told.get("Summary", ""),
            "imports": (told["Name"].replace("-", "_"),),
            "requires": tuple(requires),
            **fields,
        }
    )
    claim = begin_upload(index.engine, file.key, "tests")
    index.store.put(file.key, wheel)
    if file.metadata_sha256:
        index.store.put_bytes(f"{file.key}.metadata", metadata)
    add_file(index.engine, file, shown=told["Name"], actor="tests", claim=claim)
    index.refresh()
    return file

"""Unpack archives without leaving the folder they are unpacked into."""

import shutil
import stat
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

from porter.errors import UnsafeArchive


def unpack_tar(archive: Path, folder: Path, *, strip: int = 0) -> None:
    """Unpack a tar file of any compression; `strip` leading path parts are dropped.

    The standard library's `data` filter (PEP 706) refuses absolute names, `..`, links that
    lead outside and device files. Raises UnsafeArchive naming the member.
    """

    def accept(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        # PEP 706's filter makes an absolute name relative; nobody packs one without meaning it.
        if PurePosixPath(member.name).is_absolute():
            raise tarfile.AbsolutePathError(member)
        # The rules hold for the name as it was packed: stripping must not make `../x` harmless.
        checked = tarfile.data_filter(member, path)
        if strip == 0:
            return checked
        parts = PurePosixPath(checked.name).parts[strip:]
        if not parts:
            return None
        changes: dict[str, str] = {"name": str(PurePosixPath(*parts))}
        if checked.islnk():
            changes["linkname"] = str(PurePosixPath(*PurePosixPath(checked.linkname).parts[strip:]))
        return tarfile.data_filter(checked.replace(**changes, deep=False), path)  # type: ignore[arg-type]

    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter=accept)  # noqa: S202 # `accept` is the check
    except tarfile.FilterError as error:
        raise UnsafeArchive(
            f"{archive.name}: {error}", advice="this archive is not safe to unpack"
        ) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UnsafeArchive(f"{archive.name} cannot be read: {error}") from error


def unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack a zip file; raises UnsafeArchive for a member that would land outside."""
    try:
        with zipfile.ZipFile(archive) as source:
            for info in source.infolist():
                _extract(source, info, archive, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise UnsafeArchive(f"{archive.name} cannot be read: {error}") from error


def _extract(source: zipfile.ZipFile, info: zipfile.ZipInfo, archive: Path, folder: Path) -> None:
    path = PurePosixPath(info.filename)
    mode = info.external_attr >> 16
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or stat.S_ISLNK(mode):
        raise UnsafeArchive(
            f"{archive.name}: member {info.filename!r} leaves its folder",
            advice="this archive is not safe to unpack",
        )
    target = folder.joinpath(*path.parts)
    if info.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(info) as member, target.open("wb") as file:
        shutil.copyfileobj(member, file)
    if mode & 0o100:
        target.chmod(0o755)

"""One file → a Notebook. What is wrong with the file is a finding of it, never an error."""

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from compat_report.model import Finding, Location, Notebook
from compat_report.reading.ipynb import BadNotebook, parse_ipynb
from compat_report.reading.language import check_language, parse_language
from compat_report.reading.marimo import parse_marimo
from compat_report.reading.script import FORMATS, BadText, decode_script, parse_script
from compat_report.reading.skim import TooLarge, skim
from compat_report.rules import find

# Notebooks of more bytes than this are read without their outputs, in chunks of as many.
LARGE = 8 << 20
CHUNK = 4 << 20
# Byte order marks, the longer ones first.
MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)


def read_notebook(path: Path, *, name: str) -> Notebook:
    """Read one file, or standard input for a path of "-". Never raises OSError."""
    if str(path) == "-":
        return parse_notebook(sys.stdin.buffer.read(), name=name, folder=None)
    folder = str(path.parent)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return _unread(name, folder, "it is no file")
        with path.open("rb") as file:
            if status.st_size > LARGE and path.suffix not in FORMATS:
                return _read_large(file, name, folder)
            return parse_notebook(file.read(), name=name, folder=folder)
    except OSError as error:
        return _unread(name, folder, error.strerror or str(error))
    except ValueError as error:  # a NUL in the path
        return _unread(name, folder, str(error))


def parse_notebook(data: bytes, *, name: str, folder: str | None) -> Notebook:
    """The notebook that a file's bytes hold; its format follows from `name`, or from the bytes."""
    sha256 = hashlib.sha256(data).hexdigest()
    suffix = os.path.splitext(name)[1]  # noqa: PTH122 — a name, of no file system
    if suffix in FORMATS or (suffix != ".ipynb" and data.lstrip()[:1] not in (b"{", b"[", b"")):
        return _parse_text(data, name, folder, sha256, suffix)
    text, findings = _to_utf8(data, name)
    if len(text) > LARGE:
        try:
            text = skim(text[start : start + CHUNK] for start in range(0, len(text), CHUNK))
        except TooLarge:
            return _unread(name, folder, "it is too large", sha256=sha256)
    return _parse_json(text, name, folder, sha256, findings)


def _read_large(file: BinaryIO, name: str, folder: str) -> Notebook:
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            yield chunk

    try:
        text = skim(chunks())
    except TooLarge:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
        return _unread(name, folder, "it is too large", sha256=digest.hexdigest())
    text, findings = _to_utf8(text, name)
    return _parse_json(text, name, folder, digest.hexdigest(), findings)


def _parse_json(
    text: bytes, name: str, folder: str | None, sha256: str, findings: list[Finding]
) -> Notebook:
    try:
        content = parse_ipynb(text, name=name)
    except BadNotebook as error:
        return _unread(name, folder, str(error), sha256=sha256, findings=findings)
    spoken = parse_language(content.metadata)
    findings += check_language(spoken, Location(path=name))
    return Notebook(
        path=name,
        format=content.format,
        sha256=sha256,
        language=spoken.language,
        kernel=spoken.kernel,
        folder=folder,
        cells=content.cells,
        metadata=content.metadata,
        findings=(*findings, *content.findings),
    )


def _parse_text(data: bytes, name: str, folder: str | None, sha256: str, suffix: str) -> Notebook:
    findings: list[Finding] = []
    try:
        text, encoding = decode_script(data)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text, encoding = _decode(data)
        findings.append(find("wrong-encoding", Location(path=name), encoding))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return _unread(name, folder, "it is empty", sha256=sha256)
    if suffix not in FORMATS or suffix == ".py":
        cells = parse_marimo(text)
        if cells is not None:
            return Notebook(path=name, format="marimo", sha256=sha256, folder=folder, cells=cells)
    try:
        script = parse_script(text, suffix=suffix)
    except BadText as error:
        return _unread(name, folder, str(error), sha256=sha256, findings=findings)
    spoken = parse_language(script.metadata)
    findings += check_language(spoken, Location(path=name))
    return Notebook(
        path=name,
        format=script.format,
        sha256=sha256,
        language=spoken.language,
        kernel=spoken.kernel,
        folder=folder,
        cells=script.cells,
        metadata=script.metadata,
        findings=tuple(findings),
    )


def _to_utf8(data: bytes, name: str) -> tuple[bytes, list[Finding]]:
    """JSON is UTF-8 without a mark (RFC 8259, 8.1); Jupyter opens no other notebook."""
    if data[:2] not in (b"\xef\xbb", b"\xff\xfe", b"\xfe\xff") and b"\0" not in data[:4]:
        if data.isascii():
            return data, []
        try:
            data.decode()
        except UnicodeDecodeError:
            pass
        else:
            return data, []
    text, encoding = _decode(data)
    finding = find("wrong-encoding", Location(path=name), encoding)
    return text.encode("utf-8", "replace"), [finding]


def _decode(data: bytes) -> tuple[str, str]:
    """Text of any bytes, and the name of the encoding it is taken for."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), encoding
    if data[1::2].count(0) * 2 > len(data) // 2:
        return data.decode("utf-16-le", "replace"), "utf-16-le"
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _unread(
    name: str,
    folder: str | None,
    detail: str,
    *,
    sha256: str = "",
    findings: list[Finding] | None = None,
) -> Notebook:
    finding = find("unreadable-notebook", Location(path=name), name, detail=detail)
    return Notebook(
        path=name,
        format="unknown",
        sha256=sha256,
        folder=folder,
        findings=(*(findings or ()), finding),
    )

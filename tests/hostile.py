"""Uploads that must be refused, each a file that is really made, with words of the refusal."""

import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.test_wasm import SMALL
from packing import Part, changed, pack, parts_of, squeeze, wheel_files

from index_server.uploads.form import Form

WHEEL = "acme_tools-1.0-py3-none-any.whl"
SDIST = "acme_tools-1.0.tar.gz"
INFO = "acme_tools-1.0.dist-info"
PLAIN = "Metadata-Version: 2.1\nName: acme-tools\nVersion: 1.0\n"
BOMB = 70 << 20
SO = "m.cpython-313-wasm32-emscripten.so"
WASM = "cp313-cp313-pyemscripten_2025_0_wasm32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What is sent, and words that the refusal has."""

    build: Callable[[], bytes]
    says: str
    filename: str = WHEEL
    fields: Mapping[str, str] = field(default_factory=dict)


def make_form(data: bytes, filename: str, fields: Mapping[str, str], folder: Path) -> Form:
    path = folder / "upload.part"
    path.write_bytes(data)
    return Form(
        fields={name: (value,) for name, value in fields.items()},
        filename=filename,
        path=path,
        size=len(data),
        digests={
            "sha256": hashlib.sha256(data).hexdigest(),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "blake2_256": hashlib.blake2b(data, digest_size=32).hexdigest(),
        },
    )


def wheel(**options: object) -> bytes:
    return pack(parts_of(wheel_files(**options)))  # type: ignore[arg-type]


def packed(**fields: object) -> bytes:
    """A wheel whose first member is packed otherwise."""
    return pack(changed(parts_of(wheel_files()), 0, **fields))


def with_part(**fields: object) -> bytes:
    """A wheel with one more member."""
    return pack([*parts_of(wheel_files()), Part(**fields)])  # type: ignore[arg-type]


def metadata(text: str) -> Callable[[], bytes]:
    return lambda: wheel(metadata=text)


def change(**changes: bytes | None) -> Callable[[], bytes]:
    return lambda: wheel(changes=changes)


def members(**extra: bytes) -> Callable[[], bytes]:
    return lambda: wheel(members={"acme_tools.py": b"", **extra})


def named(filename: str, says: str) -> Upload:
    return Upload(build=wheel, filename=filename, says=says)


def stated(says: str, **fields: str) -> Upload:
    return Upload(build=wheel, fields=fields, says=says)


def tagged(tag: str, says: str) -> Upload:
    return Upload(build=lambda: wheel(tag=tag), filename=f"acme_tools-1.0-{tag}.whl", says=says)


def sdist(
    *, info: str | None = PLAIN, top: str = "acme_tools-1.0", more: tuple[tarfile.TarInfo, ...] = ()
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        files = {f"{top}/pyproject.toml": b""}
        files |= {f"{top}/PKG-INFO": info.encode()} if info is not None else {}
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for entry in more:
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    return buffer.getvalue()


def tar_entry(
    name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, link, size
    return entry


def packed_sdist(says: str, build: Callable[[], bytes], filename: str = SDIST) -> Upload:
    return Upload(build=build, filename=filename, says=says)


def bad_sdist(says: str, name: str, **options: object) -> Upload:
    entry = tar_entry(name, **options)  # type: ignore[arg-type]
    return packed_sdist(says, lambda: sdist(more=(entry,)))


ZIP64 = struct.pack("<HHQQ", 1, 16, 1, 1)
LINK = {"name": "link.py", "data": b"/etc/passwd", "mode": 0o120777 << 16}

FORMS = {
    "another sha256": stated("another sha256", sha256_digest="0" * 64),
    "a short sha256": stated("another sha256", sha256_digest="0"),
    "a sha256 that is none": stated("another sha256", sha256_digest="é" * 64),
    "another md5": stated("another md5", md5_digest="0" * 32),
    "another blake2": stated("another blake2_256", blake2_256_digest="0" * 64),
    "another name": stated("its name is other", name="other"),
    "a name that is none": stated("its name is", name="../etc"),
    "another version": stated("its version is 2.0", version="2.0"),
    "a version that is none": stated("its version is one", version="one"),
    "another kind": stated("says that it is a sdist", filetype="sdist"),
    "another action": stated("file_upload", **{":action": "submit"}),
    "another protocol": stated("protocol version 1", protocol_version="2"),
    "attestations of nothing": stated("PEP 740", attestations="[]"),
    "attestations that are none": stated("not JSON", attestations="{"),
    "an attestation that is empty": stated("version 1", attestations="[{}]"),
}
NAMES = {
    "no name": named("", "a file's name has"),
    "a path": named("../acme_tools-1.0-py3-none-any.whl", "a file's name has"),
    "a path of Windows": named("..\\acme_tools-1.0-py3-none-any.whl", "a file's name has"),
    "a drive": named("C:\\x\\acme_tools-1.0-py3-none-any.whl", "a file's name has"),
    "an absolute path": named("/acme_tools-1.0-py3-none-any.whl", "a file's name has"),
    "dots": named("acme_tools..-1.0-py3-none-any.whl", "a file's name has"),
    "markup": named("<script>-1.0-py3-none-any.whl", "a file's name has"),
    "a quote": named("acme'tools-1.0-py3-none-any.whl", "a file's name has"),
    "a space": named("acme tools-1.0-py3-none-any.whl", "a file's name has"),
    "a control character": named("acme\x07tools-1.0-py3-none-any.whl", "a file's name has"),
    "a letter like another": named("\u0430cme_tools-1.0-py3-none-any.whl", "a file's name has"),
    "a very long name": named(f"{'a' * 300}-1.0-py3-none-any.whl", "at most 230"),
    "no wheel's name": named("acme_tools-1.0.whl", "NAME-VERSION-PYTHON"),
    "no version": named("acme_tools-one-py3-none-any.whl", "NAME-VERSION-PYTHON"),
    "no build number": named("acme_tools-1.0-x-py3-none-any.whl", "NAME-VERSION-PYTHON"),
    "an egg": named("acme_tools-1.0-py3.13.egg", "neither .whl nor .tar.gz"),
    "a program": named("acme_tools-1.0.exe", "neither .whl nor .tar.gz"),
    "a zipped sdist": named("acme_tools-1.0.zip", "neither .whl nor .tar.gz"),
    "another project's": named("other-1.0-py3-none-any.whl", "metadata-differs"),
    "another version's": named("acme_tools-2.0-py3-none-any.whl", "metadata-differs"),
    "another tag's": named("acme_tools-1.0-cp313-cp313-win32.whl", "tags-differ"),
    "an unknown platform": tagged("cp313-cp313-amiga_68k", "amiga_68k is not the tag"),
    "a browser of the future": tagged("cp313-cp313-pyemscripten_2099_0_wasm32", "not the tag"),
    "another processor": tagged("cp313-cp313-manylinux_2_28_z80", "not the tag"),
    "an unknown Python": tagged("xx3-none-any", "no Python that is known"),
    "an unknown ABI": tagged("cp313-evil-win32", "no Python that is known"),
    "too many platforms": named(
        "acme_tools-1.0-py0.py1.py2.py3.py4.py5.py6.py7.py8-none.abi3-any.win32.win_amd64.win_arm64"
        ".whl",
        "too many",
    ),
}
ARCHIVES = {
    "nothing": Upload(build=lambda: b"", says="it is empty"),
    "no zip": Upload(build=lambda: b"hello" * 100, says="not-a-wheel"),
    "a page": Upload(build=lambda: b"<!doctype html><title>404</title>", says="not-a-wheel"),
    "an sdist": Upload(build=sdist, says="not-a-wheel"),
    "cut off": Upload(build=lambda: wheel()[:300], says="not-a-wheel"),
    "only an end": Upload(build=lambda: pack([]), says="not-a-wheel"),
    "bytes before": Upload(build=lambda: b"#!/bin/sh\n" + wheel(), says="ambiguous-archive"),
    "bytes after": Upload(build=lambda: wheel() + b"\0", says="ambiguous-archive"),
    "two archives": Upload(build=lambda: wheel() + wheel(), says="ambiguous-archive"),
    "a comment": Upload(
        build=lambda: pack(parts_of(wheel_files()), comment=b"x"), says="ambiguous-archive"
    ),
    "bytes between": Upload(build=lambda: packed(after=b"x"), says="ambiguous-archive"),
    "bytes before the directory": Upload(
        build=lambda: pack(parts_of(wheel_files()), between=b"x"), says="ambiguous-archive"
    ),
    "a hidden member": Upload(
        build=lambda: with_part(name="evil.py", hidden=True), says="ambiguous-archive"
    ),
    "a wrong count": Upload(
        build=lambda: pack(parts_of(wheel_files()), count=2), says="ambiguous-archive"
    ),
    "another name in its header": Upload(
        build=lambda: packed(own={"name": b"evil_tools.py"}), says="ambiguous-archive"
    ),
    "another size in its header": Upload(
        build=lambda: packed(own={"size": 1}), says="ambiguous-archive"
    ),
    "another method in its header": Upload(
        build=lambda: packed(own={"method": 0}), says="ambiguous-archive"
    ),
    "its size after it": Upload(build=lambda: packed(flags=8), says="ambiguous-archive"),
    "zip64 in the directory": Upload(build=lambda: packed(extra=ZIP64), says="ambiguous-archive"),
    "zip64 in its header": Upload(
        build=lambda: packed(own={"extra": ZIP64}), says="ambiguous-archive"
    ),
    "a name of two": Upload(
        build=lambda: packed(extra=struct.pack("<HHBL", 0x7075, 9, 1, 0) + b"e.py"),
        says="ambiguous-archive",
    ),
    "encrypted": Upload(build=lambda: packed(flags=1), says="encrypted"),
    "lzma": Upload(build=lambda: packed(method=14), says="installers do not know"),
    "a wrong checksum": Upload(build=lambda: packed(crc=1), says="checksum"),
    "a size that lies": Upload(build=lambda: packed(size=1), says="checksum"),
    "a bomb": Upload(build=lambda: with_part(name="z", data=bytes(BOMB)), says="zip-bomb"),
    "a bomb that says it is small": Upload(
        build=lambda: with_part(name="z", packed=squeeze(bytes(BOMB)), size=10), says="checksum"
    ),
    "a bomb of many": Upload(
        build=lambda: pack(
            [*parts_of(wheel_files()), *(Part(name=f"z{n}", data=bytes(8 << 20)) for n in range(9))]
        ),
        says="zip-bomb",
    ),
}
MEMBERS = {
    "a member outside": Upload(build=members(**{"../evil.py": b""}), says="unsafe-member"),
    "a member far outside": Upload(build=members(**{"a/../../evil.py": b""}), says="unsafe-member"),
    "a member at the root": Upload(build=members(**{"/etc/evil": b""}), says="unsafe-member"),
    "a member of Windows": Upload(build=members(**{"a\\evil.py": b""}), says="unsafe-member"),
    "a member on a drive": Upload(build=members(**{"C:evil.py": b""}), says="unsafe-member"),
    "a member of a line end": Upload(build=members(**{"a\nb.py": b""}), says="unsafe-member"),
    "a member of a NUL": Upload(build=members(**{"a.py\0.txt": b""}), says="unsafe-member"),
    "a member here": Upload(build=members(**{"./evil.py": b""}), says="unsafe-member"),
    "a folder outside": Upload(build=lambda: with_part(name="../x/"), says="unsafe-member"),
    "a link": Upload(build=lambda: with_part(**LINK), says="unsafe-member"),
    "a device": Upload(
        build=lambda: with_part(name="tty", mode=0o020666 << 16), says="unsafe-member"
    ),
    "a pipe": Upload(build=lambda: with_part(name="p", mode=0o010666 << 16), says="unsafe-member"),
    "a member twice": Upload(
        build=lambda: with_part(name="acme_tools.py", data=b"evil"), says="duplicate-member"
    ),
    "a member in capitals": Upload(
        build=members(**{"ACME_tools.py": b""}), says="colliding-member"
    ),
    "a member composed otherwise": Upload(
        build=members(**{"\u00e9.py": b"", "e\u0301.py": b""}), says="colliding-member"
    ),
    "a member below a file": Upload(
        build=members(**{"acme_tools.py/x.py": b""}), says="colliding-member"
    ),
}
DESCRIPTIONS = {
    "no RECORD": Upload(build=change(RECORD=None), says="no-record"),
    "a RECORD of bytes": Upload(build=change(RECORD=b"\xff\0"), says="no-record"),
    "an empty RECORD": Upload(build=change(RECORD=b""), says="unrecorded"),
    "a RECORD with another hash": Upload(
        build=change(RECORD=b"acme_tools.py,sha256=AAAA,11\n"), says="record-differs"
    ),
    "a RECORD with a weak hash": Upload(
        build=change(RECORD=b"acme_tools.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,11\n"),
        says="record-differs",
    ),
    "a RECORD without a hash": Upload(
        build=change(RECORD=b"acme_tools.py,,\n"), says="record-differs"
    ),
    "a member added": Upload(
        build=lambda: wheel(unrecorded={"evil.py": b""}), says="evil.py is not in RECORD"
    ),
    "no METADATA": Upload(build=change(METADATA=None), says="metadata-invalid"),
    "METADATA of another": Upload(
        build=metadata(PLAIN.replace("acme-tools", "other")), says="metadata-differs"
    ),
    "METADATA of another version": Upload(
        build=metadata(PLAIN.replace("1.0", "3")), says="metadata-differs"
    ),
    "METADATA without a name": Upload(
        build=metadata("Metadata-Version: 2.1\nVersion: 1.0\n"), says="metadata-invalid"
    ),
    "METADATA of no version": Upload(
        build=metadata("Metadata-Version: 9\nName: acme-tools\nVersion: 1.0\n"),
        says="metadata-invalid",
    ),
    "METADATA that is no UTF-8": Upload(
        build=change(METADATA=PLAIN.encode() + b"Summary: \xff\n"), says="metadata-invalid"
    ),
    "a requirement that is none": Upload(
        build=metadata(f"{PLAIN}Requires-Dist: a b\n"), says="metadata-invalid"
    ),
    "a Python that is none": Upload(
        build=metadata(f"{PLAIN}Requires-Python: snake\n"), says="metadata-invalid"
    ),
    "a dependency in the description": Upload(
        build=metadata(f"{PLAIN}\nWrite\nRequires-Dist: evil\n"), says="metadata-misread"
    ),
    "an extra in the description": Upload(
        build=metadata(f"{PLAIN}\nProvides-Extra: evil\n"), says="metadata-misread"
    ),
    "no WHEEL": Upload(build=change(WHEEL=None), says="wheel-invalid"),
    "a WHEEL of the future": Upload(
        build=change(WHEEL=b"Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        says="wheel-invalid",
    ),
    "a WHEEL of another tag": Upload(
        build=change(WHEEL=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp39-cp39-win32\n"),
        says="tags-differ",
    ),
    "another's dist-info": Upload(
        build=lambda: pack(parts_of(wheel_files(name="other"))), says="metadata-differs"
    ),
    "two dist-infos": Upload(
        build=members(**{"other-1.dist-info/METADATA": b""}), says="not-a-wheel"
    ),
}
SDISTS = {
    "an sdist that is a wheel": packed_sdist("no tar file", wheel),
    "an sdist that is no tar": packed_sdist("no tar file", lambda: gzip.compress(b"x" * 2000)),
    "an sdist cut off": packed_sdist("no tar file", lambda: sdist()[:-20]),
    "an empty sdist": packed_sdist("PKG-INFO", lambda: gzip.compress(bytes(10240))),
    "an sdist without PKG-INFO": packed_sdist("has no", lambda: sdist(info=None)),
    "an sdist of another": packed_sdist(
        "metadata-differs", lambda: sdist(info=PLAIN.replace("acme-tools", "other"))
    ),
    "an sdist of another version": packed_sdist(
        "metadata-differs", lambda: sdist(info=PLAIN.replace("1.0", "3"))
    ),
    "an sdist with another folder": packed_sdist("outside the folder", lambda: sdist(top="x")),
    "an sdist spelt otherwise": packed_sdist("PEP 625", sdist, "Acme.Tools-1.0.tar.gz"),
    "an sdist of a long version": packed_sdist("PEP 625", sdist, "acme_tools-1.00.tar.gz"),
    "an sdist of no version": packed_sdist("NAME-VERSION", sdist, "acme_tools-one.tar.gz"),
    "an sdist that is a bomb": bad_sdist("unpacks to more", "acme_tools-1.0/z", size=BOMB),
    "an sdist with more after it": packed_sdist(
        "bytes follow", lambda: gzip.compress(gzip.decompress(sdist()) + b"x")
    ),
    "an sdist's member outside": bad_sdist("not safe", "acme_tools-1.0/../../evil"),
    "an sdist's member at the root": bad_sdist("not safe", "/acme_tools-1.0/evil"),
    "an sdist's member twice": bad_sdist("is there twice", "acme_tools-1.0/pyproject.toml"),
    "an sdist's link outside": bad_sdist(
        "not safe", "acme_tools-1.0/l", kind=tarfile.SYMTYPE, link="../../etc/passwd"
    ),
    "an sdist's hard link outside": bad_sdist(
        "not safe", "acme_tools-1.0/l", kind=tarfile.LNKTYPE, link="/etc/passwd"
    ),
    "an sdist's device": bad_sdist("not safe", "acme_tools-1.0/d", kind=tarfile.CHRTYPE),
    "an sdist's pipe": bad_sdist("not safe", "acme_tools-1.0/p", kind=tarfile.FIFOTYPE),
    "an sdist's PKG-INFO that is a link": packed_sdist(
        "no plain file",
        lambda: sdist(
            info=None,
            more=(tar_entry("acme_tools-1.0/PKG-INFO", kind=tarfile.SYMTYPE, link="x"),),
        ),
    ),
}
# These are refused, kept in quarantine or taken, as the index's settings say.
BROKEN = {
    "hidden modules": Upload(
        build=members(**{SO: b"\0asm\1\0\0\0"}),
        says="hidden-modules",
    ),
    "a link that fails": Upload(
        build=lambda: wheel(tag=WASM, members={SO: SMALL}),
        filename=f"acme_tools-1.0-{WASM}.whl",
        says="link-error: missing-global",
    ),
    "a module of the host": Upload(
        build=lambda: wheel(tag=WASM, members={SO: b"\x7fELF" + bytes(60)}),
        filename=f"acme_tools-1.0-{WASM}.whl",
        says="native-module",
    ),
    "a module that is none": Upload(
        build=lambda: wheel(tag=WASM, members={SO: b"hello"}),
        filename=f"acme_tools-1.0-{WASM}.whl",
        says="invalid-module",
    ),
}
UPLOADS = {**FORMS, **NAMES, **ARCHIVES, **MEMBERS, **DESCRIPTIONS, **SDISTS}

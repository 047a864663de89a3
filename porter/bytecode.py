"""Bytecode beside the sources of a zip file: what is imported from it need not be compiled anew.

Run as a program, by a Python of another minor version: `bytecode.py ARCHIVE TARGET PLACE NAMES`.
"""

import io
import marshal
import sys
import zipfile
from collections.abc import Callable, Sequence
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

# PEP 552: known by the hash of its source, which importing does not check.
UNCHECKED = (1).to_bytes(4, "little")


def compile_zip(data: bytes, place: str, name: Callable[[str], str]) -> bytes:
    """The zip file with the bytecode of each module beside it, as this Python compiles it.

    `place` is where its members lie when they are imported: tracebacks name it. `name` tells what the
    bytecode of a source is called. Sources that do not compile are left as they are.
    """
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as plain,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as compiled,
    ):
        for member in plain.infolist():
            source = plain.read(member)
            compiled.writestr(member, source)
            if member.filename.endswith(".py"):
                code = compile_source(source, f"{place}/{member.filename}")
                if code:
                    compiled.writestr(name(member.filename), code)
    return buffer.getvalue()


def zipped_name(source: str) -> str:
    """Where zipimport looks for the bytecode of a source; it falls back to the source."""
    return f"{source}c"


def compile_source(source: bytes, name: str) -> bytes:
    """The bytes of a module's .pyc file; empty where it does not compile."""
    try:
        code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return b""
    return MAGIC_NUMBER + UNCHECKED + source_hash(source) + marshal.dumps(code)


NAMES: dict[str, Callable[[str], str]] = {"zipped": zipped_name, "cached": cache_from_source}


def main(arguments: Sequence[str]) -> None:
    """Compile an archive; `NAMES` says what the bytecode of a source is called."""
    archive, target, place, names = arguments
    Path(target).write_bytes(compile_zip(Path(archive).read_bytes(), place, NAMES[names]))


if __name__ == "__main__":
    main(sys.argv[1:])

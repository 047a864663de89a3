"""Files compressed ahead of time, kept by content: the first who asks waits for no compressor."""

import contextlib
import gzip
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import brotli

from index_server.web.negotiate import Encoding
from porter.home import Home, new_file

# Others are compressed already.
WORTH_IT = (".js", ".mjs", ".wasm", ".json", ".map", ".ts", ".md")
SUFFIXES = {Encoding.GZIP: ".gz", Encoding.BROTLI: ".br"}
# Of Pyodide's 9 MB of WebAssembly level 9 makes 2.4 MB in seconds; level 11 saves a further eighth
# and takes ten times as long.
BROTLI_LEVEL = 9
WINDOW = 24


def find_packed(home: Home, sha256: str) -> dict[Encoding, Path]:
    """The compressed forms of a file that are ready."""
    paths = {coding: home.compressed / f"{sha256}{suffix}" for coding, suffix in SUFFIXES.items()}
    return {coding: path for coding, path in paths.items() if path.is_file()}


def pack(path: Path, sha256: str, home: Home) -> None:
    """Make the compressed forms of a file that are not there yet; of many processes one does it."""
    if path.suffix not in WORTH_IT or len(find_packed(home, sha256)) == len(SUFFIXES):
        return
    with home.lock(f"compressed-{sha256[:32]}"):
        # What a process that was ended meanwhile has left.
        for half in home.compressed.glob(f".{sha256}.*"):
            half.unlink(missing_ok=True)
        for coding, suffix in SUFFIXES.items():
            target = home.compressed / f"{sha256}{suffix}"
            if not target.is_file():
                with new_file(target) as file:
                    file.write_bytes(_compress(path.read_bytes(), coding))


def pack_all(files: Iterable[tuple[Path, str]], home: Home) -> None:
    """`pack` each (file, sha256), the small ones first, and give way to whatever else there is."""
    with contextlib.suppress(OSError):
        # On Linux a thread has a priority of its own.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    for path, sha256 in sorted(files, key=lambda file: file[0].stat().st_size):
        pack(path, sha256, home)


def _compress(body: bytes, coding: Encoding) -> bytes:
    if coding is Encoding.GZIP:
        return gzip.compress(body, 9, mtime=0)
    return bytes(brotli.compress(body, quality=BROTLI_LEVEL, lgwin=WINDOW))

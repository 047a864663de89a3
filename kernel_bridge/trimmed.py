"""A wheel without what a browser kernel never opens: each file is one that it has to unpack."""

import hashlib
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from porter.home import Home, hash_file, new_file
from porter.wheel import SOURCE_DATE_EPOCH

DATE = time.gmtime(SOURCE_DATE_EPOCH)[:6]


def trim_wheel(wheel: Path, prefixes: Sequence[str], home: Home) -> Path:
    """The wheel without the members that begin so, nor their lines in RECORD; made once.

    The same wheel gives the same bytes.
    """
    asked = " ".join([hash_file(wheel), *prefixes])
    digest = hashlib.sha256(asked.encode()).hexdigest()[:32]
    kept = home.bytecode / f"trimmed-{digest}" / wheel.name
    if kept.is_file():
        return kept
    left_out = tuple(prefixes)
    with (
        new_file(kept) as beside,
        zipfile.ZipFile(wheel) as whole,
        zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as trimmed,
    ):
        for member in whole.infolist():
            if member.filename.startswith(left_out) or member.is_dir():
                continue
            content = whole.read(member)
            if member.filename.endswith(".dist-info/RECORD"):
                lines = content.decode().splitlines(keepends=True)
                content = "".join(one for one in lines if not one.startswith(left_out)).encode()
            info = zipfile.ZipInfo(member.filename, DATE)
            trimmed.writestr(info, content, zipfile.ZIP_DEFLATED)
    return kept

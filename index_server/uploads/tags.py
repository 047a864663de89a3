"""Which wheel tags an index takes: those of a family that it knows, well formed.

A tag that nobody knows is a wheel that nobody can install, and most often a mistake in a build.
"""

import re
from collections.abc import Iterable
from functools import cache

from packaging.tags import Tag

from index_server.errors import UploadRefused
from porter.platform import read_platforms

LINUX = "x86_64|i686|aarch64|armv[67]l|ppc64|ppc64le|s390x|riscv64|loongarch64"
MAC = "x86_64|arm64|universal2|intel|i386|fat|fat32|fat64|universal|ppc|ppc64"
# What comes after the first word of a platform tag; PEP 425, 513, 571, 599, 600, 656, 730, 738.
NATIVE = (
    "any",
    f"manylinux(1|2010|2014|_\\d+_\\d+)_({LINUX})",
    f"musllinux_\\d+_\\d+_({LINUX})",
    f"linux_({LINUX})",
    f"macosx_\\d+_\\d+_({MAC})",
    "win32|win_amd64|win_arm64|win_arm32|win_ia64",
    "android_\\d+_(arm64_v8a|armeabi_v7a|x86_64|x86)",
    "ios_\\d+_\\d+_(arm64|x86_64)_(iphoneos|iphonesimulator)",
)
# Of Pyodide's releases before those that Porter knows; `pyodide_*` is PEP 783's older spelling,
# and before it the compiler's version was the platform.
EARLIER = ("pyodide_2024_0_wasm32", "emscripten_\\d+_\\d+_\\d+_wasm32")
PYTHON = re.compile(r"(py|cp|pp|ip|jy|graalpy)\d[\d_]*")
ABI = re.compile(r"none|abi3t?|(cp|pypy|graalpy)\d[a-z0-9_]*")


def check_tags(filename: str, tags: Iterable[Tag]) -> None:
    """Raise UploadRefused for a tag that no installer that is known looks for."""
    for tag in sorted(tags, key=str):
        if not _platforms().fullmatch(tag.platform):
            ours = ", ".join(platform.tag for platform in read_platforms().values())
            raise UploadRefused(
                f"{filename}: {tag.platform} is not the tag of a platform that is known",
                advice=f"a wheel for Pyodide has one of {ours}",
            )
        if not PYTHON.fullmatch(tag.interpreter) or not ABI.fullmatch(tag.abi):
            raise UploadRefused(
                f"{filename}: {tag.interpreter}-{tag.abi} is no Python that is known",
                advice="a pure wheel has the tag py3-none-any",
            )


@cache
def _platforms() -> re.Pattern[str]:
    known = [platform.abi for platform in read_platforms().values()]
    browsers = [f"(pyemscripten|pyodide)_({'|'.join(known)})_wasm32", *EARLIER]
    return re.compile("|".join(f"(?:{family})" for family in (*NATIVE, *browsers)))

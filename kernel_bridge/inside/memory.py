"""How much memory the kernel has taken, and how much it may take."""

from pathlib import Path
from typing import Any

from kernel_bridge.inside.place import IN_BROWSER
from kernel_bridge.inside.registry import Answer, Arguments, operation

# WebAssembly of 32 bits addresses no more; Pyodide raises MemoryError a little before.
WASM_LIMIT = 1 << 32
# cgroup v1 writes a number near 2**63 where there is no limit.
UNLIMITED = 1 << 60


@operation("memory")
def memory(_shell: Any, _args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{used, limit}` in bytes. A browser's heap only grows: `used` is its height so far."""
    used, limit = _of_browser() if IN_BROWSER else read_memory(Path("/"))
    return {"used": used, "limit": limit}, ()


def _of_browser() -> tuple[int, int]:
    from importlib import import_module

    module = import_module("pyodide_js")._module  # noqa: SLF001 # no public way
    return int(module.HEAPU8.length), WASM_LIMIT


def read_memory(root: Path) -> tuple[int, int]:
    """Bytes that this process has resident, and the least that its groups or machine allow.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files; 0 is not known.
    """
    used = _field(root / "proc/self/status", "VmRSS")
    limits = [_field(root / "proc/meminfo", "MemTotal"), *_of_groups(root)]
    return used, min(filter(None, limits), default=0)


def _field(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) << 10
    return 0


def _of_groups(root: Path) -> list[int]:
    """Limits of the group of this process and those around it."""
    found = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        here = top / path.lstrip("/")
        for folder in (here, *here.parents):
            text = _text(folder / name).strip()
            if text.isdigit() and int(text) < UNLIMITED:
                found.append(int(text))
            if folder == top:
                break
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""

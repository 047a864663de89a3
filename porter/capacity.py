"""How many builds and compilers a machine, or the container on it, bears at once. Linux tells."""

import os
from pathlib import Path

# What a compiler of large C++ takes at its worst is more, what most take less.
MEMORY_EACH = 1 << 30
CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")


def parse_cpu_max(text: str) -> float | None:
    """The processors that a cgroup may use, by its `cpu.max` (cgroup v2); None for all."""
    quota, _, period = text.strip().partition(" ")
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0:
        return None
    return int(quota) / int(period)


def parse_available(text: str) -> int | None:
    """The bytes of memory that are free for use, by /proc/meminfo; None where it does not tell."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        number = value.strip().partition(" ")[0]
        if name == "MemAvailable" and number.isdecimal():
            return int(number) * 1024
    return None


def count_jobs(processors: int, *, quota: float | None, memory: int | None) -> int:
    """As many as there are processors, or less where the quota or the memory bears less; 1 or more."""
    bounds = [processors]
    if quota is not None:
        bounds.append(round(quota))
    if memory is not None:
        bounds.append(memory // MEMORY_EACH)
    return max(1, min(bounds))


def read_capacity() -> int:
    """The count for this process, as the machine is now."""
    limit = _read(CGROUP / "memory.max").strip()
    bounds = [parse_available(_read(MEMINFO)), int(limit) if limit.isdecimal() else None]
    return count_jobs(
        os.process_cpu_count() or 1,
        quota=parse_cpu_max(_read(CGROUP / "cpu.max")),
        memory=min((bound for bound in bounds if bound is not None), default=None),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""

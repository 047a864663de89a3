"""How full a kernel's memory is."""

from pathlib import Path

import pytest

from kernel_bridge.inside.memory import read_memory

V2 = {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1000\n"}


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, 2048),
        ({**V2, "sys/fs/cgroup/a/b/memory.max": "max\n"}, 1000),
        ({**V2, "sys/fs/cgroup/a/b/memory.max": "500\n"}, 500),
        (
            {
                "proc/self/cgroup": "4:cpu:/x\n5:memory:/x\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "700\n",
            },
            700,
        ),
        (
            {
                "proc/self/cgroup": "5:memory:/x\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": f"{2**63 - 4096}\n",
            },
            2048,
        ),
    ],
)
def test_the_least_limit_counts(tmp_path: Path, files: dict[str, str], limit: int) -> None:
    mine = {"proc/self/status": "Name: x\nVmRSS:\t 7 kB\n", "proc/meminfo": "MemTotal: 2 kB\n"}
    for name, text in {**mine, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert read_memory(tmp_path) == (7168, limit)


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert read_memory(tmp_path) == (0, 0)

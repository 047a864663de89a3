"""`%%remote` where there is nothing to send: the kernel is the server's already.

The page takes such cells out of a browser's hands (`kernel_bridge/ui/src/remote.ts`).
"""

from typing import Any

MARK = "%%remote"


def without_mark(lines: list[str]) -> list[str]:
    """The cell's lines without the mark, if that is the first that is not blank."""
    for number, line in enumerate(lines):
        if line.strip() == MARK:
            return lines[number + 1 :]
        if line.strip():
            break
    return lines


def load_ipython_extension(shell: Any) -> None:
    """Have marked cells run as they are."""
    transforms = shell.input_transformers_cleanup
    if without_mark not in transforms:
        transforms.append(without_mark)

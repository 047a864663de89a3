"""Parts of files (RFC 9110, 14); pure."""

import re

RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None where the whole file is the answer.

    Raises ValueError where no byte of the file is asked for (a 416). Several ranges at once, and
    what is no range at all, may be answered with the whole file: nobody needs them of a wheel.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        count = min(int(last), size)
        if count == 0:
            raise ValueError("no byte is asked for")
        return size - count, size
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise ValueError("the file ends before")
    return start, end

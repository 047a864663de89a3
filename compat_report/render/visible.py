"""Text of unknown origin as it may be shown: nothing in it moves a cursor or turns a line around."""

import re

from porter.table import format_size

# C0 and C1 controls but tab and newline; lone surrogates; and the characters that order or hide
# others: Unicode's Bidi_Control property (UAX #9), zero-width ones, line and paragraph separators,
# tags, and the byte order mark.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACE = re.compile(r"[\t\n]")


def show_unseen(text: str) -> str:
    """Characters that cannot be seen, or change how others are seen, as Python writes them."""
    return _UNSEEN.sub(lambda match: _escape(match.group()), text)


def show_line(text: str, limit: int = 300) -> str:
    """The same for what must stay one line, cut at `limit` characters with an ellipsis."""
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return _SPACE.sub(" ", show_unseen(cut))


def show_size(size: int) -> str:
    """Bytes as people say them: `246 kB`, `3.1 MB`, `4.3 GB` (powers of ten)."""
    if size < 1_000_000_000:
        return format_size(size)
    if size < 1_000_000_000_000:
        return f"{size / 1e9:.1f} GB"
    return f"{size // 10**12:,} TB"


def show_share(share: float) -> str:
    """A number from 0 to 1 as a percentage; never 100 % for less than all, nor 0 for something."""
    whole = round(share * 100)
    if whole == 100 and share < 1:
        whole = 99
    if whole == 0 and share > 0:
        whole = 1
    return f"{whole}%"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

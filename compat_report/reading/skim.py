"""The JSON of a notebook without its outputs, for notebooks too big to be parsed whole.

What a cell once printed is never needed and is most of a big notebook. It is left out of the
bytes before they are parsed, so that memory is bounded by what authors write.
"""

import re
from collections.abc import Iterable

# Values of these keys are made by programs; each is replaced by an empty one of its kind.
MADE = frozenset({b'"outputs"', b'"attachments"', b'"application/vnd.jupyter.widget-state+json"'})
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
STRING_END = re.compile(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
VALUE = re.compile(rb"\s*:\s*([\[{])")
VALUE_BEGUN = re.compile(rb"\s*:?\s*\Z")
# A string that is kept is held whole: one longer than this, in bytes, is nobody's cell.
MOST = 64 << 20


class TooLarge(ValueError):
    """What is not outputs is more than a notebook can be read with."""


def skim(chunks: Iterable[bytes]) -> bytes:
    """The JSON text of `chunks` in which outputs, attachments and widget states are empty.

    What is not JSON comes out as it went in, or cut short. Raises TooLarge.
    """
    skimmer = _Skimmer()
    for chunk in chunks:
        skimmer.feed(chunk)
    return skimmer.finish()


class _Skimmer:
    """`depth` counts brackets open inside a value that is left out; 0: nothing is."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.carried = b""
        self.depth = 0
        self.in_string = False

    def feed(self, chunk: bytes) -> None:
        text = self.carried + chunk
        self.carried = b""
        position = 0
        while position < len(text):
            position = self._leave_out(text, position) if self.depth else self._keep(text, position)
        if len(self.kept) + len(self.carried) > MOST:
            raise TooLarge

    def finish(self) -> bytes:
        return bytes(self.kept + self.carried)

    def _keep(self, text: bytes, begin: int) -> int:
        """Keep up to the next value to leave out; where that begins, or the text's end."""
        end = begin
        for token in TOKEN.finditer(text, begin):
            end = token.end()
            if token.group() not in MADE:
                continue
            value = VALUE.match(text, end)
            if value:
                self.kept += text[begin : value.end()]
                self.kept += b"]" if value[1] == b"[" else b"}"
                self.depth = 1
                return value.end()
            if VALUE_BEGUN.match(text, end):
                self.kept += text[begin : token.start()]
                self.carried = text[token.start() :]
                return len(text)
        quote = text.find(b'"', end)
        cut = len(text) if quote < 0 else quote
        self.kept += text[begin:cut]
        self.carried = text[cut:]
        return len(text)

    def _leave_out(self, text: bytes, begin: int) -> int:
        """Pass over a value; where what follows it begins, or the text's end."""
        position = begin
        if self.in_string:
            string = STRING_END.match(text, begin)
            if not string:
                return self._cut_string(text)
            self.in_string, position = False, string.end()
        for token in TOKEN.finditer(text, position):
            position = token.end()
            first = text[token.start()]
            if first in b"[{":
                self.depth += 1
            elif first in b"]}":
                self.depth -= 1
                if not self.depth:
                    return position
        if text.find(b'"', position) >= 0:
            return self._cut_string(text)
        return len(text)

    def _cut_string(self, text: bytes) -> int:
        """The string goes on in the next chunk, whose first character may be escaped."""
        self.in_string = True
        tail = len(text) - len(text.rstrip(b"\\"))
        self.carried = b"\\" if tail % 2 else b""
        return len(text)

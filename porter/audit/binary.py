"""Read the numbers and names that WebAssembly's binary format is made of (core specification, 5)."""

VALUE_TYPES = {
    0x7F: "i32",
    0x7E: "i64",
    0x7D: "f32",
    0x7C: "f64",
    0x7B: "v128",
    0x70: "funcref",
    0x6F: "externref",
    0x69: "exnref",
}
# A module that declares more than this of anything is not one that a compiler wrote.
LIMIT = 1_000_000


class InvalidModule(ValueError):
    """Bytes that are not a WebAssembly module; the message says where they stop being one."""


class Reader:
    """A position in bytes."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int, end: int) -> None:
        if end > len(data):
            raise InvalidModule("a section is longer than the file")
        self.data, self.pos, self.end = data, pos, end

    def byte(self) -> int:
        """One byte."""
        value = self.data[self.pos]
        self.pos += 1
        return value

    def u32(self) -> int:
        """An unsigned LEB128 number."""
        data, pos = self.data, self.pos
        value = data[pos]
        pos += 1
        if value & 0x80:
            value &= 0x7F
            shift = 7
            while True:
                byte = data[pos]
                pos += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 63:
                    raise InvalidModule(f"a number at byte {pos} does not end")
        self.pos = pos
        return value

    def count(self) -> int:
        """How many of something follow; raises InvalidModule where they could not fit."""
        number = self.u32()
        if number > LIMIT or number > self.end - self.pos + 1:
            raise InvalidModule(f"a count of {number} at byte {self.pos}")
        return number

    def string(self) -> str:
        """A name: its length, then UTF-8."""
        size = self.u32()
        start = self.pos
        if start + size > self.end:
            raise InvalidModule(f"a name at byte {start} is longer than its section")
        self.pos = start + size
        return self.data[start : self.pos].decode()

    def value_type(self) -> str:
        """The name of a value type."""
        code = self.byte()
        # A typed reference of the GC proposal: its heap type follows.
        if code in (0x63, 0x64):
            return f"ref {self.u32()}"
        return VALUE_TYPES.get(code) or f"type {code:#x}"

    def limits(self) -> str:
        """What the limits of a memory or a table say beside sizes: `shared`, `64`."""
        flags = self.byte()
        self.u32()
        if flags & 0x1:
            self.u32()
        words = (("shared", flags & 0x2), ("64", flags & 0x4))
        return " ".join(word for word, on in words if on)

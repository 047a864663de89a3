"""Symbols as people wrote them."""

from functools import cache

# A name longer than this is read by nobody, and may be made to keep a parser busy.
LONGEST = 2000


@cache
def demangle(symbol: str) -> str:
    """The C++ or Rust name of a symbol of the Itanium ABI, any other symbol as it is."""
    if not symbol.startswith("_Z") or len(symbol) > LONGEST:
        return symbol
    from itanium_demangler import parse

    try:
        tree = parse(symbol)
    except (NotImplementedError, RecursionError, ValueError, AssertionError, LookupError):
        # The parser does not know all of the ABI; what it cannot read stays as it is.
        return symbol
    return str(tree) if tree is not None else symbol

"""Every way an operation inside a kernel says no.

These travel to the page as answers; no one of them ends a kernel or shows a traceback.
"""


class InsideError(Exception):
    """What failed, and where; `advice` says what to do next."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class UnknownOperation(InsideError):
    """The page asks for an operation that this kernel does not have."""


class BadArguments(InsideError):
    """An operation's arguments or buffers cannot be read as written."""


class NoSuchName(InsideError):
    """The notebook has no value under that name."""


class NotHere(InsideError):
    """This kind of kernel cannot do that, or lacks a library for it."""

"""What is said where a decision cannot be made, in the words of the index's own API."""

from starlette.responses import JSONResponse

from compat_report.select import TooManyNames
from porter.errors import PorterError


class Problem(Exception):
    """An answer that is none: its HTTP status, and the document's `error`, `message`, `advice`."""

    def __init__(self, status: int, error: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.advice = advice

    @classmethod
    def of(cls, error: PorterError) -> "Problem":
        """What a client is told of an error of ours: 413 for a notebook of too much, else 503."""
        status = 413 if isinstance(error, TooManyNames) else 503
        return cls(status, type(error).__name__, error.message, error.advice)

    def response(self) -> JSONResponse:
        """The answer."""
        headers = {"cache-control": "no-store"}
        if self.status == 503:
            headers["retry-after"] = "5"
        if self.status == 405:
            headers["allow"] = self.advice
        document = {"error": self.error, "message": self.message, "advice": self.advice}
        return JSONResponse(document, self.status, headers)

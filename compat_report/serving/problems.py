"""What is said where a decision cannot be made, in the words of the index's own API."""

from starlette.responses import JSONResponse

from porter.errors import PorterError, UnknownPlatform, UsageError


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
        """What a client is told of an error of ours: 422 where it asked for it, else 503."""
        asked = isinstance(error, UsageError | UnknownPlatform)
        return cls(422 if asked else 503, type(error).__name__, error.message, error.advice)

    def response(self) -> JSONResponse:
        """The answer."""
        headers = {"cache-control": "no-store"}
        if self.status == 503:
            headers["retry-after"] = "5"
        if self.status == 405:
            headers["allow"] = self.advice
        document = {"error": self.error, "message": self.message, "advice": self.advice}
        return JSONResponse(document, self.status, headers)

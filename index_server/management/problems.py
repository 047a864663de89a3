"""Errors of the management API: one document for all of them, told of in the OpenAPI document."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from index_server.web.outside import error_answer
from porter.errors import PorterError

type Responses = dict[int | str, dict[str, Any]]
MEANINGS = {
    400: "The request cannot be read as written.",
    401: "No credential, or one that is unknown, expired or revoked.",
    403: "The credential may not do this.",
    404: "There is no such thing.",
    409: "What is asked for does not fit what is there.",
    422: "A field is not what the document says it is.",
    503: "The database or the store does not answer.",
}
ADVICE = "/api/openapi.json says what each field takes"


class Problem(BaseModel):
    """What failed, and what to do."""

    model_config = ConfigDict(frozen=True)

    error: str = Field(description="The kind of error, such as `NotAllowed`.")
    message: str = Field(description="What failed, in one line.")
    advice: str = Field(description="What to do next; empty where there is nothing to say.")


def problems(*statuses: int) -> Responses:
    """The responses of an operation that fails with these statuses, and those any may fail with."""
    declared = sorted({401, 403, 422, 503, *statuses})
    return {status: {"model": Problem, "description": MEANINGS[status]} for status in declared}


def answer_problems(api: FastAPI) -> None:
    """Have each error answered with that document."""

    def known(request: Request, error: Exception) -> Response:
        answer = error_answer(error, request.scope)
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        return Response(answer.body, answer.status, headers)

    def invalid(_request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else ()
        message = "; ".join(_tell(found)) or "the request is not what it should be"
        return problem(422, "BadRequest", message, ADVICE)

    def routing(_request: Request, error: Exception) -> Response:
        status, headers = 404, None
        if isinstance(error, HTTPException):
            status, headers = error.status_code, error.headers
        if status == 400:
            return problem(422, "BadRequest", "the body is no JSON", ADVICE)
        if status == 405:
            text = "this address does not take this method"
            return problem(status, "NotHere", text, "/api/openapi.json says which", headers)
        return problem(status, "NotHere", "there is nothing at this address", "see the document")

    api.add_exception_handler(RequestValidationError, invalid)
    api.add_exception_handler(HTTPException, routing)
    api.add_exception_handler(PorterError, known)
    api.add_exception_handler(Exception, known)


def problem(
    status: int, error: str, message: str, advice: str, headers: Any = None
) -> JSONResponse:
    """The document as a response."""
    document = {"error": error, "message": message, "advice": advice}
    return JSONResponse(document, status, {"cache-control": "no-store", **(headers or {})})


def _tell(found: Iterable[Any]) -> Iterable[str]:
    for error in list(found)[:5]:
        # The value itself is left out: it may be a token.
        where = ".".join(str(part) for part in error["loc"])
        yield f"{where}: {error['msg']}"

"""The legacy upload API, which twine and uv speak: one form a file, answered in plain text."""

from collections.abc import AsyncIterator
from functools import partial

from anyio import CapacityLimiter, move_on_after
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive

from index_server.errors import IndexServerError, NotAuthenticated, NotHere, UploadTooLarge
from index_server.holdings import Holdings
from index_server.model import Stage
from index_server.people.access import ANYBODY, Permission, principal_of, require
from index_server.uploads.attestations import PROVENANCE_TYPE
from index_server.uploads.audits import Surfaces
from index_server.uploads.form import MOST_BYTES, receiving
from index_server.uploads.upload import make_rules, take_upload
from index_server.uploads.validate import check_form
from index_server.views import visible
from index_server.web.metrics import count_upload

# Checks take a processor each; those that wait hold no more than a file on disk.
AT_ONCE = 8
# How much of a refused body is read, so that a client that sends first and reads then sees why.
READ_ON, READ_ON_SECONDS = 64 << 20, 20.0


def routes(index: Holdings) -> list[BaseRoute]:
    """`POST /legacy/` and `/legacy/staging/`, and the provenance of files (PEP 740)."""
    uploads = Uploads(index)
    return [
        *(
            Route(path, partial(uploads.receive, stage=stage), methods=["POST"])
            for path, stage in (
                ("/legacy/", Stage.PRODUCTION),
                ("/legacy", Stage.PRODUCTION),
                ("/legacy/staging/", Stage.STAGING),
                ("/legacy/staging", Stage.STAGING),
            )
        ),
        Route(
            "/integrity/{project}/{version}/{filename}/provenance",
            partial(answer_provenance, index),
            methods=["GET"],
        ),
    ]


class Uploads:
    """Receives uploads into one index."""

    def __init__(self, index: Holdings) -> None:
        self._index = index
        self._rules = make_rules(index, Surfaces(index.home))
        self._limiter = CapacityLimiter(AT_ONCE)

    async def receive(self, request: Request, *, stage: Stage) -> Response:
        """Answer one upload; raises what the server's outermost layer turns into a response."""
        body = Body(request.receive)
        try:
            answer = await self._receive(request, body, stage)
            count_upload("accepted")
            return answer
        except IndexServerError as error:
            count_upload(type(error).__name__)
            await body.read_on()
            raise
        except ClientDisconnect:
            return PlainTextResponse("the client went away\n", status_code=400)

    async def _receive(self, request: Request, body: "Body", stage: Stage) -> Response:
        _may_upload(request)
        index, largest = self._index, self._index.settings.largest
        told = request.headers.get("content-length", "0")
        if told.isdecimal() and int(told) > largest + MOST_BYTES:
            raise UploadTooLarge(
                f"the file has more than {largest} bytes",
                advice="the setting `largest` says how many a file may have",
            )
        content_type = request.headers.get("content-type", "")
        chunks = body.chunks()
        async with receiving(content_type, chunks, folder=index.incoming, largest=largest) as form:
            named = check_form(form)
            actor = require(request.scope, Permission.UPLOAD, named.project).name
            take = partial(take_upload, rules=self._rules, stage=stage, actor=actor)
            file = await run_sync(take, index, form, named, limiter=self._limiter)
        kept = f"; it is in quarantine: {file.quarantine}" if file.quarantine else ""
        return PlainTextResponse(f"{file.filename} is here{kept}\n")


class Body:
    """A request's body, of which the rest can be read where it is refused early."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes; raises ClientDisconnect."""
        while not self._ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._ended = True
                raise ClientDisconnect
            self._ended = not message.get("more_body", False)
            yield message.get("body", b"")

    async def read_on(self) -> None:
        """Read and forget the rest, within bounds."""
        left = READ_ON
        with move_on_after(READ_ON_SECONDS):
            try:
                async for chunk in self.chunks():
                    left -= len(chunk)
                    if left < 0:
                        return
            except ClientDisconnect:
                return


def _may_upload(request: Request) -> None:
    """Raise before anything is read where no upload of this client would be taken.

    A cookie does not do: a page elsewhere can make a browser send a form with it.
    """
    if "authorization" not in request.headers:
        raise NotAuthenticated(
            "an upload needs a token", advice="user __token__, password the token"
        )
    principal = principal_of(request.scope)
    if principal is ANYBODY or not principal.permissions & {Permission.UPLOAD, Permission.ADMIN}:
        require(request.scope, Permission.UPLOAD)


def answer_provenance(index: Holdings, request: Request) -> Response:
    """A file's provenance object; raises NotHere."""
    told = request.path_params
    project = index.snapshot.projects.get(told["project"])
    for file in visible(project, staging=True) if project is not None else ():
        if (file.filename, file.version) == (told["filename"], told["version"]) and file.attested:
            body = index.store.read(f"{file.key}.provenance")
            return Response(
                body, media_type=PROVENANCE_TYPE, headers={"cache-control": "max-age=600"}
            )
    raise NotHere("there are no attestations of such a file")

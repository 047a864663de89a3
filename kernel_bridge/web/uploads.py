"""`porter/uploads`: frames come in chunks, in any order, again where they were lost."""

import asyncio
import hashlib
from pathlib import Path
from typing import BinaryIO

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.serverapp import ServerApp
from tornado import web
from traitlets import Dict, Int, Unicode
from traitlets.config import Configurable

from kernel_bridge.errors import BadRequest, BadSettings, BridgeError, TooMuch
from kernel_bridge.jobs.desk import Desk
from kernel_bridge.jobs.errors import WrongDigest
from kernel_bridge.jobs.model import Chunk, Status, serialize_job
from kernel_bridge.jobs.request import parse_digest, parse_number, parse_opening, parse_upload
from kernel_bridge.jobs.settings import NUMBERS, JobSettings, parse_job_settings
from kernel_bridge.web.events import SETTING as OPERATIONS
from kernel_bridge.web.handler import Route
from kernel_bridge.web.kernel import KernelHandler

DEFAULTS = JobSettings()
SETTING = "porter_jobs"


class PorterJobs(Configurable):
    """`c.PorterJobs.…` in a Jupyter configuration; `kernel_bridge.jobs.settings` says what is what."""

    targets = Dict(help="Folders that frames are written to, by name.").tag(config=True)
    spool = Unicode("", help="The folder of what is uploaded, until its job is done.").tag(
        config=True
    )
    cluster = Unicode("", help="A Dask scheduler's address; empty for workers of one's own.").tag(
        config=True
    )
    workers = Int(DEFAULTS.workers, help="Worker processes of one's own.").tag(config=True)
    worker_memory = Int(DEFAULTS.worker_memory, help="Bytes of memory of one of these.").tag(
        config=True
    )
    chunk_limit = Int(DEFAULTS.chunk_limit, help="Bytes of one chunk.").tag(config=True)
    upload_limit = Int(DEFAULTS.upload_limit, help="Bytes of one upload.").tag(config=True)
    spool_limit = Int(DEFAULTS.spool_limit, help="Bytes of one user's uploads.").tag(config=True)
    free_limit = Int(DEFAULTS.free_limit, help="Bytes left free on the spool's disk.").tag(
        config=True
    )
    keep = Int(DEFAULTS.keep, help="Seconds that an upload is kept which nobody touches.").tag(
        config=True
    )
    idle = Int(DEFAULTS.idle, help="Seconds until workers without a job end.").tag(config=True)


def open_desk(server: ServerApp) -> Desk:
    """Uploads and jobs as the configuration has them; raises BadSettings."""
    given = PorterJobs(parent=server)
    names = ("targets", "spool", "cluster", *NUMBERS)
    settings = parse_job_settings(
        {name: getattr(given, name) for name in names}, data_folder=Path(jupyter_data_dir())
    )
    for name, folder in settings.targets.items():
        if not folder.is_dir():
            raise BadSettings(
                f"c.PorterJobs.targets: {name} is {folder}, which is no folder",
                advice="make the folder, or name another",
            )
    return Desk(settings)


class JobsHandler(KernelHandler):
    """A handler of uploads or jobs."""

    @property
    def desk(self) -> Desk:
        """All of them."""
        desk: Desk = self.settings[SETTING]
        return desk

    def upload(self, identity: str) -> dict[str, object]:
        """An upload's document; raises NotThere."""
        opening = self.desk.spool(self.owner).read_opening(identity)
        job = self.desk.find(self.owner, identity)
        return {
            "id": identity,
            "status": job.status,
            "target": opening.target,
            "name": opening.name,
            "mode": opening.mode,
            "form": opening.form,
            "chunk_limit": self.desk.settings.chunk_limit,
            "chunks": [
                {"number": one.number, "sha256": one.sha256, "bytes": one.bytes}
                for one in self.desk.spool(self.owner).chunks(identity)
                if job.status is not Status.DONE
            ],
            "job": serialize_job(job),
        }


class Uploads(JobsHandler):
    """`porter/uploads`."""

    @web.authenticated
    async def get(self) -> None:
        """What can be uploaded to, and one's own uploads."""
        settings = self.desk.settings
        self.finish(
            {
                "targets": sorted(settings.targets),
                "chunk_limit": settings.chunk_limit,
                "upload_limit": settings.upload_limit,
                "uploads": list(self.desk.spool(self.owner).identities()),
            }
        )

    @web.authenticated
    async def post(self) -> None:
        """Open one; with the same key it is the same one."""
        opening = parse_opening(self.json_body())
        job = self.desk.open(self.owner, opening)
        self.set_status(201)
        self.finish(self.upload(job.id))


class Upload(JobsHandler):
    """`porter/uploads/ID`."""

    @web.authenticated
    async def get(self, identity: str) -> None:
        """What is there of it."""
        self.finish(self.upload(parse_upload(identity)))

    @web.authenticated
    async def delete(self, identity: str) -> None:
        """Remove it."""
        self.desk.delete(self.owner, parse_upload(identity))
        self.set_status(204)
        self.finish()


class Completion(JobsHandler):
    """`porter/uploads/ID/complete`."""

    @web.authenticated
    async def post(self, identity: str) -> None:
        """Start its job; again is the same job."""
        count = self.json_body().get("chunks")
        if not isinstance(count, int) or isinstance(count, bool):
            raise BadRequest("chunks: it is a number", advice="tell how many chunks were sent")
        job = self.desk.start(self.owner, parse_upload(identity), count)
        self.set_status(202)
        self.finish(serialize_job(job))


@web.stream_request_body
class ChunkHandler(JobsHandler):
    """`porter/uploads/ID/chunks/N`: the bytes go to disk as they come."""

    _file: BinaryIO | None = None
    _beside: Path | None = None
    _length = 0
    _refusal: BridgeError | None = None

    async def prepare(self) -> None:  # type: ignore[override] # as APIHandler's
        """See who asks and whether it may come before any of it is read."""
        limit = self.desk.settings.chunk_limit
        # Beyond it the connection ends: nothing more of the body is taken.
        self.request.connection.set_max_body_size(limit)  # type: ignore[union-attr]
        await super().prepare()
        size = self.request.headers.get("Content-Length", "")
        if not size.isascii() or not size.isdigit():
            raise BadRequest("the chunk's length is not told", advice="send Content-Length")
        if int(size) > limit:
            raise TooMuch(f"a chunk has at most {limit} bytes", advice="send smaller chunks")
        try:
            self._digest = parse_digest(self.request.headers.get("Content-Digest"))
            self._hash = hashlib.sha256()
            identity = parse_upload(self.path_args[0])
            parse_number(self.path_args[1])
            self._beside = self.desk.spool(self.owner).new_chunk(identity, size=int(size))
        except BridgeError as error:
            # Told once the body has come: whose connection ends while they send hears no answer.
            self._refusal = error
            return
        self._file = self._beside.open("wb")

    def data_received(self, chunk: bytes) -> None:
        """Some of it."""
        if self._file is not None:
            self._file.write(chunk)
            self._hash.update(chunk)
            self._length += len(chunk)

    @web.authenticated
    async def put(self, identity: str, number: str) -> None:
        """All of it is there: keep it, if it is what was told."""
        if self._refusal is not None:
            raise self._refusal
        assert self._file is not None  # noqa: S101 — of `prepare`
        assert self._beside is not None  # noqa: S101 — of `prepare`
        self._file.close()
        if self._hash.hexdigest() != self._digest:
            raise WrongDigest(
                f"chunk {number} came with other bytes than its sha256 tells of",
                advice="send it again",
            )
        chunk = Chunk(number=parse_number(number), sha256=self._digest, bytes=self._length)
        spool = self.desk.spool(self.owner)
        await asyncio.to_thread(spool.keep_chunk, identity, self._beside, chunk)
        self.finish({"number": chunk.number, "sha256": chunk.sha256, "bytes": chunk.bytes})

    def on_finish(self) -> None:
        """Whatever happened, nothing lies about."""
        self._drop()
        super().on_finish()

    def on_connection_close(self) -> None:
        """Who sent it is gone."""
        self._drop()
        super().on_connection_close()

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._beside is not None:
            self._beside.unlink(missing_ok=True)


def set_up(server: ServerApp) -> None:
    """Read the settings, and what was left by the server before."""
    desk = server.web_app.settings[SETTING] = open_desk(server)
    operations = server.web_app.settings[OPERATIONS]
    desk.ended = lambda job: operations.metrics.count_job(job.status, job.rows)


async def tear_down(server: ServerApp) -> None:
    """End jobs and workers."""
    desk: Desk = server.web_app.settings[SETTING]
    await desk.close()


def routes() -> list[Route]:
    """Uploads, their chunks, and their end."""
    one = r"/porter/uploads/([^/]+)"
    return [
        (r"/porter/uploads", Uploads, {}),
        (one, Upload, {}),
        (one + r"/chunks/([^/]+)", ChunkHandler, {}),
        (one + r"/complete", Completion, {}),
    ]

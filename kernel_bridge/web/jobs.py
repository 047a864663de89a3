"""`porter/jobs`: how far an upload's job is, and its end."""

import asyncio
import json

from tornado import web
from tornado.iostream import StreamClosedError

from kernel_bridge.jobs.model import serialize_job
from kernel_bridge.jobs.request import parse_upload
from kernel_bridge.web.handler import Route
from kernel_bridge.web.uploads import JobsHandler

# Proxies close what says nothing for a minute.
EVERY = 15.0


class Jobs(JobsHandler):
    """`porter/jobs`."""

    @web.authenticated
    async def get(self) -> None:
        """One's own, the newest first."""
        spool = self.desk.spool(self.owner)
        jobs = [self.desk.find(self.owner, identity) for identity in spool.identities()]
        jobs.sort(key=lambda job: (-job.created, job.id))
        self.finish({"jobs": [serialize_job(job) for job in jobs]})


class JobHandler(JobsHandler):
    """`porter/jobs/ID`."""

    @web.authenticated
    async def get(self, identity: str) -> None:
        """Where it is now."""
        self.finish(serialize_job(self.desk.find(self.owner, parse_upload(identity))))

    @web.authenticated
    async def delete(self, identity: str) -> None:
        """Cancel it; it has ended once its status says so."""
        job = self.desk.cancel(self.owner, parse_upload(identity))
        self.set_status(202)
        self.finish(serialize_job(job))


class JobEvents(JobsHandler):
    """`porter/jobs/ID/events`: server-sent events (the HTML standard, 9.2)."""

    @web.authenticated
    async def get(self, identity: str) -> None:
        """The job's document now and at each change, as events `job`; it ends when the job does."""
        identity = parse_upload(identity)
        self.desk.find(self.owner, identity)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        self.set_header("Content-Type", "text/event-stream")
        try:
            async for job in self.desk.follow(self.owner, identity, every=EVERY):
                self.write(f"event: job\ndata: {json.dumps(serialize_job(job))}\n\n")
                await self.flush()
        except (StreamClosedError, asyncio.CancelledError):
            return  # nobody listens any more
        super().finish(set_content_type="text/event-stream")


def routes() -> list[Route]:
    """Jobs, and their events."""
    one = r"/porter/jobs/([^/]+)"
    return [
        (r"/porter/jobs", Jobs, {}),
        (one, JobHandler, {}),
        (one + r"/events", JobEvents, {}),
    ]

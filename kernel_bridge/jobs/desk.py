"""Where uploads and jobs are asked about: every user's spool, the jobs that run, who follows them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from kernel_bridge.errors import BadRequest, NotThere
from kernel_bridge.jobs.errors import Conflict, JobFailed
from kernel_bridge.jobs.model import Chunk, Job, Opening, Status
from kernel_bridge.jobs.parts import read_schema
from kernel_bridge.jobs.plan import HIDDEN, Input, Plan
from kernel_bridge.jobs.presence import Presence
from kernel_bridge.jobs.publish import find_published
from kernel_bridge.jobs.running import Run
from kernel_bridge.jobs.settings import JobSettings
from kernel_bridge.jobs.spool import Spool, expire, recover
from kernel_bridge.jobs.tier import Tier

# Jobs of one user that run at the same time.
MOST_RUNNING = 8
SWEEP = 600.0


class Desk:
    """Uploads and jobs of all users; each is asked for with the user whose it is."""

    def __init__(self, settings: JobSettings) -> None:
        self.settings = settings
        self._tier = Tier(settings)
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._wakings: set[asyncio.Task[None]] = set()
        self._swept = 0.0
        self._presence = Presence(settings.spool)
        # What is called with each job that ends.
        self.ended: Callable[[Job], None] = lambda _: None
        recover(settings)

    def spool(self, owner: str) -> Spool:
        """The uploads of a user."""
        return Spool(self.settings, owner)

    def open(self, owner: str, opening: Opening) -> Job:
        """An upload, new or as it was; raises NotThere, BadRequest, Conflict, NoSpace."""
        if opening.target not in self.settings.targets:
            known = ", ".join(sorted(self.settings.targets)) or "none"
            raise NotThere(
                f"there is no target {opening.target}", advice=f"the server's targets: {known}"
            )
        if opening.schema:
            try:
                names = read_schema(opening.schema).names
            except JobFailed as error:
                raise BadRequest(f"schema: {error}", advice=error.advice) from error
            for column in opening.partition:
                if column not in names:
                    raise BadRequest(
                        f"partition: the frame has no column {column}",
                        advice=f"it has {', '.join(names[:20])}",
                    )
        self._sweep()
        spool = self.spool(owner)
        job = spool.open(opening, now=time.time())
        key = self._identity(owner, job.id)
        gone = job.status is Status.DONE and find_published(self._dataset(opening), key) is None
        return spool.reopen(job.id) if gone or job.status is Status.CANCELLED else job

    def start(self, owner: str, identity: str, chunks: int) -> Job:
        """The job of an upload of so many chunks, started unless it runs or is done.

        Raises NotThere, Conflict.
        """
        spool = self.spool(owner)
        opening, job = spool.read_opening(identity), self.find(owner, identity)
        if job.status in (Status.RUNNING, Status.DONE):
            return job
        held = spool.chunks(identity)
        _check_whole(opening, held, chunks)
        if sum(1 for key in self._runs if key.endswith(spool.folder.name)) >= MOST_RUNNING:
            raise Conflict(
                f"{MOST_RUNNING} of your jobs run already", advice="wait until one has ended"
            )
        total = sum(chunk.bytes for chunk in held)
        job = Job(
            id=identity,
            status=Status.RUNNING,
            phase="waiting",
            bytes_total=total,
            created=job.created,
            started=time.time(),
        )
        self._presence.sign(spool.folder / identity)
        spool.write_job(job)
        inputs = tuple(
            Input(path=spool.chunk_path(identity, one), sha256=one.sha256, bytes=one.bytes)
            for one in held
        )
        key = self._identity(owner, identity)
        run = Run(job, self._plan(key, opening), lambda told: self._tell(spool, told))
        self._runs[key] = run
        task = asyncio.ensure_future(self._run(key, run, opening, inputs, spool))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def find(self, owner: str, identity: str) -> Job:
        """A job as it is now; raises NotThere."""
        run = self._runs.get(self._identity(owner, identity))
        return run.job if run is not None else self.spool(owner).read_job(identity)

    def cancel(self, owner: str, identity: str) -> Job:
        """Have a job end; one that has ended, or never began, stays as it is."""
        run = self._runs.get(self._identity(owner, identity))
        if run is not None:
            run.stop()
        return self.find(owner, identity)

    async def follow(self, owner: str, identity: str, *, every: float) -> AsyncIterator[Job]:
        """The job now and at each change until it ends; the same again after `every` seconds."""
        told: Job | None = None
        while True:
            async with self._changed:
                job = self.find(owner, identity)
                if job == told:
                    try:
                        await asyncio.wait_for(self._changed.wait(), every)
                    except TimeoutError:
                        told = None
                    continue
            told = job
            yield job
            if job.status is not Status.RUNNING:
                return

    def delete(self, owner: str, identity: str) -> None:
        """Remove an upload; raises NotThere, Conflict where its job runs."""
        spool = self.spool(owner)
        spool.read_opening(identity)
        if self._identity(owner, identity) in self._runs:
            raise Conflict("its job runs", advice="cancel it first")
        spool.delete(identity)

    async def close(self) -> None:
        """End what runs, which is then told as interrupted."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._tier.close()
        self._presence.close()

    async def _run(
        self, key: str, run: Run, opening: Opening, inputs: tuple[Input, ...], spool: Spool
    ) -> None:
        try:
            await run.run(opening, inputs, self._tier)
        finally:
            del self._runs[key]
            self.ended(run.job)
            if run.job.status in (Status.DONE, Status.CANCELLED):
                await asyncio.to_thread(spool.forget_chunks, run.job.id)

    def _plan(self, key: str, opening: Opening) -> Plan:
        root = self.settings.targets[opening.target]
        return Plan(
            id=key,
            root=root,
            name=opening.name,
            staging=root / HIDDEN / f"{key}-{time.time_ns():x}",
            form=opening.form,
            mode=opening.mode,
            partition=opening.partition,
            compression=opening.compression,
            schema=opening.schema,
        )

    def _dataset(self, opening: Opening) -> Path:
        return self.settings.targets[opening.target] / opening.name

    def _identity(self, owner: str, identity: str) -> str:
        """What a job is called where those of all users are: a target's manifest."""
        return f"{identity}{self.spool(owner).folder.name}"

    def _tell(self, spool: Spool, job: Job) -> None:
        spool.write_job(job)
        task = asyncio.ensure_future(self._wake())
        self._wakings.add(task)
        task.add_done_callback(self._wakings.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _sweep(self) -> None:
        now = time.time()
        if now - self._swept > SWEEP:
            self._swept = now
            expire(self.settings, running=frozenset(key[:32] for key in self._runs))


def _check_whole(opening: Opening, held: Sequence[Chunk], count: int) -> None:
    """Raises BadRequest, Conflict where the chunks that are there are not all."""
    if opening.chunks not in (None, count) or count < 1:
        raise BadRequest(
            f"chunks: {count} are told of", advice=f"there were to be {opening.chunks or 'some'}"
        )
    numbers = {chunk.number for chunk in held}
    missing = [number for number in range(count) if number not in numbers]
    if missing:
        raise Conflict(
            f"{len(missing)} chunks are missing: {', '.join(map(str, missing[:20]))}",
            advice="send them, then complete the upload",
        )
    if len(numbers) > count:
        raise Conflict(
            f"there are {len(numbers)} chunks, and {count} are told of",
            advice="tell of all, or delete the upload and begin again",
        )

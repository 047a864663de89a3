"""The journey of a job: chunks in the spool → tasks on Dask → a dataset that is seen."""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kernel_bridge.errors import BridgeError
from kernel_bridge.jobs.errors import JobFailed, Stopped
from kernel_bridge.jobs.model import Failure, Job, Opening, Result, Status
from kernel_bridge.jobs.parts import schema_of_chunk, write_parts
from kernel_bridge.jobs.plan import Input, Part, Plan
from kernel_bridge.jobs.publish import check_target, publish
from kernel_bridge.jobs.tier import Tier

if TYPE_CHECKING:
    from distributed import Client, Future

# Bytes of chunks that one task takes: large enough for a file of its own.
TASK_BYTES = 32 << 20
# Tasks that wait with a worker beyond those that run.
AHEAD = 2
LOG = logging.getLogger("porter.jobs")


def divide(inputs: Sequence[Input], most: int = TASK_BYTES) -> Iterator[tuple[Input, ...]]:
    """Chunks in their order, in tasks of at most so many bytes; one that is larger is alone."""
    task: list[Input] = []
    size = 0
    for one in inputs:
        if task and size + one.bytes > most:
            yield tuple(task)
            task, size = [], 0
        task.append(one)
        size += one.bytes
    if task:
        yield tuple(task)


class Run:
    """One job that runs. `job` is its state, `changed` is called with each new one."""

    def __init__(self, job: Job, plan: Plan, changed: Callable[[Job], None]) -> None:
        self.job = job
        self._plan = plan
        self._changed = changed
        self._stopped = False

    async def run(self, opening: Opening, inputs: Sequence[Input], tier: Tier) -> None:
        """Until its end, whatever that is: it is told in the job's state, once nothing is left."""
        try:
            end = await self._outcome(opening, inputs, tier)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.to_thread(self._tidy))
            self._end(Status.INTERRUPTED)
            raise
        await asyncio.to_thread(self._tidy)
        match end:
            case Result():
                self._end(Status.DONE, result=end)
            case Failure():
                self._end(Status.FAILED, failure=end)
            case None:
                self._end(Status.CANCELLED)

    async def _outcome(
        self, opening: Opening, inputs: Sequence[Input], tier: Tier
    ) -> Result | Failure | None:
        """What the job came to; None where it was cancelled."""
        try:
            self._tell(phase="starting workers")
            await asyncio.to_thread(self._prepare, opening, inputs)
            async with tier.client() as client:
                return await self._write(client, inputs, opening.rows)
        except Stopped:
            return None
        except BridgeError as error:
            return Failure(error=type(error).__name__, message=str(error), advice=error.advice)
        except Exception as error:
            LOG.exception("job %s", self.job.id)
            return Failure(
                error=type(error).__name__,
                message=f"the compute tier failed: {str(error).partition(chr(10))[0]}",
                advice="run the cell again; the server's log has the rest",
            )

    def stop(self) -> None:
        """Have it end soon; too late where its dataset is being made seen."""
        self._stopped = True
        if self._plan.staging.is_dir():
            (self._plan.staging / "stop").touch()

    def _prepare(self, opening: Opening, inputs: Sequence[Input]) -> None:
        staging = self._plan.staging
        try:
            # What an earlier run of this job left when its server was killed.
            for left in staging.parent.glob(f"{self._plan.id}-*"):
                shutil.rmtree(left, ignore_errors=True)
            staging.mkdir(parents=True)
        except OSError as error:
            raise JobFailed(
                f"the target {opening.target} cannot be written to: {error}",
                advice="ask those who run the server about the target",
            ) from error
        if not self._plan.schema:
            schema = schema_of_chunk(opening.form, inputs[0].path)
            self._plan = replace(self._plan, schema=schema)
        check_target(self._plan)
        if self._stopped:
            raise Stopped("the job was cancelled")

    async def _write(self, client: "Client", inputs: Sequence[Input], rows: int | None) -> Result:
        self._tell(phase="writing")
        tasks = enumerate(divide(inputs))
        hands = await _hands(client)
        futures: dict[asyncio.Task[list[Part]], tuple[Future[Any], int]] = {}
        parts: list[Part] = []
        try:
            while True:
                while len(futures) < hands + AHEAD and (task := next(tasks, None)) is not None:
                    future = client.submit(write_parts, self._plan, *task, pure=False, retries=1)
                    size = sum(one.bytes for one in task[1])
                    futures[asyncio.ensure_future(_result(future))] = future, size
                if not futures:
                    break
                done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    _, size = futures.pop(one)
                    made = one.result()
                    parts += made
                    rows_made = sum(part.rows for part in made)
                    self._tell(rows=self.job.rows + rows_made, bytes=self.job.bytes + size)
        finally:
            await self._drop(client, futures)
        if rows is not None and rows != self.job.rows:
            raise JobFailed(
                f"{self.job.rows} rows came, and {rows} were told of", advice="run the cell again"
            )
        self._tell(phase="publishing")
        result: Result = await _result(
            client.submit(publish, self._plan, parts, pure=False, retries=1)
        )
        return result

    async def _drop(
        self, client: "Client", futures: "Mapping[asyncio.Task[Any], tuple[Future[Any], int]]"
    ) -> None:
        """Tasks that run notice it at their next chunk; the others never begin."""
        if not futures:
            return
        (self._plan.staging / "stop").touch()
        for task in futures:
            task.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
        try:
            dask: Any = client
            await dask.cancel([future for future, _ in futures.values()], reason="the job ended")
        except Exception as error:  # noqa: BLE001 # the reason for the end is told, not this
            LOG.info("tasks of job %s are left to themselves: %s", self.job.id, error)

    def _tell(self, **changes: Any) -> None:
        self.job = replace(self.job, **changes)
        self._changed(self.job)

    def _end(self, status: Status, **changes: Any) -> None:
        self._tell(status=status, phase="", ended=time.time(), **changes)

    def _tidy(self) -> None:
        shutil.rmtree(self._plan.staging, ignore_errors=True)


async def _hands(client: Any) -> int:
    threads: dict[str, int] = await client.nthreads()
    return max(1, sum(threads.values()))


async def _result(future: Any) -> Any:
    return await future.result()

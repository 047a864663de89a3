"""Jobs on a cluster that is there already, and on one that is not; no Jupyter server between."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as ds  # type: ignore[import-untyped]
import pytest
from clusters import Dask
from frames import make_table, opening, to_chunks
from services import free_port

from kernel_bridge.errors import NotThere
from kernel_bridge.jobs.desk import Desk
from kernel_bridge.jobs.model import Chunk, Job, Status
from kernel_bridge.jobs.request import parse_opening
from kernel_bridge.jobs.settings import JobSettings
from kernel_bridge.jobs.spool import expire

pytestmark = pytest.mark.journey
CHUNKS = to_chunks(make_table(4000), 8)


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    folder = tmp_path / "dask"
    folder.mkdir()
    started = Dask(folder)
    try:
        yield started
    finally:
        started.stop()


def settings_of(folder: Path, cluster: str) -> JobSettings:
    (folder / "lake").mkdir(exist_ok=True)
    return JobSettings(
        targets={"lake": folder / "lake"}, spool=folder / "spool", cluster=cluster, keep=100
    )


def put(desk: Desk, owner: str, key: str, **more: object) -> str:
    identity = desk.open(owner, parse_opening(opening(key, **more))).id
    spool = desk.spool(owner)
    for number, data in enumerate(CHUNKS):
        beside = spool.new_chunk(identity, size=len(data))
        beside.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        spool.keep_chunk(identity, beside, Chunk(number=number, sha256=digest, bytes=len(data)))
    return identity


async def follow(desk: Desk, owner: str, identity: str) -> list[Job]:
    desk.start(owner, identity, len(CHUNKS))
    async with asyncio.timeout(120):
        return [job async for job in desk.follow(owner, identity, every=15)]


def test_jobs_of_two_users_on_a_cluster_that_is_there(tmp_path: Path, dask: Dask) -> None:
    dask.add_worker(tmp_path / "home")
    dask.await_workers(1)

    async def run() -> None:
        desk = Desk(settings_of(tmp_path, dask.address))
        ended: list[Job] = []
        all_ended = asyncio.Event()

        def end(job: Job) -> None:
            ended.append(job)
            if len(ended) == 4:
                all_ended.set()

        desk.ended = end
        try:
            mine, theirs = put(desk, "ada", "one"), put(desk, "bob", "one")
            assert mine == theirs  # of the key alone; each in a spool of its own
            told = await follow(desk, "ada", mine)
            assert (told[0].status, told[-1].status) == (Status.RUNNING, Status.DONE)
            assert desk.find("bob", theirs).status is Status.OPEN
            with pytest.raises(NotThere):
                desk.find("eve", mine)
            last = (await follow(desk, "bob", theirs))[-1]
            assert last.failure is not None
            assert last.failure.message == "sales is there already"
            # The same rows of another user are rows of their own.
            for owner in ("ada", "bob"):
                more = put(desk, owner, "more", mode="append")
                assert (await follow(desk, owner, more))[-1].status is Status.DONE
            await asyncio.wait_for(all_ended.wait(), 60)
            assert [job.status for job in ended] == [
                Status.DONE, Status.FAILED, Status.DONE, Status.DONE,
            ]  # fmt: skip
        finally:
            await desk.close()

    asyncio.run(run())
    assert ds.dataset(tmp_path / "lake/sales").count_rows() == 12_000


def test_a_cluster_that_is_away_is_told_and_the_job_can_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel_bridge.jobs.tier.TIMEOUT", 1.0)

    async def run() -> None:
        settings = settings_of(tmp_path, f"tcp://127.0.0.1:{free_port()}")
        desk = Desk(settings)
        try:
            identity = put(desk, "ada", "away")
            for _ in range(2):
                last = (await follow(desk, "ada", identity))[-1]
                assert last.failure is not None
                assert last.failure.error == "TierAway"
                assert len(desk.spool("ada").chunks(identity)) == len(CHUNKS)
            assert expire(settings, running=frozenset()) == 0
            assert expire(settings, running=frozenset(), now=last.created + 1e6) == 1
            assert list(desk.spool("ada").identities()) == []
        finally:
            await desk.close()

    asyncio.run(run())
    assert not [path for path in (tmp_path / "lake/.porter").iterdir() if path.name != "locks"]

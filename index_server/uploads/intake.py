"""Take files in from a folder or from another index: each is checked exactly as an upload is.

What is here already is not fetched again, so a run that was cut off is simply run again.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import select

from index_server.errors import BadSettings, NotHere, UploadRefused, UpstreamFailed
from index_server.holdings import Holdings
from index_server.model import Stage
from index_server.public.origin import Origin, Patience, open_origin
from index_server.public.policy import normalise
from index_server.public.promises import Promise
from index_server.records.database import yank
from index_server.records.engine import reading
from index_server.records.rows import file_identity
from index_server.records.schema import files
from index_server.uploads.audits import Surfaces
from index_server.uploads.filename import parse_filename
from index_server.uploads.form import Form
from index_server.uploads.incoming import open_incoming, telling_full
from index_server.uploads.upload import make_rules, take_upload
from index_server.uploads.validate import Rules, check_form
from porter.progress import Reporter

SUFFIXES = (".whl", ".tar.gz", ".zip")
CHUNK = 1 << 20
# Checks take a processor each; fetching waits for the other index.
AT_ONCE = 4
DIGESTS: Mapping[str, Callable[[], Any]] = {
    "sha256": hashlib.sha256,
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "blake2_256": partial(hashlib.blake2b, digest_size=32),
}


class Outcome(StrEnum):
    """What became of a file."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    THERE = "there already"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file, what became of it, and why."""

    filename: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Puts files into one index, for `actor`, into `stage`."""

    index: Holdings
    rules: Rules
    actor: str
    stage: Stage

    def take(self, path: Path, filename: str) -> Taken:
        """Check a file, a copy of ours at `path`, and make it visible.

        Raises what is no fault of the file: DatabaseAway, StorageAway, StorageFull.
        """
        try:
            form = read_form(path, filename)
            file = take_upload(
                self.index,
                form,
                check_form(form),
                rules=self.rules,
                stage=self.stage,
                actor=self.actor,
            )
        except UploadRefused as error:
            return Taken(filename=filename, outcome=Outcome.REFUSED, reason=error.message)
        if file.quarantine:
            return Taken(filename=filename, outcome=Outcome.QUARANTINED, reason=file.quarantine)
        return Taken(filename=filename, outcome=Outcome.ACCEPTED)

    def known(self, filename: str, sha256: str) -> Taken | None:
        """What is to be said of a file whose name was used before, None of another."""
        try:
            named = parse_filename(filename)
        except UploadRefused as error:
            return Taken(filename=filename, outcome=Outcome.REFUSED, reason=error.message)
        query = select(files.c.sha256, files.c.deleted_at).where(
            files.c.identity == file_identity(named.filename)
        )
        with reading(self.index.engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if row.deleted_at is not None:
            reason = "a file of this name was here and was deleted"
        elif row.sha256 != sha256:
            reason = "a file of this name is here with other bytes"
        else:
            return Taken(filename=filename, outcome=Outcome.THERE)
        return Taken(filename=filename, outcome=Outcome.REFUSED, reason=reason)


def make_intake(index: Holdings, *, actor: str, stage: Stage) -> Intake:
    """An intake with the rules of the index's settings."""
    rules = make_rules(index, Surfaces(index.home))
    return Intake(index=index, rules=rules, actor=actor, stage=stage)


def take_folder(intake: Intake, folder: Path, report: Reporter) -> list[Taken]:
    """Take in every wheel and sdist below a folder; raises NotHere where there is none."""
    if not folder.is_dir():
        raise NotHere(f"{folder} is no folder", advice="name a folder of wheels, or an index's URL")
    paths = sorted(
        (path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and path.is_file()),
        key=lambda path: (path.name, path),
    )

    async def take(path: Path) -> list[Taken]:
        return [await run_sync(_take_path, intake, path)]

    return asyncio.run(_take_all(paths, take, report))


def take_index(
    intake: Intake,
    url: str,
    projects: Sequence[str],
    report: Reporter,
    *,
    env: Mapping[str, str] = os.environ,
) -> list[Taken]:
    """Take in the projects of another index, all of them where none is named.

    Yanked files are yanked here too (PEP 592). Raises UpstreamFailed where the index does not
    answer, BadSettings where `url` is none.
    """

    async def run() -> list[Taken]:
        async with _reaching(url, env) as origin:
            names = [_normal(name) for name in projects] if projects else await origin.names()
            found = [await _promises(origin, name) for name in names]
            promises = [promise for _, made in found for promise in made]
            refused = [taken for wrong, _ in found for taken in wrong]
            return refused + await _take_all(promises, partial(_fetch, intake, origin), report)

    return asyncio.run(run())


def _normal(name: str) -> str:
    normal = normalise(name)
    if normal is None:
        raise BadSettings(f"{name!r} is no name of a project (PEP 508)")
    return normal


async def _promises(origin: Origin, name: str) -> tuple[list[Taken], list[Promise]]:
    """What a project's page promises; what it lists without a hash is refused."""
    page = await origin.page(name, None)
    wrong = [
        Taken(filename=filename, outcome=Outcome.REFUSED, reason="no sha256 is told of it")
        for filename in page.unhashed
    ]
    return wrong, list(page.promises)


async def _fetch(intake: Intake, origin: Origin, promise: Promise) -> list[Taken]:
    file = promise.file
    known = await run_sync(intake.known, file.filename, file.sha256)
    if known is None:
        # Under the hash of its bytes: the next run need not fetch what this one had.
        kept = intake.index.settings.folder / "upstream"
        scratch, largest = kept / "import" / file.sha256, intake.index.settings.largest
        try:
            if not scratch.is_file():
                await origin.file(promise, scratch, partial=kept / "partial", largest=largest)
            known = await run_sync(_take_copy, intake, scratch, file.filename)
        except UpstreamFailed as error:
            return [Taken(filename=file.filename, outcome=Outcome.REFUSED, reason=error.message)]
        scratch.unlink(missing_ok=True)
        if known.outcome is Outcome.ACCEPTED and file.yanked is not None:
            change = partial(yank, actor=intake.actor)
            await run_sync(change, intake.index.engine, file.filename, file.yanked)
    return [known]


async def _take_all[T](
    items: Sequence[T], take: Callable[[T], Awaitable[list[Taken]]], report: Reporter
) -> list[Taken]:
    """Some at a time, in their order; what is no fault of one file ends all."""
    report.phase("import", f"{len(items)} files")
    limiter, done = CapacityLimiter(AT_ONCE), 0

    async def one(item: T) -> list[Taken]:
        nonlocal done
        async with limiter:
            taken = await take(item)
        done += 1
        report.advance("import", done / len(items))
        return taken

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        found = [taken for some in await asyncio.gather(*tasks) for taken in some]
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    report.done("import", f"{len(found)} files")
    return found


def _take_path(intake: Intake, path: Path) -> Taken:
    known = intake.known(path.name, _digests(path)["sha256"])
    return known or _take_copy(intake, path, path.name)


def _take_copy(intake: Intake, path: Path, filename: str) -> Taken:
    # The store may give a file another name instead of copying it, and somebody's own file is
    # theirs to change.
    incoming = open_incoming(intake.index.incoming)
    try:
        with telling_full(), path.open("rb") as source:
            shutil.copyfileobj(source, incoming.file, CHUNK)
        return intake.take(incoming.path, filename)
    finally:
        incoming.discard()


def read_form(path: Path, filename: str) -> Form:
    """A file as if a form had brought it."""
    return Form(
        fields={},
        filename=filename,
        path=path,
        size=path.stat().st_size,
        digests=_digests(path),
    )


def _digests(path: Path) -> dict[str, str]:
    made = {name: make() for name, make in DIGESTS.items()}
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            for digest in made.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in made.items()}


@asynccontextmanager
async def _reaching(url: str, env: Mapping[str, str]) -> AsyncIterator[Origin]:
    origin = await run_sync(open_origin, url, env, Patience(), "the other index")
    try:
        yield origin
    finally:
        await origin.client.aclose()

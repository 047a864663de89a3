"""The journey of an upload: it is checked, its bytes are stored, then all servers see it at once."""

from contextlib import suppress
from datetime import UTC, datetime

from index_server.errors import Conflict, IndexServerError, StorageAway, UploadRefused
from index_server.holdings import Holdings, process_name
from index_server.model import File, Stage, Status
from index_server.records.database import (
    add_file,
    begin_upload,
    end_upload,
    is_name_taken,
    name_taken,
)
from index_server.uploads.audits import Surfaces
from index_server.uploads.filename import Named
from index_server.uploads.form import Form
from index_server.uploads.validate import Checked, Rules, check_file

ATTEMPTS = 3
# PEP 792: what is archived is not expected to change, what is quarantined must not.
CLOSED = (Status.ARCHIVED, Status.QUARANTINED)


def make_rules(index: Holdings, surfaces: Surfaces) -> Rules:
    """What an index asks of a file, by its settings."""
    return Rules(
        compression=index.settings.compression,
        on_finding=index.settings.on_finding,
        platforms=tuple(index.platforms.values()),
        surfaces=surfaces,
    )


def take_upload(
    index: Holdings, form: Form, named: Named, *, rules: Rules, stage: Stage, actor: str
) -> File:
    """Check a file that has arrived and make it visible; on return it is there to stay.

    Raises UploadRefused, FileExists, and where the database, the store or a runtime that the audit
    needs is away, what says so. Then nothing of it is left, or `sweep` removes it.
    """
    if is_name_taken(index.engine, named.filename):
        raise name_taken(named.filename)
    project = index.snapshot.projects.get(named.project)
    if project is not None and project.status in CLOSED:
        raise UploadRefused(
            f"{named.filename}: the project {project.name} is {project.status}",
            advice="make it active again first",
        )
    now = datetime.now(UTC)
    checked = check_file(form, named, rules=rules, stage=stage, actor=actor, now=now)
    for _ in range(ATTEMPTS):
        try:
            _store(index, checked, form, actor)
        except Conflict:
            # Another server took ours for a dead one's, and the bytes away.
            continue
        # It is there: that this server cannot look is no reason to say otherwise.
        with suppress(IndexServerError):
            index.refresh()
        return checked.file
    raise StorageAway(f"{named.filename}: it could not be stored", advice="upload it again")


def _store(index: Holdings, checked: Checked, form: Form, actor: str) -> None:
    key = checked.file.key
    claim = begin_upload(index.engine, key, process_name())
    try:
        if checked.metadata is not None:
            index.store.put_bytes(f"{key}.metadata", checked.metadata)
        if checked.provenance is not None:
            index.store.put_bytes(f"{key}.provenance", checked.provenance)
        index.store.put(key, form.path)
        add_file(index.engine, checked.file, shown=checked.shown, actor=actor, claim=claim)
    except BaseException:
        # Where this cannot be done now, the claim stays, and tells of what is to be done.
        with suppress(IndexServerError):
            end_upload(index.engine, claim, key, index.store.forget)
        raise

"""`all.json`: what piplite, JupyterLite's micropip, installs from; pure.

Its format is the old JSON API's `releases` for many projects at once. piplite hands each file on to
micropip, which knows the fields of the Simple API in it too.
"""

import json
from collections.abc import Iterable, Sequence

from index_server.model import File, ProjectDetail
from index_server.web.serialize import file_url, format_moment

type Listed = Iterable[tuple[ProjectDetail, Sequence[File]]]


def serialize_all(projects: Listed, base: str) -> bytes:
    """Every wheel of some projects, with absolute addresses."""
    document = {}
    for project, files in projects:
        releases: dict[str, list[dict[str, object]]] = {}
        for file in files:
            releases.setdefault(file.version, []).append(_distribution(file, base))
        if releases:
            document[project.name] = {"releases": releases}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _distribution(file: File, base: str) -> dict[str, object]:
    moment = format_moment(file.uploaded_at)
    entry: dict[str, object] = {
        "comment_text": "",
        "digests": {"sha256": file.sha256},
        "downloads": -1,
        "filename": file.filename,
        "has_sig": False,
        "packagetype": "bdist_wheel",
        "python_version": file.filename.removesuffix(".whl").split("-")[-3],
        "requires_python": file.requires_python or None,
        "size": file.size,
        "upload_time": moment,
        "upload_time_iso_8601": moment,
        "url": file_url(file, base),
        "yanked": file.yanked is not None,
        "yanked_reason": file.yanked,
    }
    if file.metadata_sha256:
        # micropip then reads METADATA alone to learn what else is needed (PEP 714).
        entry["core-metadata"] = {"sha256": file.metadata_sha256}
    return entry

"""A file that has arrived, checked: what becomes of it is a `File`, or one clear refusal."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.metadata import RawMetadata, parse_email
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from index_server.errors import UploadRefused
from index_server.model import AuditSummary, File, Stage
from index_server.settings import OnFinding
from index_server.uploads.attestations import make_provenance, parse_attestations
from index_server.uploads.audits import Surfaces, audit_contents
from index_server.uploads.filename import Named, parse_filename
from index_server.uploads.form import Form
from index_server.uploads.sdist import read_sdist
from porter.audit.model import Finding
from porter.audit.names import import_names
from porter.audit.wheel import Contents, check_structure, declared_import_names, read_wheel
from porter.errors import PorterError
from porter.platform import Platform

KINDS = {True: "bdist_wheel", False: "sdist"}
DIGESTS = {"sha256": 64, "md5": 32, "blake2_256": 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file that may be stored: `shown` is its project's name as its owner spells it.

    `metadata` and `provenance` are what is served beside it, None where there is none.
    """

    file: File
    shown: str
    metadata: bytes | None
    provenance: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one index asks of a file: see `index_server.settings`."""

    compression: int
    on_finding: OnFinding
    platforms: tuple[Platform, ...]
    surfaces: Surfaces


def check_form(form: Form) -> Named:
    """What the form says, before the file is opened: the parts of its name.

    Raises UploadRefused.
    """
    if form.one(":action") not in ("", "file_upload") or form.one("protocol_version") not in (
        "",
        "1",
    ):
        raise UploadRefused("the form is not of a file_upload of protocol version 1")
    named = parse_filename(form.filename)
    told = form.one("filetype")
    if told not in ("", KINDS[named.is_wheel]):
        raise UploadRefused(f"{named.filename}: the form says that it is a {ascii(told)[1:-1]}")
    if (name := form.one("name")) and _normalised(name) != named.project:
        raise _differs(named, "name", name)
    if (version := form.one("version")) and _version(version) != named.version:
        raise _differs(named, "version", version)
    for algorithm, length in DIGESTS.items():
        digest = form.one(f"{algorithm}_digest").lower()
        found = form.digests[algorithm]
        if digest and (
            len(digest) != length or not hmac.compare_digest(digest.encode(), found.encode())
        ):
            raise UploadRefused(
                f"{named.filename}: the bytes that arrived have another {algorithm} than the form says",
                advice="upload it again",
            )
    if form.size == 0:
        raise UploadRefused(f"{named.filename}: it is empty")
    return named


def check_file(
    form: Form, named: Named, *, rules: Rules, stage: Stage, actor: str, now: datetime
) -> Checked:
    """The file that a form brought; raises UploadRefused.

    Raises PorterError where the audit needs a runtime that cannot be had.
    """
    sha256 = form.digests["sha256"]
    provenance = None
    if text := form.one("attestations"):
        made = parse_attestations(text, filename=named.filename, sha256=sha256)
        provenance = make_provenance(made)
    file = File(
        project=named.project,
        version=str(named.version),
        filename=named.filename,
        size=form.size,
        sha256=sha256,
        uploaded_at=now,
        uploaded_by=actor,
        stage=stage,
        attested=provenance is not None,
    )
    if not named.is_wheel:
        told = read_sdist(form.path, named, ratio=rules.compression)
        raw, _ = parse_email(told)
        file = _described(file, raw)
        return Checked(file=file, shown=raw["name"], metadata=None, provenance=provenance)
    contents, structure = _open_wheel(form, named, rules)
    metadata = contents.describe("METADATA") or b""
    raw, _ = parse_email(metadata)
    audits = _audit(contents, named, structure, rules)
    file = replace(
        _described(file, raw),
        metadata_sha256=hashlib.sha256(metadata).hexdigest(),
        imports=declared_import_names(contents) or import_names(contents.members),
        audits=audits,
        quarantine=_judge(named.filename, audits, rules.on_finding),
    )
    return Checked(file=file, shown=raw["name"], metadata=metadata, provenance=provenance)


def one_line(text: str) -> str:
    """A text that came from a file, as it may stand in a line of ours."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


def _open_wheel(form: Form, named: Named, rules: Rules) -> tuple[Contents, list[Finding]]:
    """A wheel without a structural finding that blocks, and those that do not."""
    contents, findings = read_wheel(form.path, ratio=rules.compression)
    if contents is not None:
        contents = replace(contents, filename=named.filename)
        findings = list(check_structure(contents))
    blocking = [finding for finding in findings if finding.severity.blocks]
    if contents is None or blocking:
        first = (blocking or findings)[0]
        raise UploadRefused(
            one_line(f"{named.filename}: {first.code}: {first.message}"), advice=first.advice
        )
    return contents, findings


def _audit(
    contents: Contents, named: Named, structure: list[Finding], rules: Rules
) -> tuple[AuditSummary, ...]:
    try:
        return audit_contents(
            contents,
            named.tags,
            structure=structure,
            platforms=rules.platforms,
            surfaces=rules.surfaces,
        )
    except PorterError:
        if rules.on_finding is OnFinding.ACCEPT:
            return ()
        raise


def _judge(filename: str, audits: Iterable[AuditSummary], on_finding: OnFinding) -> str:
    """Why a wheel is kept from everybody, empty where it is not."""
    blocked = next((audit for audit in audits if audit.blocked), None)
    if blocked is None or on_finding is OnFinding.ACCEPT:
        return ""
    why = one_line(f"on Pyodide {blocked.platform}: {blocked.findings[0]}")
    if on_finding is OnFinding.QUARANTINE:
        return why
    raise UploadRefused(
        f"{filename}: it would not work {why}", advice="porter audit WHEEL says all of it"
    )


def _described(file: File, raw: RawMetadata) -> File:
    return replace(
        file,
        requires_python=raw.get("requires_python", ""),
        summary=one_line(raw.get("summary", "")),
        requires=tuple(" ".join(text.split()) for text in raw.get("requires_dist", [])),
        extras=tuple(raw.get("provides_extra", [])),
    )


def _differs(named: Named, field: str, value: str) -> UploadRefused:
    told = ascii(value)[1:-1][:100]
    return UploadRefused(f"{named.filename}: the form says that its {field} is {told}")


def _normalised(name: str) -> str:
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        return ""


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None

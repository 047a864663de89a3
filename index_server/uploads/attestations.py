"""Attestations of an upload (PEP 740): their shape, and that they are about this file.

Whether a signature is true, and was written into a transparency log, is for those who install:
it takes keys that an index in a closed network cannot fetch.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename

from index_server.errors import UploadRefused
from index_server.records.rows import file_identity

PROVENANCE_TYPE = "application/vnd.pypi.integrity.v1+json"
STATEMENT = "https://in-toto.io/Statement/v1"
# The predicates that the public index takes: its own, whatever its host, and SLSA's.
PREDICATES = ("/attestations/publish/v1", "//slsa.dev/provenance/v1")
# PEP 740: one of each predicate.
MOST = len(PREDICATES)


def parse_attestations(text: str, *, filename: str, sha256: str) -> list[dict[str, Any]]:
    """The attestations of the form's field; raises UploadRefused."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(filename, "they are not JSON") from error
    if not isinstance(found, list) or not 1 <= len(found) <= MOST:
        raise _refused(filename, f"they are not a list of one to {MOST}")
    kinds = [_check(attestation, filename, sha256) for attestation in found]
    if len(set(kinds)) != len(kinds):
        raise _refused(filename, "two of them have the same predicate")
    return found


def make_provenance(attestations: list[dict[str, Any]]) -> bytes:
    """The provenance object of a file: one bundle, of whoever had a token (PEP 740)."""
    bundle = {"publisher": {"kind": "token", "claims": None}, "attestations": attestations}
    document = {"version": 1, "attestation_bundles": [bundle]}
    return json.dumps(document, separators=(",", ":")).encode()


def _check(attestation: Any, filename: str, sha256: str) -> str:
    """The predicate's type of an attestation that is whole and about this file."""
    if not isinstance(attestation, dict) or attestation.get("version") != 1:
        raise _refused(filename, "one is not an object of version 1")
    material = attestation.get("verification_material")
    if not isinstance(material, dict):
        raise _refused(filename, "one has no verification_material")
    _decode(material.get("certificate"), filename, "certificate")
    entries = material.get("transparency_entries")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _refused(filename, "one has no list of transparency_entries")
    if not entries:
        raise _refused(filename, "one has no transparency entry")
    envelope = attestation.get("envelope")
    if not isinstance(envelope, dict):
        raise _refused(filename, "one has no envelope")
    _decode(envelope.get("signature"), filename, "signature")
    try:
        statement = json.loads(_decode(envelope.get("statement"), filename, "statement"))
    except (ValueError, RecursionError) as error:
        raise _refused(filename, "the statement of one is not JSON") from error
    return _check_statement(statement, filename, sha256)


def _check_statement(statement: Any, filename: str, sha256: str) -> str:
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT:
        raise _refused(filename, "the statement of one is not in-toto's, version 1")
    match statement.get("subject"):
        case [{"name": str() as name, "digest": Mapping() as digest}]:
            pass
        case _:
            raise _refused(filename, "the statement of one has not one subject")
    if not _is_same(name, filename):
        raise _refused(filename, f"one is about another file, {ascii(name)[:200]}")
    if digest.get("sha256") != sha256:
        raise _refused(filename, "one is about other bytes: its sha256 differs")
    kind = statement.get("predicateType")
    if not isinstance(kind, str) or not kind.endswith(PREDICATES):
        raise _refused(filename, f"the predicate {ascii(kind)[:200]} of one is not known")
    return kind


def _is_same(name: str, filename: str) -> bool:
    """Whether two spellings name one file (PEP 740 compares them normalised)."""
    try:
        return file_identity(name) == file_identity(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        return False


def _decode(text: Any, filename: str, field: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        data = b""
    if not data:
        raise _refused(filename, f"the {field} of one is not base64")
    return data


def _refused(filename: str, why: str) -> UploadRefused:
    return UploadRefused(
        f"{filename}: its attestations are not what PEP 740 says: {why}",
        advice="make them anew for these very bytes, or upload without",
    )

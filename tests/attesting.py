"""Attestations (PEP 740) of a file, as a signer makes them; nothing in them is signed."""

import base64
import json
from typing import Any

FILENAME = "acme_tools-1.0-py3-none-any.whl"
SHA256 = "ab" * 32


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def make_statement(**changes: Any) -> dict[str, Any]:
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": FILENAME, "digest": {"sha256": SHA256}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": None,
        **changes,
    }


def make_attestation(statement: object = None, **changes: Any) -> dict[str, Any]:
    told = json.dumps(statement if statement is not None else make_statement()).encode()
    return {
        "version": 1,
        "verification_material": {
            "certificate": encode(b"certificate"),
            "transparency_entries": [{"logIndex": "1"}],
        },
        "envelope": {"statement": encode(told), "signature": encode(b"signature")},
        **changes,
    }

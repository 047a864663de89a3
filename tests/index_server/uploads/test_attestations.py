"""Attestations are taken where they are whole and about this very file."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from attesting import FILENAME, SHA256, encode, make_attestation, make_statement

from index_server.errors import UploadRefused
from index_server.uploads.attestations import make_provenance, parse_attestations


def parse(*attestations: object) -> list[dict[str, Any]]:
    return parse_attestations(json.dumps(attestations), filename=FILENAME, sha256=SHA256)


def test_whole_ones_are_taken_and_kept_as_they_are() -> None:
    other = make_statement(predicateType="https://docs.example.org/attestations/publish/v1")
    given = [make_attestation(), make_attestation(other)]
    document = json.loads(make_provenance(parse(*given)))
    assert document["version"] == 1
    assert [bundle["attestations"] for bundle in document["attestation_bundles"]] == [given]
    assert document["attestation_bundles"][0]["publisher"]["kind"]


def test_another_spelling_of_the_name_is_the_same_file() -> None:
    subject = [{"name": "Acme.Tools-1.0-py3-none-any.whl", "digest": {"sha256": SHA256}}]
    assert parse(make_attestation(make_statement(subject=subject)))


def subject(name: object = FILENAME, **digest: object) -> dict[str, Any]:
    return {"name": name, "digest": digest or {"sha256": SHA256}}


def about(*subjects: object) -> dict[str, Any]:
    return make_attestation(make_statement(subject=list(subjects)))


WRONG: dict[str, Callable[[], dict[str, Any]]] = {
    "version 1": lambda: make_attestation(version=2),
    "no verification_material": lambda: make_attestation(verification_material=[]),
    "the certificate": lambda: make_attestation(
        verification_material={"certificate": "?", "transparency_entries": [{}]}
    ),
    "no list of transparency_entries": lambda: make_attestation(
        verification_material={"certificate": encode(b"c"), "transparency_entries": [1]}
    ),
    "no transparency entry": lambda: make_attestation(
        verification_material={"certificate": encode(b"c"), "transparency_entries": []}
    ),
    "no envelope": lambda: make_attestation(envelope=None),
    "the signature": lambda: make_attestation(envelope={"signature": 5}),
    "is not JSON": lambda: make_attestation(
        envelope={"signature": encode(b"s"), "statement": encode(b"{")}
    ),
    "not in-toto's": lambda: make_attestation(make_statement(_type="other")),
    "not one subject": lambda: about(subject(), subject()),
    "about another file": lambda: about(subject("other-1.0-py3-none-any.whl")),
    "about another file, '<script>'": lambda: about(subject("<script>")),
    "about other bytes": lambda: about(subject(sha256="cd" * 32)),
    "about other bytes: its sha256": lambda: about(subject(sha512=SHA256)),
    "the predicate": lambda: make_attestation(make_statement(predicateType="mine")),
    "the predicate None": lambda: make_attestation(make_statement(predicateType=None)),
}


@pytest.mark.parametrize("says", WRONG)
def test_each_way_to_be_wrong(says: str) -> None:
    with pytest.raises(UploadRefused) as caught:
        parse(WRONG[says]())
    assert says in caught.value.message
    assert FILENAME in caught.value.message


def test_how_many_there_may_be() -> None:
    with pytest.raises(UploadRefused, match="one to 2"):
        parse(*[make_attestation()] * 3)
    with pytest.raises(UploadRefused, match="the same predicate"):
        parse(make_attestation(), make_attestation())


def test_json_of_any_depth_is_refused() -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000, ""):
        with pytest.raises(UploadRefused, match="not JSON"):
            parse_attestations(text, filename=FILENAME, sha256=SHA256)

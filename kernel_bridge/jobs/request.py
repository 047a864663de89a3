"""What people and kernels send about uploads → values; pure."""

import base64
import binascii
import re
from collections.abc import Mapping

from kernel_bridge.errors import BadRequest, NotThere
from kernel_bridge.jobs.model import Form, Mode, Opening

UPLOAD = re.compile(r"[0-9a-f]{32}")
KEY = re.compile(r"[\x21-\x7e]{8,200}")
# No part of a path may be hidden, climb, or be what a partition's folder looks like.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}){0,3}")
COMPRESSIONS = ("zstd", "snappy", "gzip", "none")
MOST_CHUNKS = 100_000
MOST_COLUMNS = 8
MOST_SCHEMA = 1 << 20
# RFC 9530, a byte sequence of RFC 8941.
DIGEST = re.compile(r"\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*")
FIELDS = frozenset(Opening.__annotations__)


def parse_opening(body: Mapping[str, object]) -> Opening:
    """The body of `POST porter/uploads`; raises BadRequest with the field."""
    for name in body:
        if name not in FIELDS:
            raise _bad(name, f"there is no such field; there are {', '.join(sorted(FIELDS))}")
    partition = body.get("partition", [])
    if not isinstance(partition, list) or len(partition) > MOST_COLUMNS:
        raise _bad("partition", f"it is a list of at most {MOST_COLUMNS} columns")
    columns = tuple(_text({"partition": one}, "partition") for one in partition)
    if len(set(columns)) < len(columns):
        raise _bad("partition", "a column is named twice")
    return Opening(
        key=_matching(body, "key", KEY, "8 to 200 characters of ASCII without spaces"),
        target=_text(body, "target"),
        name=parse_name(body.get("name")),
        form=Form(_one_of(body, "form", tuple(Form), Form.ARROW)),
        mode=Mode(_one_of(body, "mode", tuple(Mode), Mode.FAIL)),
        partition=columns,
        compression=_one_of(body, "compression", COMPRESSIONS, "zstd"),
        schema=_schema(body),
        chunks=_count(body, "chunks", MOST_CHUNKS),
        rows=_count(body, "rows"),
        bytes=_count(body, "bytes"),
    )


def parse_name(value: object) -> str:
    """A dataset's name, up to four parts of a path; raises BadRequest."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise _bad(
            "name", "it is up to four parts with / between, each of letters, digits, _ - . and "
            "beginning with a letter or a digit"
        )  # fmt: skip
    return value


def parse_upload(text: str) -> str:
    """An upload's id, as an address has it; raises NotThere."""
    if not UPLOAD.fullmatch(text):
        raise NotThere("there is no such upload", advice="open one with POST porter/uploads")
    return text


def parse_number(text: str) -> int:
    """A chunk's number, as an address has it; raises BadRequest."""
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) >= MOST_CHUNKS:
        raise _bad("number", f"it is from 0 to {MOST_CHUNKS - 1}")
    return int(text)


def parse_digest(header: str | None) -> str:
    """The sha256 of a header Content-Digest (RFC 9530) in hexadecimal digits; raises BadRequest."""
    found = DIGEST.fullmatch(header or "")
    if found is None:
        raise BadRequest(
            "the chunk comes without its sha256",
            advice="send it as `Content-Digest: sha-256=:BASE64:`",
        )
    return base64.b64decode(found[1]).hex()


def _schema(body: Mapping[str, object]) -> bytes:
    value = body.get("schema")
    if value is None:
        return b""
    if not isinstance(value, str) or len(value) > MOST_SCHEMA:
        raise _bad("schema", "it is a stream of Arrow IPC in base64, of at most 1 MiB")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad("schema", "it is not base64") from error


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise _bad(name, "it is text of 1 to 200 characters")
    return value


def _matching(body: Mapping[str, object], name: str, form: re.Pattern[str], wanted: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _bad(name, f"it is {wanted}")
    return value


def _one_of(body: Mapping[str, object], name: str, known: tuple[str, ...], default: str) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or value not in known:
        raise _bad(name, f"it is one of {', '.join(known)}")
    return value


def _count(body: Mapping[str, object], name: str, most: int = 1 << 53) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise _bad(name, f"it is a number from 0 to {most}")
    return value


def _bad(name: str, wanted: str) -> BadRequest:
    return BadRequest(
        f"{name}: {wanted}", advice="docs/reference/uploads-and-jobs.md has every field"
    )

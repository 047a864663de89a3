"""The small forms of the index's own pages."""

from urllib.parse import parse_qs

from starlette.requests import Request

from index_server.errors import BadRequest

CONTENT_TYPE = "application/x-www-form-urlencoded"
LARGEST = 16_384


async def read_fields(request: Request) -> dict[str, list[str]]:
    """The fields of a form, each with its values; raises BadRequest."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise BadRequest("this takes a form of the index's own pages")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise BadRequest(f"a form of more than {LARGEST} bytes")
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=100, errors="strict")
    except ValueError as error:
        raise BadRequest("the form cannot be read") from error


def first_of(fields: dict[str, list[str]], name: str) -> str:
    """A field's first value without the white space around it, empty where there is none."""
    return fields.get(name, [""])[0].strip()


def safe_path(text: str) -> str:
    """A path of this index to lead back to, `/` for anything that is none.

    Browsers take two slashes for another host, backslashes for slashes, and forget control
    characters.
    """
    ordinary = text.startswith("/") and not text.startswith(("//", "/\\"))
    if not ordinary or len(text) > 2000 or not text.isascii() or not text.isprintable():
        return "/"
    return "/" if "\\" in text or text.startswith(("/login", "/logout")) else text

"""Pages of the Simple API: JSON, HTML, and what servers send instead."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.catalog.page import JSON, page_as_document, parse_document, parse_page

URL = "https://wheels.example/simple/acme-tools/"
HASH = "0" * 64


def file(name: str, **fields: object) -> dict[str, object]:
    return {"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": HASH}, **fields}


def page(*files: dict[str, object], **fields: object) -> bytes:
    document = {"meta": {"api-version": "1.1"}, "name": "Acme.Tools", "files": files, **fields}
    return json.dumps(document).encode()


FILES = (
    file("acme_tools-1.0.tar.gz"),
    file("acme_tools-1.0-cp313-cp313-manylinux_2_17_x86_64.whl"),
    file(
        "acme_tools-2.0-py3-none-any.whl",
        size=7,
        yanked="bad",
        **{"core-metadata": {"sha256": "ab"}},
    ),
    file("acme_tools-2.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl", **{"core-metadata": True}),
    file("acme_tools-3.0-cp313-cp313-win32.whl", **{"requires-python": ">=3.14"}),
    file("other-1.0-py3-none-any.whl"),
    file("acme_tools-one-py3-none-any.whl"),
    file("acme_tools-4.0.exe"),
)


def test_a_page_of_json() -> None:
    found = parse_page("acme-tools", JSON, page(*FILES, versions=["0.9", "1.0", "odd"]), URL)
    assert found.versions == {"0.9": "", "1.0": "sdist wheel", "2.0": "", "3.0": "wheel"}
    pure, native = found.wheels
    assert pure.url == "https://wheels.example/files/acme_tools-2.0-py3-none-any.whl"
    assert (pure.version, pure.size, pure.yanked, pure.metadata) == ("2.0", 7, True, "ab")
    assert (native.metadata, native.yanked, native.sha256) == ("unhashed", False, HASH)
    assert found.other is not None
    assert (found.other.version, found.other.requires_python) == ("3.0", ">=3.14")
    assert parse_document(json.loads(json.dumps(page_as_document(found)))) == found


def test_a_page_of_html() -> None:
    body = (
        f'<!DOCTYPE html><a href="/f/acme_tools-1.0-py3-none-any.whl#sha256={HASH}" '
        f'data-requires-python="&gt;=3.8" data-yanked="" data-core-metadata="sha256={HASH}">'
        'acme_tools-1.0-py3-none-any.whl</a><a href="/f/acme_tools-2.0.zip">acme_tools-2.0.zip</a>'
    ).encode()
    found = parse_page("acme-tools", "text/html; charset=utf-8", body, URL)
    (wheel,) = found.wheels
    assert wheel.url.startswith("https://wheels.example/f/acme_tools-1.0")
    assert (wheel.sha256, wheel.metadata, wheel.yanked) == (HASH, HASH, True)
    assert wheel.requires_python == ">=3.8"
    assert found.versions == {"1.0": "", "2.0": "sdist"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b""),
        (JSON, b"<html>"),
        (JSON, b"[]"),
        (JSON, b'{"name": "acme-tools"}'),
        (JSON, page(name="other")),
        (JSON, page({"filename": "a-1-py3-none-any.whl", "url": "x"})),
        (JSON, page({"filename": "a-1-py3-none-any.whl", "url": "x", "hashes": "sha256"})),
        (JSON, page(files=3)),
        (JSON, b"[" * 100_000),
        ("application/json", b'{"releases": {}}'),
        ("text/html", b"<html><body><a href='/login'>log in</a></body>"),
        ("text/html", b""),
        ("text/plain", b"no"),
        ("", b"{}"),
    ],
)
def test_what_is_no_page(kind: str, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_page("acme-tools", kind, body, URL)


def test_a_link_that_is_no_address() -> None:
    odd = file("acme_tools-1.0-py3-none-any.whl") | {"url": "file:///etc/passwd"}
    assert parse_page("acme-tools", JSON, page(odd), URL).wheels == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["filename", "url", "hashes", "yanked", "size"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_anything_is_a_page_or_refused(files: object) -> None:
    body = json.dumps({"name": "acme-tools", "files": files}).encode()
    try:
        found = parse_page("acme-tools", JSON, body, URL)
    except ValueError:
        return
    assert replace(found) == found

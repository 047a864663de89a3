import gzip

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from index_server.web.negotiate import TYPES, Encoding, choose_encoding, choose_type, compress
from index_server.web.serialize import HTML, JSON, LEGACY_HTML


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", LEGACY_HTML),
        ("*/*", LEGACY_HTML),
        ("text/html", LEGACY_HTML),
        (JSON, JSON),
        (HTML, HTML),
        ("application/vnd.pypi.simple.latest+json", JSON),
        # micropip's
        (f"{JSON}, */*;q=0.01", JSON),
        # pip's
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", JSON),
        # uv's
        (f"{JSON}, {HTML};q=0.2, text/html;q=0.01", JSON),
        (f"{JSON};q=0, */*", LEGACY_HTML),
        (f"{JSON};q=0.1, text/html;q=0.9", LEGACY_HTML),
        ("application/*", JSON),
        ("text/*;q=0.5, application/json", LEGACY_HTML),
        ("application/json", None),
        ("image/png", None),
        ("*/*;q=0", None),
        (f"{JSON};q=nonsense", None),
        (";;,,;q=1", None),
    ],
)
def test_a_client_gets_what_it_likes_best(accept: str, wanted: str | None) -> None:
    assert choose_type(accept) == wanted


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", Encoding.IDENTITY),
        ("identity", Encoding.IDENTITY),
        ("gzip, deflate", Encoding.GZIP),
        ("gzip, deflate, br", Encoding.BROTLI),
        ("gzip, deflate, br, zstd", Encoding.ZSTD),
        ("zstd;q=0, gzip", Encoding.GZIP),
        ("*", Encoding.ZSTD),
        ("*;q=0", Encoding.IDENTITY),
        ("deflate", Encoding.IDENTITY),
    ],
)
def test_a_coding_is_one_that_the_client_takes(accept: str, wanted: Encoding) -> None:
    assert choose_encoding(accept) is wanted


@given(st.text(max_size=200))
def test_any_header_gets_an_answer(header: str) -> None:
    assert choose_type(header) in {*TYPES.values(), None}
    assert choose_encoding(header) in Encoding


def test_what_is_compressed_can_be_read_again() -> None:
    body = b"a page of an index " * 200
    assert zstandard.decompress(compress(body, Encoding.ZSTD)) == body
    assert brotli.decompress(compress(body, Encoding.BROTLI)) == body
    assert gzip.decompress(compress(body, Encoding.GZIP)) == body
    assert compress(body, Encoding.IDENTITY) is body

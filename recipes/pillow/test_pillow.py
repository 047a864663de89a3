"""Pictures that are written, read, drawn on, and measured; each answer is known otherwise."""

import io
import zlib

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, features


def stored(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def gradient() -> Image.Image:
    return Image.merge("RGB", [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)])


def test_png_there_and_back(gradient):
    held = stored(gradient, "PNG")
    assert held.startswith(b"\x89PNG\r\n\x1a\n")
    # The standard library's zlib reads what the one in here has packed.
    at = held.index(b"IDAT")
    size = int.from_bytes(held[at - 4 : at], "big")
    assert len(zlib.decompressobj().decompress(held[at + 4 : at + 4 + size])) > 0
    again = Image.open(io.BytesIO(held))
    assert again.size == (256, 256)
    assert ImageChops.difference(gradient, again).getbbox() is None


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_jpeg_is_near_to_what_it_was(gradient, options):
    held = stored(gradient, "JPEG", quality=92, **options)
    assert held.startswith(b"\xff\xd8\xff")
    again = Image.open(io.BytesIO(held))
    again.load()
    worst = max(high for _, high in ImageChops.difference(gradient, again).getextrema())
    assert 0 < worst < 16


def test_a_jpeg_that_was_cut_is_an_error(gradient):
    held = stored(gradient, "JPEG")
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(held[: len(held) // 2])).load()
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(b"nothing that is a picture"))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM"])
def test_other_formats(gradient, kind):
    again = Image.open(io.BytesIO(stored(gradient, kind)))
    assert again.convert("RGB").getpixel((128, 5))[0] < 64
    if kind != "GIF":
        assert ImageChops.difference(gradient, again.convert("RGB")).getbbox() is None


def test_text_is_drawn_by_freetype():
    assert features.check("freetype2")
    font = ImageFont.load_default(40)
    wide, narrow = font.getlength("WWWW"), font.getlength("iiii")
    assert wide > 3 * narrow
    picture = Image.new("L", (200, 60))
    ImageDraw.Draw(picture).text((5, 5), "Görlitz", fill=255, font=font)
    left, top, right, bottom = picture.getbbox()
    assert abs((right - left) - font.getlength("Görlitz")) < 8
    assert 20 < bottom - top < 50


def test_resampling_and_arithmetic(gradient):
    small = gradient.resize((64, 64), Image.Resampling.LANCZOS)
    assert abs(small.getpixel((32, 32))[0] - 128) < 4
    assert Image.new("L", (3, 3), 7).histogram()[7] == 9
    assert gradient.convert("L").rotate(90).rotate(-90).tobytes() == gradient.convert("L").tobytes()

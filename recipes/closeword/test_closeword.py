import random

import pytest
from closeword import Words, _core, distance


@pytest.mark.parametrize(
    ("first", "second", "far"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
        ("recieve", "receive", 1),
        ("ca", "abc", 3),
        ("größe", "grösse", 2),
        ("😀a", "a😀", 1),
    ],
)
def test_distance(first: str, second: str, far: int) -> None:
    assert distance(first, second) == distance(second, first) == far


def test_close() -> None:
    words = Words(["receive", "relieve", "deceive", "river"])
    assert words.close("recieve") == [("receive", 1), ("relieve", 1), ("deceive", 2)]
    assert words.close("recieve", within=1, limit=1) == [("receive", 1)]
    assert words.close("recieve", within=0) == words.close("x", limit=0) == []
    assert Words().close("a") == []


def test_the_same_as_comparing_with_every_word() -> None:
    chance = random.Random(1)
    listed = {"".join(chance.choices("abcd", k=chance.randint(1, 6))) for _ in range(500)}
    words = Words(listed)
    assert len(words) == len(listed)
    for _ in range(50):
        asked = "".join(chance.choices("abcd", k=5))
        far = sorted((distance(word, asked), word) for word in listed)
        wanted = [(word, away) for away, word in far if away <= 2]
        assert words.close(asked, limit=500) == wanted


def test_a_word_is_there_once() -> None:
    words = Words()
    assert words.add("one")
    assert not words.add("one")
    assert "one" in words
    assert "two" not in words
    assert 1 not in words
    assert len(words) == 1


def test_a_panic_is_an_exception() -> None:
    # PyO3 raises it as a BaseException, so that `except Exception` does not hide a mistake.
    with pytest.raises(BaseException, match="out of ideas") as caught:
        _core._panic("out of ideas")
    assert type(caught.value).__name__ == "PanicException"
    assert distance("still", "there") == 5


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: distance("a", 1), TypeError),
        (lambda: distance("a" * 20_000, "b"), ValueError),
        (lambda: distance("\ud800", "b"), UnicodeEncodeError),
        (lambda: Words([1]), TypeError),
        (lambda: Words(1), TypeError),
        (lambda: Words().close("a", within=-1), OverflowError),
    ],
)
def test_what_is_refused(call, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()

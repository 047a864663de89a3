"""No spelling of a private or reserved name ever passes."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from index_server.errors import BadSettings
from index_server.public.policy import Policy, normalise, parse_policy
from index_server.settings import Settings, Upstream

# The machine may be busy with other tests.
QUICK = hypothesis_settings(max_examples=60)
NAMES = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,12}[A-Za-z0-9])?", fullmatch=True)


def policy(*allow: str, reserved: tuple[str, ...] = ()) -> Policy:
    return parse_policy(Settings(upstream=Upstream(allow=allow), reserved=reserved))


@st.composite
def spellings(draw: st.DrawFn, name: str) -> str:
    """Another spelling of a name: other cases, other separators."""
    shown = ""
    for part in re.split(r"([-_.]+)", name):
        if re.fullmatch(r"[-_.]+", part):
            shown += draw(st.text("-_.", min_size=1, max_size=3))
        else:
            shown += "".join(
                letter.upper() if draw(st.booleans()) else letter.lower() for letter in part
            )
    return shown


@QUICK
@given(st.data())
def test_no_spelling_of_a_private_name_passes(data: st.DataObject) -> None:
    name = data.draw(NAMES)
    other = data.draw(spellings(name))
    assert canonicalize_name(other) == canonicalize_name(name)
    assert policy("*").admits(other, set())
    assert not policy("*").admits(other, {canonicalize_name(name)})
    assert not policy("*", reserved=(name,)).admits(other, set())


@QUICK
@given(st.data())
def test_no_spelling_of_a_reserved_pattern_passes(data: st.DataObject) -> None:
    """Whatever text stands for the stars, and however it is spelled."""
    parts = data.draw(st.lists(st.text("ab1._-", max_size=4), min_size=2, max_size=4))
    filled = parts[0] + "".join(
        data.draw(st.text("ab1._-", max_size=4)) + part for part in parts[1:]
    )
    assume(normalise(filled) is not None)
    pattern = "*".join(data.draw(spellings(part)) for part in parts)
    assert not policy("*", reserved=(pattern,)).admits(data.draw(spellings(filled)), set())


@QUICK
@given(st.text(max_size=20))
def test_whatever_passes_is_a_normal_name_that_is_not_private(name: str) -> None:
    private = {"acme", "acme-core", "k", "s", "i"}
    if policy("*", reserved=("acme-*",)).admits(name, private):
        assert name.isascii()
        normal = normalise(name)
        assert normal is not None
        assert normal == canonicalize_name(name)
        assert normal not in private
        assert not normal.startswith("acme-")


@pytest.mark.parametrize(
    "name",
    [
        "acme.core", "ACME_core", "acme--core", "Acme-_.Core",
        "acme-core\n", " acme-core", "acme-core/", "../acme-core", "acme%2dcore", "acme-core\0",
        "", "-", "-acme", "acme-", "\u212a", "\u017f", "acme\u2010core", "a" * 256, "acme-core*", "*",
    ],
)  # fmt: skip
def test_tricks(name: str) -> None:
    """Kelvin's sign and the long s are lower-cased to k and s; others are no names."""
    assert not policy("*").admits(name, {"acme-core", "k", "s"})


@pytest.mark.parametrize(
    ("allow", "reserved", "name", "admitted"),
    [
        ((), (), "numpy", False),
        (("numpy",), (), "numpy", True),
        (("NumPy",), (), "numpy", True),
        (("numpy",), (), "numpy-financial", False),
        (("numpy*",), (), "numpy-financial", True),
        (("types_*",), (), "types-requests", True),
        (("types_*",), (), "types", False),
        (("*",), ("acme-*",), "acme-core", False),
        (("*",), ("acme-*",), "acme", True),
        (("*",), ("acme*",), "acme", False),
        (("acme-core",), ("acme-*",), "acme-core", False),
        (("*",), ("*",), "numpy", False),
        (("a.*",), (), "abc", False),
        (("a",), (), "ab", False),
        (("a", "b"), (), "ab", False),
    ],
)
def test_patterns(
    allow: tuple[str, ...], reserved: tuple[str, ...], name: str, *, admitted: bool
) -> None:
    assert policy(*allow, reserved=reserved).admits(name, set()) is admitted


@pytest.mark.parametrize("pattern", ["", "acme/[ab]", "acme?", "acme core", "acmé", "acme\n"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(BadSettings, match="no pattern"):
        policy("*", reserved=(pattern,))
    with pytest.raises(BadSettings, match="no pattern"):
        policy(pattern)

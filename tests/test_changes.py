from hypothesis import given
from hypothesis import strategies as st

from porter.changes import Change, explain_changes, render_changes

SHA, OTHER = "a" * 64, "b" * 64


def test_each_input_that_changed() -> None:
    before = {
        "source": SHA,
        "patches": f"one.patch={SHA}\ntwo.patch={SHA}",
        "flags": "cflags=-O2\nldflags=",
        "config-settings": "a=1\na=2\nb=3",
        "host": f"numpy={SHA}",
        "toolchain": "x",
        "gone": "1",
    }
    after = {
        "source": OTHER,
        "patches": f"one.patch={OTHER}\nthree.patch={SHA}",
        "flags": "cflags=-O3\nldflags=-lz",
        "config-settings": "a=1\na=4\nb=3",
        "host": "numpy=not built yet",
        "toolchain": "x",
        "new": "2",
    }
    changes = explain_changes(before, after)
    assert [str(change) for change in changes] == [
        "source: aaaaaaaaaaaa… → bbbbbbbbbbbb…",
        "patches one.patch: aaaaaaaaaaaa… → bbbbbbbbbbbb…",
        "patches three.patch is new",
        "patches two.patch is gone",
        "flags cflags: -O2 → -O3",
        "flags ldflags is new",
        "config-settings a: 1 2 → 1 4",
        "host numpy: aaaaaaaaaaaa… → not built yet",
        "new is new",
        "gone is gone",
    ]
    assert render_changes(changes, limit=2).endswith("bbbbbbbbbbbb…; and 8 more")
    assert explain_changes(after, after) == ()


def test_the_order_of_patches_is_an_input() -> None:
    (change,) = explain_changes({"patches": "a=1\nb=2"}, {"patches": "b=2\na=1"})
    assert (change.part, str(change)) == ("order", "patches order: a=1\nb=2 → b=2\na=1")
    long = Change(input="recipe", part="script", before="x" * 80, after="y" * 80)
    assert str(long) == "recipe script changed"


@given(
    st.dictionaries(st.sampled_from(["flags", "host", "source"]), st.text(max_size=20)),
    st.dictionaries(st.sampled_from(["flags", "host", "source"]), st.text(max_size=20)),
)
def test_a_difference_is_never_silent(before: dict[str, str], after: dict[str, str]) -> None:
    full = dict.fromkeys(("flags", "host", "source"), "")
    assert bool(explain_changes(before, after)) == ({**full, **before} != {**full, **after})

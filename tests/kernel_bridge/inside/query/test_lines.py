import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_bridge.inside.query.errors import BadMagic
from kernel_bridge.inside.query.lines import SYNTAX, parse_cell, parse_magic

GOOD: list[tuple[str, str | None, dict[str, object], dict[str, str], str]] = [
    ("%%sql --on w\nselect 1", None, {"on": "w"}, {}, "select 1"),
    ("%%sql\nfrom 'a.csv'", None, {}, {}, "from 'a.csv'"),
    ("%%sql df << --on w\nselect 1", "df", {"on": "w"}, {}, "select 1"),
    ("  %%sql  größe<<--on=w\nselect 1\n", "größe", {"on": "w"}, {}, "select 1\n"),
    (
        "%%sql --on w --param a=1 --param 'b=x + 1' --limit 1,000\nselect :a",
        None,
        {"on": "w", "limit": 1000},
        {"a": "1", "b": "x + 1"},
        "select :a",
    ),
    ("%%sql --on w --param \"q='it'\"\nselect :q", None, {"on": "w"}, {"q": "'it'"}, "select :q"),
    (
        "%%googlesheet t << --id abc --range 'Sheet 1!A1:D' --no-header",
        "t",
        {"id": "abc", "range": "Sheet 1!A1:D", "no-header": True},
        {},
        "",
    ),
    (
        '%%graphql --on g --vars {"n":3} --paginate a.b\n{ a }',
        None,
        {"on": "g", "vars": "{n:3}", "paginate": "a.b"},
        {},
        "{ a }",
    ),
    (
        "%%graphql --on g --vars '{\"n\": 3}'\n{ a }",
        None,
        {"on": "g", "vars": '{"n": 3}'},
        {},
        "{ a }",
    ),
]


@pytest.mark.parametrize(("code", "target", "options", "pairs", "body"), GOOD)
def test_what_is_written_is_read(
    code: str, target: str | None, options: dict[str, object], pairs: dict[str, str], body: str
) -> None:
    magic = parse_cell(code)
    assert magic is not None
    assert (magic.target, magic.options, magic.pairs, magic.body) == (target, options, pairs, body)


BAD = [
    ("%%graphql\n{ a }", "--on is missing"),
    ("%%sql --on w", "there is no query"),
    ("%%sql --on w\n  \n", "there is no query"),
    ("%%sql --on w extra\nselect 1", "'extra' is no option"),
    ("%%sql --on w --on v\nselect 1", "--on is there twice"),
    ("%%sql --on w --dsn x\nselect 1", "no option --dsn"),
    ("%%sql --on\nselect 1", "--on lacks its value"),
    ("%%sql --on w --limit 0\nselect 1", "not a number"),
    ("%%sql --on w --limit ²\nselect 1", "not a number"),
    ("%%sql --on w --limit -5\nselect 1", "not a number"),
    ("%%sql --on w --param x\nselect 1", "not NAME=EXPRESSION"),
    ("%%sql --on w --param 1x=1\nselect 1", "not NAME=EXPRESSION"),
    ("%%sql --on w --param x=1 --param x=2\nselect 1", "twice"),
    ("%%sql --on 'w\nselect 1", "lacks its value"),
    ("%%sql class << --on w\nselect 1", "word of Python's"),
    ("%%googlesheet --id x", "--range is missing"),
    ("%%googlesheet --id x --range A1 --header --no-header", "exclude"),
    ("%%googlesheet --id x --range A1 --header=yes", "takes no value"),
    ("%%googlesheet --id x --range A1 --values nice", "may be unformatted"),
    ("%%googlesheet --id x --range A1\nselect", "nothing is to stand below"),
]


@pytest.mark.parametrize(("code", "message"), BAD)
def test_what_cannot_be_read_is_said(code: str, message: str) -> None:
    with pytest.raises(BadMagic) as refused:
        parse_cell(code)
    assert message in str(refused.value)
    assert refused.value.advice


@pytest.mark.parametrize("code", ["", "x = 1", "%%bash\nls", "%sql --on w select 1", "# %%sql"])
def test_other_cells_are_none(code: str) -> None:
    assert parse_cell(code) is None


def test_a_line_has_its_query_after_its_options() -> None:
    magic = parse_magic("sql", "t << --on w select 'a  b', --x\n from \"T\"")
    assert magic.body.strip() == "select 'a  b', --x\n from \"T\""
    assert parse_magic("sql", "--on w -- --x").body == " --x"


@given(st.sampled_from(sorted(SYNTAX)), st.text(), st.none() | st.text())
def test_any_text_is_read_or_refused(kind: str, line: str, cell: str | None) -> None:
    try:
        magic = parse_magic(kind, line, cell)
    except BadMagic:
        return
    assert magic.kind == kind
    if cell is not None:
        assert magic.body == cell


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="'\\")))
def test_a_quoted_value_is_itself(value: str) -> None:
    if value:
        assert parse_magic("googlesheet", f"--id x --range '{value}'").options["range"] == value

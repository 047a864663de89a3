import pytest

from porter.table import format_size, print_table


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (7359, "7 kB"), (999_499, "999 kB"), (4_712_345, "4.7 MB")],
)
def test_sizes(size: int, text: str) -> None:
    assert format_size(size) == text


def test_a_log_has_whole_lines_and_no_codes(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "what"), [("[bold]x[/]", "y" * 150)])
    out = capsys.readouterr().out
    assert "[bold]x[/]" in out
    assert "y" * 150 in out
    assert "\x1b" not in out

import pytest

from porter.recipe.toml_lines import find_line

TEXT = '''\
# a comment
[build] # why
cflags = """
env = 1
"""
"odd name" = 2

[build.env]
A.b = 1
[tool.porter]
test = { files = 1, skip = { x = 2 } }
'''


@pytest.mark.parametrize(
    ("field", "line"),
    [
        (("build",), 2),
        (("build", "cflags"), 3),
        (("build", "odd name"), 6),
        (("build", "env"), 8),
        (("build", "env", "A", "b"), 9),
        (("build", "nothing"), 2),
        (("tool", "porter", "test", "files"), 11),
        (("audit", "size"), 0),
        ((), 0),
    ],
)
def test_lines(field: tuple[str, ...], line: int) -> None:
    assert find_line(TEXT, field) == line

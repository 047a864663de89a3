import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import SOURCE, make_tiny
from running import Ran

from porter.compiler import name_dependencies
from porter.home import Home


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("emcc -c a.c -o a.o", True),
        ("em++ -c src/a.cpp -I. -DX=1 -o a.o", True),
        ("emcc a.o -o a.so", False),
        ("emcc -c a.c b.c", False),
        ("emcc -c a.s -o a.o", False),
        ("emcc -E -c a.c", False),
        ("emcc -c a.c -MMD -MF a.d", False),
        ("emcc -c a.c -Wp,-MD,a.d", False),
        ("emcc @words -c a.c", False),
    ],
)
def test_includes_are_named_where_nobody_asks_for_them(
    tmp_path: Path, command: str, named: bool
) -> None:
    added = name_dependencies(command.split(), tmp_path)
    assert added[:2] == (["-MD", "-MF"] if named else [])
    assert all(Path(place).parent == tmp_path for place in added[2:])


def test_a_changed_header_is_compiled_anew(
    porter: Callable[..., Ran], build_home: Home, tmp_path: Path
) -> None:
    source = f'#include "value.h"\n{SOURCE.replace("42", "VALUE")}'
    project = make_tiny(tmp_path / "tiny", source=source)
    (build_home.root / "ccache").unlink()

    def build(value: int) -> bytes:
        (project / "value.h").write_text(f"#define VALUE {value}\n")
        # Nothing but the compiler cache may answer.
        shutil.rmtree(build_home.artefacts, ignore_errors=True)
        ran = porter("build", project, "--json")
        assert ran.code == 0, ran.err
        wheel = tmp_path / "cwd" / str(ran.json["wheels"][0]["wheel"])
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        assert not [name for name in names if name.endswith((".d", ".py"))]
        return wheel.read_bytes()

    first, other, again = build(42), build(43), build(42)
    assert first != other
    assert first == again

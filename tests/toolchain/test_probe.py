import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.toolchain.model import Toolchain
from porter.toolchain.probe import parse_versions, probe_compiler


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        (
            (
                "emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 4.0.9 (abc)\n"
                "clang version 21.0.0git (https:/github.com/llvm/llvm-project x)\n"
            ),
            ("4.0.9", "21.0.0"),
        ),
        ("emcc (Emscripten) 3.1.69 ()\nDebian clang version 19.1.7 (3+b1)", ("3.1.69", "19.1.7")),
        ("gcc (Debian) 12.2.0", ("", "")),
        ("", ("", "")),
    ],
)
def test_versions(text: str, versions: tuple[str, str]) -> None:
    assert parse_versions(text) == versions


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(isinstance(version, str) for version in parse_versions(text))


def test_the_installed_compiler(toolchain: Toolchain, env: dict[str, str]) -> None:
    compiler = probe_compiler(toolchain.path[0], env)
    assert (compiler.emscripten, compiler.clang) == (toolchain.emscripten, toolchain.clang)
    assert compiler.llvm == toolchain.path[1]

"""meta.yaml as the repository of Pyodide's own recipes writes it."""

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.recipe import Kind, Recipe
from porter.recipe.meta import parse_meta

SHA = "c0ffee" + "0" * 58
PACKAGE = f"""\
package:
  name: Wave.Tools
  version: 1.10
  pinned: true
  tag:
    - signal
    - rust
  top-level:
    - wavetools
    - _wave
source:
  url: https://example.org/a/Wave.Tools-1.10.tar.gz
  sha256: {SHA}
  extract_dir: wave-tools-src
  patches:
    - patches/0001-No-threads.patch
  extras:
    - - extras/setup.cfg
      - ./setup.cfg
build:
  vendor-sharedlib: false  # they are in the wheel
  exports: whole_archive
  unvendor-tests: false
  _retain-test-patterns:
    - "*_page_test.py"
  cflags: |
    -I$(WASM_LIBRARY_DIR)/include
    -DAPI=__attribute__((visibility("default")))
  cxxflags: -fwasm-exceptions
    -O2
  ldflags: |
    -Wl,-rpath,$ORIGIN
  backend-flags: |
    setup-args=-Dthreads=false
    setup-args=--cross-file=${{MESON_CROSS_FILE}}
  script: |
    export WAVE_DIR=${{WASM_LIBRARY_DIR}}
    sed -i 's/void/int/g' src/wave.c
  cross-script: emcc --version
  post: |
    rm -rf wavetools/tests
  cross-build-env: true
  cross-build-files:
    - wavetools/include/wave.h
    - wavetools/lib/libwave.a
requirements:
  host: [numpy, LibFFT]
  run:
    - numpy
    - Pillow
    - numpy
  constraint:
    - cython < 3.1
  build-extras: [versioneer]
  executable:
    - gfortran
test:
  imports:
    - wavetools
    - wavetools.fft
about:
  home: ""
  PyPI: https://example.org/wave
  summary:
    In two
    lines
  license: BSD-3-Clause
extra:
  recipe-maintainers: [someone]
  anything: {{else: 1}}
"""
LIBRARY = f"""\
package:
  name: libfft
  version: 3.3
  _disabled: true
  _tag: [library, shared_library]
source:
  sha256: {SHA}
  url: https://example.org/libfft-3.3.zip
requirements:
  host:
build:
  type: shared_library
  script: emmake make install PREFIX=${{WASM_LIBRARY_DIR}}
"""


def read(text: str) -> Recipe:
    recipe, mistakes = parse_meta(text, folder=Path("/r"), where="meta.yaml")
    assert mistakes == []
    assert recipe is not None
    return recipe


def mistakes(text: str) -> list[str]:
    recipe, found = parse_meta(dedent(text), folder=Path("/r"), where="meta.yaml")
    assert (recipe is None) == bool(found)
    return [str(mistake) for mistake in found]


def test_a_package_with_every_field() -> None:
    assert read(PACKAGE) == Recipe(
        name="Wave.Tools",
        version="1.10",
        folder=Path("/r"),
        tags=("signal", "rust"),
        top_level=("wavetools", "_wave"),
        url="https://example.org/a/Wave.Tools-1.10.tar.gz",
        sha256=SHA,
        extract_dir="wave-tools-src",
        patches=(Path("/r/patches/0001-No-threads.patch"),),
        extras=((Path("/r/extras/setup.cfg"), "./setup.cfg"),),
        vendor_sharedlib=False,
        exports="whole_archive",
        unvendor_tests=False,
        retain_test_patterns=("*_page_test.py",),
        cflags='-I$(WASM_LIBRARY_DIR)/include -DAPI=__attribute__((visibility("default")))',
        cxxflags="-fwasm-exceptions -O2",
        ldflags="-Wl,-rpath,$ORIGIN",
        config_settings=(
            "setup-args=-Dthreads=false",
            "setup-args=--cross-file=${MESON_CROSS_FILE}",
        ),
        script="export WAVE_DIR=${WASM_LIBRARY_DIR}\nsed -i 's/void/int/g' src/wave.c\n",
        cross_script="emcc --version",
        post="rm -rf wavetools/tests\n",
        cross_build_env=True,
        cross_build_files=("wavetools/include/wave.h", "wavetools/lib/libwave.a"),
        host=("numpy", "libfft"),
        run=("numpy", "pillow"),
        constraint=("cython < 3.1",),
        build_extras=("versioneer",),
        executable=("gfortran",),
        imports=("wavetools", "wavetools.fft"),
    )


def test_a_library_and_how_the_schema_spelt_it_before() -> None:
    recipe = read(LIBRARY)
    assert (recipe.kind, recipe.kind.is_library) == (Kind.SHARED_LIBRARY, True)
    assert (recipe.disabled, recipe.tags) == (True, ("library", "shared_library"))
    assert (recipe.host, recipe.version, recipe.exports) == ((), "3.3", "pyinit")
    underscored = read(LIBRARY.replace("_disabled", "disabled"))
    assert underscored.disabled is True
    module = read(
        "package: {name: _ssl, version: 1.0.0}\nsource: {path: src}\n"
        "build: {type: cpython_module, vendor_sharedlib: true}\n"
    )
    assert (module.kind, module.path) == (Kind.CPYTHON_MODULE, Path("/r/src"))
    wheel = read(
        f"package: {{name: a, version: '1'}}\nsource: {{url: 'x/a-1-py3-none-any.whl', sha256: {SHA}}}\n"
    )
    assert wheel.vendor_sharedlib is False


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["meta.yaml:1: must be a mapping"]),
        ("- a\n", ["meta.yaml:1: must be a mapping"]),
        ("a: [\n", ["meta.yaml:2: not YAML: did not find expected node content"]),
        ("a\0b", ["meta.yaml: not YAML: control characters are not allowed"]),
        (
            "source: {path: x}\n",
            ["meta.yaml:1: package.name is missing", "meta.yaml:1: package.version is missing"],
        ),
        (
            """\
            package:
              name: x
              versoin: 1
            sources: {}
            source: {path: 1, patches: a.patch}
            build:
              cflags: [-O2]
              unvendor-tests: maybe
              unvendor-tests: true
            requirements:
              host:
                - {a: b}
            """,
            [
                "meta.yaml:1: package.version is missing",
                "meta.yaml:3: unknown field package.versoin",
                "meta.yaml:4: unknown section sources",
                "meta.yaml:5: source.patches must be a list",
                "meta.yaml:7: build.cflags must be a string",
                "meta.yaml:8: build.unvendor-tests must be true or false",
                "meta.yaml:9: build.unvendor-tests stands here twice",
                "meta.yaml:11: requirements.host must hold strings only",
            ],
        ),
        (
            """\
            package: {name: x, version: 1}
            source:
              url: https://example.org/x.tar.gz
            build:
              type: static_library
              cflags: -O2
            """,
            [
                "meta.yaml:2: If source is downloaded from url, it must have a 'source/sha256' hash",
                "meta.yaml:6: If building a static_library, 'build/cflags' key is not allowed",
            ],
        ),
        (
            "package: {name: x, version: 1}\nbuild: {exports: nothing}\nsource: {path: y}\n",
            ["meta.yaml:2: Invalid value for 'build/exports': 'nothing'"],
        ),
        (
            "package: {name: x, version: 1}\n",
            ['meta.yaml:1: either "path" or "url" must be provided in the "source" section'],
        ),
        (
            "package: {name: x, version: 1}\nsource: {path: y, extras: [[a]]}\n",
            ["meta.yaml:2: source.extras must hold pairs of strings: [file, place in the source]"],
        ),
    ],
)
def test_every_mistake_with_its_line_and_field(text: str, told: list[str]) -> None:
    assert mistakes(text) == told


def test_a_kind_there_is_not() -> None:
    (told,) = mistakes("package: {name: x, version: 1}\nsource: {path: y}\nbuild: {type: x}\n")
    assert told.startswith("meta.yaml:3: build.type must be one of package, static_library, ")


@given(
    st.text(max_size=40) | st.sampled_from([PACKAGE, LIBRARY]),
    st.integers(0, 60),
    st.text(max_size=6),
)
def test_any_text_is_a_recipe_or_mistakes(text: str, at: int, more: str) -> None:
    recipe, found = parse_meta(text[:at] + more + text[at:], folder=Path("/r"), where="w")
    assert (recipe is None) == bool(found)

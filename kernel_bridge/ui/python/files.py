"""Run in each browser kernel before its first cell: files while the server is away, and after."""

# ruff: noqa: SLF001 -- there is no public way.


def _mend_files(drive: str) -> None:
    from importlib import _bootstrap_external
    from typing import Any

    import pyodide_js
    from pyodide.code import run_js

    # `drive.js`, a function.
    run_js(drive)(pyodide_js)
    finder: Any = _bootstrap_external.FileFinder
    fill = finder._fill_cache

    def fill_cache(self: Any) -> None:
        # An import looks through the notebook's folder first, and takes other errors for its own.
        try:
            fill(self)
        except OSError:
            self._path_cache, self._relaxed_path_cache = set(), set()

    finder._fill_cache = fill_cache

"""Run in each browser kernel before its first cell: its files, and where imports look for them."""

# ruff: noqa: SLF001 -- there is no public way.

# Seconds for which an import takes the notebook's folder to be as it was.
LISTED = 0.5


def _mend_files(drive: str, wheels: str) -> None:
    import time
    from importlib import _bootstrap_external
    from typing import Any

    import pyodide_js
    from pyodide.code import run_js

    # `drive.js` and `wheels.js`, a function each.
    changes = run_js(drive)(pyodide_js)
    run_js(wheels)(pyodide_js)
    finder: Any = _bootstrap_external.FileFinder
    fill, find, valid = finder._fill_cache, finder.find_spec, LISTED

    def fill_cache(self: Any) -> None:
        # An import looks through the notebook's folder first, and takes other errors for its own.
        try:
            fill(self)
        except OSError:
            self._path_cache, self._relaxed_path_cache = set(), set()

    def find_spec(self: Any, name: str, target: Any = None) -> Any:
        # The first place to look for each module is the notebook's folder, and asking when that was changed
        # is a request: pandas alone would send sixty.
        if not f"{self.path}/".startswith("/drive/"):
            return find(self, name, target)
        now, tail = time.monotonic(), name.rpartition(".")[2]
        asked, count, names = getattr(self, "_porter_listed", (-valid, 0, frozenset()))
        fresh = now - asked < valid and count == changes() and self._path_mtime != -1
        if fresh and tail not in names:
            return None
        found = find(self, name, target)
        if not fresh:
            names = frozenset(one.partition(".")[0] for one in self._path_cache)
            self._porter_listed = (now, changes(), names)
        return found

    finder._fill_cache, finder.find_spec = fill_cache, find_spec

"""What the runtime tells of its standard library."""

import pytest

from compat_report.catalog.model import Origin, State
from compat_report.catalog.stdlib import Stdlib, parse_survey, read_stdlib, read_table
from porter.home import Home
from porter.platform import read_platform
from porter.runtime import Runtime, fetch_runtime

# Each name with the prefix that decides and its state, on Pyodide 0.29.5.
ANSWERS_029 = {
    "os": ("os", State.WORKS),
    "os.path": ("os", State.WORKS),
    "xml.dom.minidom": ("xml.dom.minidom", State.WORKS),
    "asyncio": ("asyncio", State.WORKS),
    "ctypes": ("ctypes", State.WORKS),
    "threading": ("threading", State.WORKS),
    "multiprocessing": ("multiprocessing", State.WORKS),
    "concurrent.futures.Future": ("concurrent.futures", State.WORKS),
    "multiprocessing.pool.ThreadPool": ("multiprocessing.pool", State.BROKEN),
    "multiprocessing.shared_memory": ("multiprocessing.shared_memory", State.MISSING),
    "shelve": ("shelve", State.BROKEN),
    "http.client": ("http.client", State.WORKS),
    "http.server.HTTPServer": ("http.server", State.BROKEN),
    "socketserver": ("socketserver", State.BROKEN),
    "urllib2": ("urllib2", State.MISSING),
    "distutils.core": ("distutils", State.MISSING),
} | {
    name: (name, State.MISSING)
    for name in [
        "curses",
        "dbm",
        "ensurepip",
        "fcntl",
        "grp",
        "idlelib",
        "pty",
        "pwd",
        "pydoc_data",
        "readline",
        "resource",
        "syslog",
        "termios",
        "tkinter",
        "tty",
        "turtle",
        "venv",
        "lzma",
        "sqlite3",
        "ssl",
        "_posixshmem",
        "_uuid",
        "_hashlib",
    ]
}
ANSWERS_314 = {
    "ssl": ("ssl", State.WORKS),
    "sqlite3.dbapi2": ("sqlite3.dbapi2", State.WORKS),
    "lzma": ("lzma", State.WORKS),
    "fcntl": ("fcntl", State.WORKS),
    "compression.zstd": ("compression.zstd", State.WORKS),
    "termios": ("termios", State.BROKEN),
    "tty": ("tty", State.BROKEN),
    "pty": ("pty", State.BROKEN),
    "shelve": ("shelve", State.BROKEN),
    "tkinter.ttk": ("tkinter", State.MISSING),
    "pwd": ("pwd", State.MISSING),
    "grp": ("grp", State.MISSING),
    "curses": ("curses", State.MISSING),
    "concurrent.interpreters": ("concurrent.interpreters", State.MISSING),
}


def answers(stdlib: Stdlib, names: dict[str, tuple[str, State]]) -> dict[str, tuple[str, State]]:
    found = {name: stdlib.look_up(name) for name in names}
    return {name: (one.name, one.state) for name, one in found.items() if one is not None}


def test_the_standard_library_of_the_runtime(
    runtime: Runtime, home: Home, env: dict[str, str]
) -> None:
    stdlib = read_stdlib(runtime, home=home, env=env)
    assert answers(stdlib, ANSWERS_029) == ANSWERS_029
    assert all(stdlib.look_up(name) is None for name in ("numpy", "requests", "_no_such", ""))
    # What is no use is told with a reason, and only where it can be imported at all.
    assert stdlib.broken.keys() >= {"shelve", "socketserver", "multiprocessing.pool"}
    assert all(not stdlib.modules[name] for name in stdlib.broken)
    # The second question starts no runtime.
    assert read_stdlib(runtime, home=home, env={"PATH": ""}) == stdlib


@pytest.mark.journey
def test_the_other_platform(home: Home, env: dict[str, str]) -> None:
    runtime = fetch_runtime(read_platform("314"), home=home, env=env)
    assert answers(read_stdlib(runtime, home=home, env=env), ANSWERS_314) == ANSWERS_314


def test_reasons_are_told() -> None:
    stdlib = parse_survey(
        '{"modules": {"shelve": "", "grp": "no"}, "broken": {"shelve": "no dbm"}}'
    )
    shelf, group, gone = (stdlib.look_up(name) for name in ("shelve", "grp.x", "Tkinter"))
    assert shelf is not None
    assert (shelf.origin, shelf.detail) == (
        Origin.STDLIB,
        read_table()["broken"]["shelve"]["reason"],
    )
    assert group is not None
    assert (group.name, group.detail) == ("grp", "removed from the runtime")
    assert gone is not None
    assert "tkinter" in gone.detail


def test_every_reason_has_a_probe() -> None:
    for name, fields in read_table()["broken"].items():
        compile(fields["probe"], name, "exec")
        assert fields["reason"][0].islower()
        assert set(fields) <= {"reason", "probe", "host"}

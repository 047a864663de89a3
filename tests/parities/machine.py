"""Probes of the machine that a kernel runs on."""

from parities.model import SERVER, Group, Probe, caught

MACHINE = Group(
    "The machine",
    [
        Probe(
            "threads",
            [
                caught(
                    "import threading\n    thread = threading.Thread(target=print, args=('in a thread',))\n    thread.start()\n    thread.join()"
                )
            ],
            note=f"use `asyncio`, or {SERVER}",
        ),
        Probe(
            "`ThreadPoolExecutor`",
            [
                caught(
                    "from concurrent.futures import ThreadPoolExecutor\n    print(ThreadPoolExecutor(1).submit(len, 'ab').result())"
                )
            ],
            note=f"call the function, or {SERVER}",
        ),
        Probe(
            "`subprocess`",
            [
                caught(
                    "import subprocess\n    print(subprocess.run(['echo', 'hi'], capture_output=True).stdout)"
                )
            ],
            note=SERVER,
        ),
        Probe(
            "`multiprocessing`",
            [caught("import multiprocessing\n    print(multiprocessing.Queue() is not None)")],
            note=SERVER,
        ),
        Probe("processors", ["import os\nprint(os.cpu_count() > 0)"]),
        Probe(
            "a socket",
            [
                caught(
                    "import socket\n    with socket.create_server(('127.0.0.1', 0)) as server:\n        print('listens')"
                )
            ],
            note=SERVER,
        ),
        Probe(
            "`urllib.request` of the index",
            [
                caught(
                    "import urllib.request\n    print(urllib.request.urlopen('INDEX/healthz').status)"
                )
            ],
            note="`await pyodide.http.pyfetch(address)` asks what allows it by CORS; other hosts through [the gateway](gateway.md)",
        ),
        Probe(
            "`signal.alarm`",
            [caught("import signal\n    print(signal.alarm(0))")],
            note="use `asyncio.timeout`",
        ),
        Probe(
            "the platform",
            ["import sys\nprint(sys.platform)"],
            note='`sys.platform == "emscripten"` tells a browser\'s kernel',
        ),
        Probe(
            "bits of a pointer",
            ["print(sys.maxsize.bit_length() + 1)"],
            note="WebAssembly of 32 bits; NumPy's integers have 64 in both",
        ),
        Probe(
            "the most memory",
            [
                "from kernel_bridge.inside.memory import memory\nlimit = memory(None, {}, [])[0]['limit']\nprint('4 GiB' if limit == 1 << 32 else 'as the machine has')"
            ],
            note="a heap that is more than 85 % full moves a notebook on *Auto* to a server",
        ),
        Probe(
            "too much memory at once",
            [caught("held = bytearray(1 << 44)")],
            note="2 GiB are the most of one object; what does not fit below that is a `MemoryError`",
        ),
        Probe("the time zone", ["import time\nprint(time.localtime().tm_gmtoff is not None)"]),
        Probe(
            "`ssl`, `lzma`, `bz2`, `ctypes`, `zoneinfo`",
            [caught("import bz2, ctypes, lzma, ssl, zoneinfo\n    print('imported')")],
        ),
        Probe(
            "`curses`, `readline`, `tkinter`",
            [
                "import importlib.util\nprint([importlib.util.find_spec(name) is not None for name in ('curses', 'readline')])"
            ],
            note=SERVER,
        ),
    ],
)

"""Probes of running, stopping, asking, showing, and of what helps while one writes."""

from parities import acting
from parities.model import SERVER, Group, Probe

RUNNING = Group(
    "Running cells",
    [
        Probe(
            "`print` while a cell runs",
            [
                "import os, time\nprint('first')\nwhile not os.path.exists('seen'):\n    time.sleep(0.1)"
            ],
            act=acting.streams,
        ),
        Probe(
            "output and errors are two streams",
            ["import sys\nprint(1)\nprint(2, file=sys.stderr)"],
            act=acting.kinds,
        ),
        Probe(
            "`sys.stdout` is a text stream",
            [
                "import io\nsys.stdout.writelines(['a', 'b', '\\n'])\nprint(sys.stdout.writable(), isinstance(sys.stdout, io.TextIOBase))"
            ],
        ),
        Probe(
            "what C writes to the files 1 and 2",
            [
                "import os, time\nos.write(1, b'from C\\n')\ntime.sleep(2)\nprint(end='', flush=True)"
            ],
        ),
        Probe(
            "`clear_output`",
            [
                "from IPython.display import clear_output\nprint('old')\nclear_output()\nprint('new')"
            ],
        ),
        Probe("a carriage return", ["print('12345', end='\\r')\nprint('67')"]),
        Probe(
            "an error with its traceback",
            ["def inner():\n    return {}['key']\n\ndef outer():\n    return inner()\n\nouter()"],
            act=acting.fails,
        ),
        Probe(
            "a syntax error",
            ["for in"],
            act=acting.raises,
        ),
        Probe(
            "warnings and `logging`",
            ["import logging, warnings\nwarnings.warn('w')\nlogging.warning('l')"],
            act=acting.kinds,
        ),
        Probe("`_`, `In` and `Out`", ["40 + 2", "print(_, In[-2], list(Out.values())[-1])"]),
        Probe("`await` in a cell", ["import asyncio\nawait asyncio.sleep(0.01)\nprint('waited')"]),
        Probe(
            "tasks that go on between cells",
            [
                "async def later():\n    await asyncio.sleep(0.05)\n    return 'done'\n\ntask = asyncio.create_task(later())",
                "print(await task)",
            ],
        ),
        Probe(
            "`asyncio.run` in a cell",
            ["asyncio.run(asyncio.sleep(0))\nprint('ran')"],
            note="a browser's loop can be entered again; `await` works in both",
        ),
        Probe(
            "a recursion without end",
            [
                "def deep():\n    return deep()\n\ntry:\n    deep()\nexcept RecursionError as error:\n    print(type(error).__name__)"
            ],
        ),
        Probe("`%%capture`", ["%%capture held\nprint('hidden')", "print(held.stdout)"]),
        Probe(
            "`user_expressions` of a request",
            ["1"],
            act=acting.evaluates,
            note="none are evaluated in a browser; JupyterLab sends none",
        ),
    ],
)

STOPPING = Group(
    "Stopping and restarting",
    [
        Probe(
            "an endless loop is interrupted",
            ["print('on', flush=True)\nwhile True:\n    pass"],
            act=acting.interrupts,
        ),
        Probe(
            "`time.sleep` is interrupted",
            ["import time\nprint('on')\ntime.sleep(600)"],
            act=acting.interrupts,
        ),
        Probe(
            "`await` is interrupted",
            ["import asyncio\nprint('on')\nfor _ in range(600):\n    await asyncio.sleep(0.1)"],
            act=acting.interrupts,
        ),
        Probe("the next cell after that", ["print('runs')"]),
        Probe("a restart forgets", ["x = 1", "print('x' in globals())"], act=acting.restarts),
        Probe(
            "a fault that ends the kernel",
            ["import os\nos.abort()"],
            act=acting.dies,
            note="a page says that the browser's kernel died, and *Restart* begins another",
        ),
    ],
)

ASKING = Group(
    "Asking",
    [
        Probe("`input`", ["print(input('name? '))"], act=acting.asks(("name?", "Ada"))),
        Probe(
            "`getpass`",
            ["import getpass\nprint(len(getpass.getpass('secret? ')))"],
            act=acting.asks(("secret?", "12345")),
        ),
        Probe(
            "one after the other",
            ["print(input('first? '), getpass.getpass('second? '))"],
            act=acting.asks(("first?", "1"), ("second?", "2")),
        ),
        Probe(
            "`%debug` after an error",
            ["def fail(x):\n    return 1 / x\n\nfail(0)", "%debug"],
            act=acting.debugs,
        ),
    ],
)

SHOWING = Group(
    "Rich outputs",
    [
        Probe(
            "HTML, Markdown, LaTeX, SVG, JSON, JavaScript",
            [
                "from IPython.display import *\ndisplay(HTML('<b>1</b>'), Markdown('*1*'), Latex('$1$'), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'), JSON({'a': 1}), Javascript('1'))"
            ],
            act=acting.kinds,
        ),
        Probe(
            "`_repr_png_` of bytes",
            [
                "class Picture:\n    def _repr_png_(self):\n        return b'\\x89PNG\\r\\n\\x1a\\n'\n\nPicture()"
            ],
            act=acting.pictures,
        ),
        Probe("the same, by `display`", ["display(Picture())"], act=acting.pictures),
        Probe("a result, and its text", ["{'a': 1}"]),
        Probe(
            "`display` that is updated",
            ["shown = display('old', display_id=True)\nshown.update('new')"],
        ),
        Probe(
            "updated from another cell",
            [
                "display('old', display_id='one')",
                "from IPython.display import update_display\nupdate_display('new', display_id='one')",
            ],
            act=acting.shown(2, 0),
        ),
        Probe("the pager, `len?`", ["len?"], act=acting.kinds),
        Probe(
            "a media type of one's own",
            ["display({'application/x-own': {'a': (1, 2)}}, raw=True)"],
            act=acting.kinds,
        ),
        Probe(
            "`matplotlib`: `%matplotlib inline`, and a figure",
            ["%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"],
            act=acting.draws,
            note="the server of this page has none: install it there; the browser takes it from the index",
        ),
    ],
)

HELPING = Group(
    "Help while you write",
    [
        Probe(
            "completion of an attribute",
            ["import textwrap"],
            act=acting.asked(
                "requestComplete", "{code: 'textwrap.ded', cursor_pos: 12}", "m.content.matches"
            ),
        ),
        Probe(
            "completion of a magic",
            ["1"],
            act=acting.asked(
                "requestComplete", "{code: '%timei', cursor_pos: 6}", "m.content.matches"
            ),
        ),
        Probe(
            "completion of a file's name",
            ["open('beside.txt', 'w').close()"],
            act=acting.asked(
                "requestComplete", "{code: 'open(\"besi', cursor_pos: 10}", "m.content.matches"
            ),
        ),
        Probe(
            "inspection",
            ["1"],
            act=acting.asked(
                "requestInspect",
                "{code: 'textwrap.dedent', cursor_pos: 12, detail_level: 0}",
                "m.content.data['text/plain'].includes('leading whitespace')",
            ),
        ),
        Probe(
            "whether code is complete",
            ["1"],
            act=acting.asked(
                "requestIsComplete",
                "{code: 'for i in x:'}",
                "m.content.status + ' ' + m.content.indent.length",
            ),
        ),
        Probe(
            "the history of this session",
            ["41"],
            act=acting.asked(
                "requestHistory",
                "{output: false, raw: true, hist_access_type: 'tail', n: 1}",
                "m.content.history.at(-1)[2]",
            ),
        ),
        Probe(
            "comms that are open",
            ["import comm\nmine = comm.create_comm(target_name='mine')"],
            act=acting.asked("requestCommInfo", "{target_name: 'mine'}", "m.content.status"),
        ),
        Probe(
            "the language, and the protocol",
            ["1"],
            act=acting.asked(
                "requestKernelInfo",
                "",
                "m.content.language_info.name + ' ' + m.content.protocol_version",
            ),
        ),
        Probe(
            "its version",
            ["import sys\nprint(*sys.version_info[:2], sep='.')"],
            note="the browser has the Python of its Pyodide; a switch carries values between the two",
        ),
        Probe(
            "JupyterLab's debugger",
            ["1"],
            act=acting.debugger,
            note=f"there are no breakpoints in a browser: use `%debug`, or {SERVER}",
        ),
    ],
)

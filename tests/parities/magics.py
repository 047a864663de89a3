"""Probes of widgets, comms and magics."""

from parities import acting
from parities.model import SERVER, Group, Probe

WIDGETS = Group(
    "Widgets and comms",
    [
        Probe(
            "a slider calls Python",
            [
                "import ipywidgets\nseen = []\nslider = ipywidgets.IntSlider()\nslider.observe(lambda change: seen.append(change['new']), 'value')\nslider",
                "print(seen)",
            ],
            act=acting.slides,
        ),
        Probe("Python moves the slider", ["slider.value = 40"], act=acting.moved),
        Probe(
            "`interact`",
            ["@ipywidgets.interact(x=(0, 5))\ndef double(x=2):\n    print('twice', 2 * x)"],
            act=acting.interacts,
        ),
        Probe(
            "an `Output` widget takes what is printed",
            ["out = ipywidgets.Output()\nwith out:\n    print('in', 'side')\nout"],
            act=acting.holds,
        ),
        Probe(
            "buffers of a comm",
            [
                "got = []\ndef opened(mine, message):\n    mine.on_msg(lambda told: got.append(bytes(told['buffers'][0])))\n\nget_ipython().kernel.comm_manager.register_target('mine', opened)",
                "print(got)",
            ],
            act=acting.sends,
        ),
    ],
)

MAGICS = Group(
    "Magics",
    [
        Probe(
            "`%time`, `%timeit`",
            ["%time sum([1])\n%timeit -n1 -r1 sum([1])"],
            act=acting.says("Wall time", "per loop"),
        ),
        Probe(
            "`%who`, `%history`",
            ["number = 1\n%who int\n%history -n -l 1"],
            act=acting.says("number"),
        ),
        Probe(
            "`%%writefile`, `%run`",
            [
                "%%writefile script.py\nvalue = 7\nprint('ran', __name__)",
                "%run script.py",
                "print(value)",
            ],
            act=acting.shown(3, 1, 2),
        ),
        Probe("`%load_ext`", ["%load_ext autoreload\n%autoreload 2\nprint('loaded')"]),
        Probe("`%load`", ["%load script.py"], act=acting.loads),
        Probe(
            "`%cd`, `%pwd`, `%env`",
            [
                "%cd -q .\nprint(type(get_ipython().run_line_magic('pwd', '')).__name__)\n%env PROBE=1\nimport os; print(os.environ['PROBE'])"
            ],
        ),
        Probe("`%prun`, `%xmode`", ["%prun -q sum([1])\n%xmode Plain\n%xmode Context"]),
        Probe("`%%html`, `%%latex`, `%%javascript`", ["%%html\n<b>1</b>"], act=acting.kinds),
        Probe(
            "`%pip install` from the index",
            ["%pip install -q acme-tools", "import acme_tools\nprint(acme_tools.VALUE)"],
        ),
        Probe(
            "`%pip install` of what the index has not",
            ["%pip install -q no-such-project", "print('next')"],
            act=acting.refuses,
            note="a browser's kernel raises, a server's prints what pip says",
        ),
        Probe(
            "`!echo`",
            ["!echo hi"],
            note=f"a browser has no processes: {SERVER}. A notebook on *Auto* moves by itself",
        ),
        Probe("`x = !echo`", ["x = !echo hi\nprint(x)"], note=f"as above; {SERVER}"),
        Probe("`%%bash`", ["%%bash\necho hi"], note=f"as above; {SERVER}"),
        Probe("`%ls`", ["%ls script.py"], note="`os.listdir()` works in both"),
        Probe(
            "`%edit`",
            ["%edit"],
            act=acting.refuses,
            note="neither opens an editor: use JupyterLab's",
        ),
        Probe(
            "`%%sql`", ["%%sql frame << --on files\nSELECT 40 + 2 AS a", "print(frame.a.tolist())"]
        ),
        Probe(
            "`%sql` on a line",
            ["frame = %sql --on files SELECT 40 + 3 AS a\nprint(frame.a.tolist())"],
            note="in a browser a query is a cell: `%%sql frame << …`",
        ),
        Probe("`exit`", ["exit"], act=acting.exits, note="a browser's kernel says how it is ended"),
    ],
)

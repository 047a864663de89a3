from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.apis import Surroundings, find_apis, find_cell_apis
from compat_report.model import (
    NOT_CONSTANT,
    Cell,
    CellFacts,
    CellKind,
    Facts,
    Guard,
    Location,
    Notebook,
    Severity,
    Use,
)
from compat_report.rules import watched_names
from compat_report.syntax.facts import read_facts
from compat_report.syntax.watch import Watch

HERE = Location(path="a.ipynb", cell=0, line=1)
WATCH = Watch.of(watched_names())


def facts_of(*sources: str, folder: Path | None = None) -> Facts:
    cells = tuple(
        Cell(index=number, kind=CellKind.CODE, source=source)
        for number, source in enumerate(sources)
    )
    notebook = Notebook(
        path="a.ipynb",
        format="ipynb",
        sha256="",
        folder=str(folder) if folder else None,
        cells=cells,
    )
    return read_facts(notebook, watch=WATCH)


def told(*sources: str, **options: object) -> list[str]:
    found = find_apis(facts_of(*sources), **options)  # type: ignore[arg-type]
    return [f"{f.code} {f.severity} {f.subject}" for f in found]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import threading as t\nt.Thread(target=print).start()", "thread server threading.Thread"),
        ("from threading import Thread as T\nclass W(T): ...", "thread unknown threading.Thread"),
        ("from multiprocessing import Pool\nwith Pool() as p: p.map(str, [])", "process server multiprocessing.Pool"),
        ("import multiprocessing as m\nc = m.get_context()\nc.Pool(2)", "process server multiprocessing.get_context.Pool"),
        ("import subprocess\nsubprocess.run(['ls'])", "subprocess server subprocess.run"),
        ("import os\nos.system('ls')", "os-system server os.system"),
        ("import socket\nsocket.socket()", "socket server socket.socket"),
        ("from http.server import HTTPServer as H\nH(('', 0), None)", "socket-server server http.server.HTTPServer"),
        ("import signal\nsignal.alarm(3)", "absent-name server signal.alarm"),
        ("import hashlib\nhashlib.scrypt(b'')", "key-derivation server hashlib.scrypt"),
        ("import hashlib\nhashlib.new('md4')", "openssl-hash server md4"),
        ("name = input('who? ')", "blocking-input server input"),
        ("breakpoint()", "debugger server breakpoint"),
        ("import asyncio\nasyncio.run(main())", "event-loop warning asyncio.run"),
        ("from zoneinfo import ZoneInfo\nZoneInfo('UTC')", "time-zones server zoneinfo.ZoneInfo"),
        ("import ctypes\nctypes.CDLL('libc.so.6')", "system-library server libc.so.6"),
        ("open('/data/x.csv')", "server-path server /data/x.csv"),
        ("open(r'C:\\data\\x.csv')", "server-path server C:\\data\\x.csv"),
        ("import pandas as pd\npd.read_csv('~/x.csv')", "server-path server ~/x.csv"),
        ("import glob\nglob.glob('/mnt/*')", "server-path unknown /mnt/*"),
        ("import pandas\npandas.read_parquet('s3://b/k')", "remote-storage server s3://b/k"),
        ("import pandas\npandas.read_csv('hdfs://n/k')", "remote-storage server hdfs://n/k"),
        ("import pandas\npandas.read_csv('dbfs:/k')", "server-path server dbfs:/k"),
        ("import urllib.request as u\nu.urlopen('https://a.org')", "url-open server urllib.request.urlopen"),
        ("import urllib.request as u\nu.urlopen(where)", "url-open unknown urllib.request.urlopen"),
        ("import pandas\npandas.read_csv('https://a.org/x')", "url-open server pandas.read_csv"),
        ("import requests\nrequests.get('https://A.org/x')", "cross-origin warning a.org"),
        ("import requests\nrequests.get(url)", "cross-origin warning a host that is not told"),
        ("import psycopg2", "database server psycopg2"),
        ("import mysql.connector", "database server mysql"),
        ("from sqlalchemy import create_engine\ncreate_engine('mysql://h/d')", "database-address server sqlalchemy.create_engine"),
        ("from sqlalchemy import create_engine\ncreate_engine(url)", "database-address unknown sqlalchemy.create_engine"),
        ("from pyspark.sql import SparkSession", "spark server pyspark"),
        ("from dask.distributed import Client", "cluster server dask.distributed"),
        ("import torch\ntorch.device('cuda:0')", "gpu server torch.device"),
        ("import torch\nm = torch.nn.Linear(1, 1)\nm.to('cuda')", "gpu server torch.nn.Linear.to"),
        ("import torch\nm = torch.nn.Linear(1, 1)\nm.cuda()", "gpu server torch.nn.Linear.cuda"),
        ("import torch\ntorch.cuda.is_available()", "gpu info torch.cuda.is_available"),
        ("import boto3", "cloud-service unknown boto3"),
        ("import google.cloud.storage", "cloud-service unknown google.cloud"),
        ("import selenium", "browser-driver server selenium"),
        ("import cv2\ncv2.imshow('a', b)", "desktop server cv2.imshow"),
        ("import matplotlib\nmatplotlib.use('TkAgg')", "window-backend server TkAgg"),
        ("import cv2\ncv2.VideoCapture(0)", "device server cv2.VideoCapture"),
        ("import joblib\njoblib.Parallel(n_jobs=-1)", "one-at-a-time warning joblib.Parallel"),
        ("import os\nos.cpu_count()", "one-processor info os.cpu_count"),
        ("import os\nos.getenv('TOKEN')", "environment-variable warning TOKEN"),
        ("import socket\nsocket.gethostname()", "own-answer warning socket.gethostname"),
        ("import google.colab", "hosted-service server google.colab"),
    ],
)  # fmt: skip
def test_what_a_browser_cannot_do(source: str, expected: str) -> None:
    assert expected in told(source)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "import asyncio\nawait asyncio.to_thread(print)",
        "from tqdm import tqdm\nlist(tqdm(range(3)))",
        "import ipywidgets as w\nw.IntSlider()",
        "import threading\nlock = threading.Lock()",
        "import queue\nqueue.Queue()",
        "import subprocess\nsubprocess.PIPE",
        "import os\nos.getuid()\nos.environ.get('HOME')",
        "open('data.csv')\nopen('/tmp/x', 'w')\nopen('/dev/null')",
        "import pandas as pd\npd.read_csv('data/x.csv')\npd.read_csv(path)",
        "import sqlite3\nsqlite3.connect(':memory:')",
        "from sqlalchemy import create_engine\ncreate_engine('sqlite:///x.db')",
        "import ctypes\nctypes.c_int(3)",
        "import hashlib\nhashlib.new('sha256')",
        "import matplotlib\nmatplotlib.use('Agg')",
        "import joblib\njoblib.Parallel(n_jobs=1)",
        "import torch\ntorch.device('cpu')",
        "import cv2\ncv2.VideoCapture('film.mp4')",
        "import urllib.request as u\nu.urlopen('data:,x')",
        "text = 'os.system(1); threading.Thread()'\n# input()",
        "def input(prompt): return 'x'\ninput('who?')",
        "import pysparkling",
        "import google.protobuf",
    ],
)
def test_what_works_is_not_told_of(source: str) -> None:
    assert told(source) == []


def test_a_guard_leaves_less_of_a_severity() -> None:
    optional = "try:\n    import psycopg2\nexcept ImportError:\n    psycopg2 = None"
    elsewhere = "import sys, os\nif sys.platform != 'emscripten':\n    os.system('ls')"
    lazy = "import os\ndef later():\n    os.system('ls')"
    assert told(optional) == ["database info psycopg2"]
    assert told(elsewhere) == ["os-system info os.system"]
    assert told(lazy) == ["os-system warning os.system"]
    assert "os-system server os.system" in told(lazy, "later()")


def test_no_try_is_a_guard_against_what_raises_nothing() -> None:
    tried = "import os, subprocess\ntry:\n    {}\nexcept Exception:\n    pass"
    assert told(tried.format("subprocess.run('ls')")) == ["subprocess info subprocess.run"]
    assert told(tried.format("os.system('ls')")) == ["os-system server os.system"]


def test_what_a_notebook_goes_on_without_is_no_hindrance() -> None:
    guarded = "try:\n    import redis\nexcept ImportError:\n    redis = None"
    used = "if redis:\n    redis.Redis()"
    assert told(guarded, used) == ["database info redis", "database warning redis"]
    assert "database server redis" in told(guarded, used, "import redis")
    assert told("try:\n    import os\nexcept ImportError: ...\nos.system('a')") == [
        "os-system server os.system"
    ]


@pytest.mark.parametrize("guard", list(Guard))
@pytest.mark.parametrize("name", ["os.system", "asyncio.run", "os.cpu_count"])
def test_no_guard_makes_a_finding_graver(name: str, guard: Guard) -> None:
    order = ["info", "warning", "unknown", "server"]
    bare, guarded = (
        find_cell_apis(
            CellFacts(index=0, uses=(Use(name=name, location=HERE, called=True, guard=g),)),
            Surroundings(),
        )[0]
        for g in (Guard.NONE, guard)
    )
    assert order.index(guarded.severity) <= order.index(bare.severity)


def test_the_kernel_changes_the_answer() -> None:
    assert told("input()") == ["blocking-input server input"]
    assert told("input()", kernel="pyodide-kernel 0.8.7") == ["blocking-input info input"]
    assert told("breakpoint()", kernel="pyodide-kernel 0.8.7") == ["debugger server breakpoint"]


def test_what_cures_is_looked_for_in_the_whole_notebook() -> None:
    zone = "from zoneinfo import ZoneInfo\nZoneInfo('UTC')"
    assert told(zone, "%pip install tzdata") == ["time-zones info zoneinfo.ZoneInfo"]
    assert told(zone, installed={"tzdata"}) == ["time-zones info zoneinfo.ZoneInfo"]
    # The releases' lock files have pandas without it.
    assert told(zone, "import pandas") == ["time-zones server zoneinfo.ZoneInfo"]
    opened = "import urllib.request as u\nu.urlopen('https://a.org')"
    patched = "import pyodide_http\npyodide_http.patch_all()"
    assert told(patched, opened) == ["url-open info urllib.request.urlopen"]


def test_a_host_that_is_known_to_allow_others_is_not_warned_of() -> None:
    asked = "import requests\nrequests.get('https://api.example.org/x')"
    assert told(asked) == ["cross-origin warning api.example.org"]
    for known in ({"api.example.org"}, {"*.example.org"}):
        assert told(asked, hosts=known) == ["cross-origin info api.example.org"]
    assert told(asked, hosts={"*.api.example.org"}) == ["cross-origin warning api.example.org"]


def test_a_module_of_the_notebooks_own_is_not_the_package_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "redis.py").write_text("def get(): return 1\n")
    found = find_apis(facts_of("import redis\nredis.get()", folder=tmp_path))
    assert found == ()


def test_findings_stand_where_the_use_stands_and_once() -> None:
    found = find_apis(facts_of("x = 1", "import os\n\nos.system('a'); os.system('b')"))
    assert [(f.location.cell, f.location.line, f.location.column) for f in found] == [
        (1, 3, 0),
        (1, 3, 16),
    ]


def test_a_password_in_an_address_is_not_repeated() -> None:
    (found,) = find_apis(
        facts_of("import sqlalchemy as s\ns.create_engine('postgresql://me:secret@h/d')")
    )
    assert "secret" not in found.message
    assert "postgresql://me:…@h/d" in found.message


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.just(NOT_CONSTANT),
)


@given(
    name=st.sampled_from(sorted(n for n in watched_names() if not n.endswith(".*"))),
    arguments=st.lists(st.one_of(values, st.tuples(values, values)), max_size=3),
    keywords=st.dictionaries(st.sampled_from(["url", "path", "n_jobs", "name", "io"]), values),
    called=st.booleans(),
)
def test_any_arguments_are_looked_at(
    name: str, arguments: list[object], keywords: dict[str, object], *, called: bool
) -> None:
    use = Use(
        name=name,
        location=HERE,
        called=called,
        arguments=tuple(arguments),
        keywords=tuple(keywords.items()),
    )
    for finding in find_cell_apis(CellFacts(index=0, uses=(use,)), Surroundings()):
        assert finding.severity in Severity
        assert finding.subject
        assert finding.message

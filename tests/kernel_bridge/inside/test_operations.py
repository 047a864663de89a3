"""The operations of a real ipykernel, as a page asks them."""

import io

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from channels import KernelChannel, Said
from pyarrow import parquet


def test_state_goes_out_and_in_again_in_parts(kernel: KernelChannel) -> None:
    kernel.run("import pandas as pd\ndf = pd.DataFrame({'x': range(500_000)}); same = [df]")
    taken = kernel.ask("snapshot", {"names": ["df", "same"]})
    assert not taken.result["left"]
    kernel.run("del df, same")
    whole = b"".join(taken.buffers)
    step = 1 << 20
    for start in range(0, len(whole), step):
        kernel.tell({"id": "r", "part": True}, [whole[start : start + step]])
    sizes = [len(piece) for piece in taken.buffers]
    args = {"carried": taken.result["carried"]}
    kernel.tell({"id": "r", "op": "restore", "args": args, "sizes": sizes})
    assert kernel.answer("r").result == {"restored": ["df", "same"], "failed": []}
    assert kernel.run("print(same[0] is df, df.x.sum())") == "True 124999750000\n"


def test_memory(kernel: KernelChannel) -> None:
    told = kernel.ask("memory").result
    assert 0 < told["used"] < told["limit"]


def test_missing_and_install(kernel: KernelChannel) -> None:
    code = "%time import no_such\nimport json"
    assert kernel.ask("missing", {"code": code}).result == {"missing": ["no_such"]}
    refused = kernel.ask("install", {"imports": ["no_such"]}).data
    assert refused["error"] == "NotHere"
    assert refused["advice"] == "run %pip install in a cell"


def test_analysis_knows_the_notebook(kernel: KernelChannel) -> None:
    kernel.run("import subprocess as sp")
    told = kernel.ask("analyse", {"code": "%time y = sp.run(x)"}).result
    assert told["reads"] == ["sp", "x"]
    assert [effect["kind"] for effect in told["effects"]] == ["process"]
    told = kernel.ask("analyse", {"code": "open('x', 'w')"}).result
    assert [effect["kind"] for effect in told["effects"]] == ["write"]
    planned = kernel.ask(
        "plan_replay", {"cells": [{"id": "a", "source": "g = iter([])"}], "names": ["g"]}
    ).result
    assert [cell["index"] for cell in planned["cells"]] == [0]


def test_assign(kernel: KernelChannel) -> None:
    table = pa.table({"n": [1, None], "s": ["a", None], "t": pa.array([1, 2], pa.timestamp("s"))})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    told = kernel.ask("assign", {"name": "got", "form": "arrow"}, [sink.getvalue()])
    assert told.result == {"name": "got", "type": "DataFrame", "shape": [2, 3]}
    types = kernel.run("print(*got.dtypes.astype(str), got.n.isna().sum(), got.s.isna().sum())")
    assert types == "Int64 str datetime64[s] 1 1\n"
    kernel.ask("assign", {"name": "j", "form": "json", "value": {"a": [1]}})
    kernel.ask("assign", {"name": "k", "form": "json"}, [b"[2]"])
    kernel.ask("assign", {"name": "b", "form": "bytes"}, [b"\x00"])
    assert kernel.run("print(j, k, b)") == "{'a': [1]} [2] b'\\x00'\n"


@pytest.mark.parametrize(
    ("args", "buffers", "message"),
    [
        ({"name": "a b", "form": "json"}, [], "'a b' is not a name of Python"),
        ({"name": "a", "form": "arrow"}, [], "a value of the form 'arrow' comes in one buffer"),
        ({"name": "a", "form": "arrow"}, [b"no"], "these bytes are no stream of Arrow"),
        ({"name": "a", "form": "json"}, [b"{"], "Expecting property name"),
        ({"name": "a", "form": "pickle"}, [b""], "there is no form 'pickle'"),
    ],
)
def test_what_cannot_be_assigned(
    kernel: KernelChannel, args: dict[str, str], buffers: list[bytes], message: str
) -> None:
    said = kernel.ask("assign", args, buffers).data
    assert said["error"] == "BadArguments"
    assert said["message"].startswith(message)


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_a_frame_in_chunks(kernel: KernelChannel, form: str) -> None:
    kernel.run(
        "big = pd.DataFrame({'n': range(100_000), 's': ['text'] * 100_000,"
        " 'c': pd.Categorical(['a', None] * 50_000)}, index=pd.RangeIndex(100_000, name='k'))"
    )
    opened = kernel.ask("open", {"name": "big", "form": form, "chunk": 1 << 20}).result
    assert opened["rows"] == 100_000
    chunks = []
    while not (said := kernel.ask("read", {"stream": opened["stream"]})).result["done"]:
        chunks += said.buffers
    assert len(chunks) >= 3
    assert max(map(len, chunks)) < 4 << 20
    data = io.BytesIO(b"".join(chunks))
    table = pa.ipc.open_stream(data).read_all() if form == "arrow" else parquet.read_table(data)
    frame = table.to_pandas()
    assert list(frame.columns) == ["k", "n", "s", "c"]
    assert frame["n"].sum() == 4999950000
    assert frame["c"].isna().sum() == 50_000
    assert kernel.ask("read", {"stream": opened["stream"]}).data["error"] == "BadArguments"


def test_chunks_whose_bytes_or_hashes_nobody_wants(kernel: KernelChannel) -> None:
    kernel.run("import pandas as pd; few = pd.DataFrame({'n': range(50_000), 'm': 1, 'o': 2})")

    def told(**wanted: bool) -> tuple[list[str], list[int], bytes]:
        asked = {"name": "few", "chunk": 1 << 18, "columns": ["n", "m"]}
        stream = kernel.ask("open", asked).result["stream"]
        said: list[Said] = []
        while not said or not said[-1].result["done"]:
            said.append(kernel.ask("read", {"stream": stream, **wanted}))
        sizes = [one.result["size"] for one in said]
        data = b"".join(piece for one in said for piece in one.buffers)
        return [one.result["sha256"] for one in said], sizes, data

    digests, sizes, data = told()
    assert len(digests) > 3
    assert sum(sizes) == len(data)
    assert pa.ipc.open_stream(data).read_all().column_names == ["n", "m"]
    assert told(bytes=False) == (digests, sizes, b"")
    assert told(sha256=False)[1:] == (sizes, data)


def test_streams_that_cannot_be_opened(kernel: KernelChannel) -> None:
    kernel.run("number = 1; mixed = pd.DataFrame({'m': [1, 'a', []]})")
    errors = {}
    for name in ("nothing", "number", "mixed"):
        said = kernel.ask("open", {"name": name}).data
        if said["ok"]:
            said = kernel.ask("read", {"stream": said["result"]["stream"]}).data
        errors[name] = said["message"]
    assert errors["nothing"] == "the notebook has no nothing"
    assert errors["number"] == "number is a int, not a data frame of pandas"
    assert errors["mixed"].startswith("the column m has values of no single type")
    opened = kernel.ask("open", {"name": "mixed"}).result["stream"]
    assert kernel.ask("close", {"stream": opened}).result == {}

"""How long `%%sql` of 100,000 rows takes in a server kernel, and the same query by ADBC there.

.venv/bin/python -m bench.gateway
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from channels import KernelChannel
from jupyter_client.blocking.client import BlockingKernelClient
from labs import serve_lab
from services import run_postgres

ROUNDS = 7
QUERY = (
    "SELECT i, 'customer ' || i % 1000 AS name, i * 1.5::float8 AS amount, "
    "date '2024-01-01' + i % 365 AS day FROM generate_series(1, 100000) AS t(i)"
)
DIRECT = """
import time, io, contextlib, statistics
import adbc_driver_postgresql.dbapi as adbc
def direct(connection=None):
    with contextlib.ExitStack() as stack:
        if connection is None:
            connection = stack.enter_context(adbc.connect({dsn!r}))
        cursor = stack.enter_context(connection.cursor())
        cursor.execute({query!r})
        return cursor.fetch_arrow_table().to_pandas()
def gateway():
    with contextlib.redirect_stdout(io.StringIO()):
        get_ipython().run_cell_magic("sql", "df << --on warehouse", {query!r})
    return df
def bound():
    with contextlib.redirect_stdout(io.StringIO()):
        get_ipython().run_cell_magic(
            "sql", "df << --on warehouse --param least=0", {query!r} + " WHERE i > :least"
        )
    return df
def measure(what):
    assert len(what()) == 100_000
    taken = []
    for _ in range({rounds}):
        begun = time.perf_counter(); what(); taken.append(time.perf_counter() - begun)
    return f"{{min(taken):.3f}} s best, {{statistics.median(taken):.3f}} s median"
"""
MEASURE = """
print("gateway, %%sql           ", measure(gateway))
print("gateway, %%sql, one value", measure(bound))
print("adbc, a new connection   ", measure(direct))
kept = adbc.connect({dsn!r})
print("adbc, a kept connection  ", measure(lambda: direct(kept)))
"""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as made, run_postgres() as postgres:
        folder = Path(made)
        dsn = postgres.new_database()
        (folder / "dsn").write_text(dsn)
        services = {"warehouse": {"kind": "postgresql", "dsn-file": str(folder / "dsn")}}
        with serve_lab(folder, {"hosts": ["127.0.0.1"], "services": services}) as lab:
            with lab.client as client:
                asked = {"name": "python3"}
                identity = client.post("/api/kernels", json=asked).json()["id"]
            file = folder / "runtime" / f"kernel-{identity}.json"
            told = BlockingKernelClient(connection_file=str(file))
            told.load_connection_file()
            told.start_channels(hb=False)
            told.kernel_info(reply=True, timeout=120)
            kernel = KernelChannel(told)
            kernel.run("%load_ext kernel_bridge.inside")
            kernel.run(DIRECT.format(dsn=dsn, query=QUERY, rounds=ROUNDS))
            print(kernel.run(MEASURE.format(dsn=dsn)), end="")
            told.stop_channels()


if __name__ == "__main__":
    main()

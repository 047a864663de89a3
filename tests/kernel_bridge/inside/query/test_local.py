import datetime as dt
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from kernel_bridge.inside.query.errors import QueryError
from kernel_bridge.inside.query.local import query_files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("n,day\n1,2024-01-01\n2,2024-01-02\n,2024-01-03\n")
    return tmp_path


def test_a_file_of_the_kernels_folder_becomes_a_frame(folder: Path) -> None:
    values = {"least": pd.Timestamp("2024-01-02"), "some": np.array([1, 2]), "no": pd.NaT}
    frame, truncated = query_files(
        "SELECT n, :no AS no FROM 'a.csv' WHERE day >= :least AND (n IS NULL OR n = ANY(:some))",
        values,
        None,
    )
    assert not truncated
    assert str(frame.n.dtype) == "Int64"
    assert frame.n.isna().tolist() == [False, True]


def test_the_first_rows_alone(folder: Path) -> None:
    frame, truncated = query_files("FROM range(100000)", {}, 9000)
    assert (len(frame), truncated) == (9000, True)
    frame, truncated = query_files("FROM range(9000)", {}, 9000)
    assert (len(frame), truncated) == (9000, False)


def test_times_are_of_utc_wherever_the_machine_is(folder: Path) -> None:
    moment = dt.datetime(2024, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    frame, _ = query_files("SELECT :at AS at", {"at": moment}, None)
    assert str(frame["at"].dtype) == "datetime64[us, UTC]"
    assert frame["at"].iloc[0] == pd.Timestamp(moment)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("FROM 'none.csv'", "none.csv"),
        ("FROM 'http://127.0.0.1:9/a.csv'", "httpfs"),
        ("COPY (SELECT 1) TO 'b.csv'", "not one query that reads"),
        ("SELECT 1; SELECT 2", "not one query that reads"),
        ("FROM folder", "folder"),
        ("SELEC 1", "SELEC"),
    ],
)
def test_what_is_no_query_of_files_is_refused(folder: Path, sql: str, message: str) -> None:
    with pytest.raises(QueryError) as refused:
        query_files(sql, {}, None)
    assert message in str(refused.value)
    assert [path.name for path in folder.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("number", range(12))
def test_an_interrupt_ends_a_query_whatever_it_is_at(number: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        interrupted(number / 100)


def interrupted(seconds: float) -> None:
    endless = "SELECT count(*) FROM range(3000000) a(i), range(3000000) b(j) WHERE i * j % 7 = 3"
    threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT]).start()
    query_files(endless, {}, None)

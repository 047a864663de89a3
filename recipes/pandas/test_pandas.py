"""One table of each kind that pandas is taken for, each with an answer known otherwise."""

import io
import sys

import numpy as np
import pandas as pd
import pytest

SALES = """\
day,shop,item,price
2024-02-27,north,tea,2.50
2024-02-28,south,tea,3.50
2024-02-28,north,"coffee, black",4.00
2024-03-01,south,,1.25
"""


@pytest.fixture
def sales() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(SALES), parse_dates=["day"])


@pytest.mark.parametrize("engine", ["c", "python"])
def test_read_csv_knows_dates_quotes_and_gaps(engine):
    table = pd.read_csv(io.StringIO(SALES), parse_dates=["day"], engine=engine)
    assert table.shape == (4, 4)
    assert table["day"].dtype.kind == "M"
    assert table["price"].dtype == np.float64
    assert table["item"].tolist()[:3] == ["tea", "tea", "coffee, black"]
    assert table["item"].isna().tolist() == [False, False, False, True]
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)), parse_dates=["day"], engine=engine)
    pd.testing.assert_frame_equal(again, table)


def test_groupby_adds_up(sales):
    found = sales.groupby("shop")["price"].agg(["sum", "mean", "count"])
    assert found.loc["north"].tolist() == [6.5, 3.25, 2]
    assert found.loc["south"].tolist() == [4.75, 2.375, 2]
    assert sales.groupby("item")["price"].sum().to_dict() == {"tea": 6.0, "coffee, black": 4.0}
    assert sales.groupby("item", dropna=False).size().tolist() == [1, 2, 1]


def test_groupby_is_numpys_on_many_rows():
    rng = np.random.default_rng(7)
    key, value = rng.integers(0, 50, 100_000), rng.normal(size=100_000)
    found = pd.DataFrame({"key": key, "value": value}).groupby("key")["value"].sum()
    np.testing.assert_allclose(found, np.bincount(key, weights=value), rtol=1e-12)


def test_merge_keeps_what_it_is_told_to_keep(sales):
    towns = pd.DataFrame({"shop": ["north", "east"], "town": ["Kiel", "Görlitz"]})
    assert sales.merge(towns, on="shop")["town"].tolist() == ["Kiel", "Kiel"]
    outer = sales.merge(towns, on="shop", how="outer", indicator=True)
    assert outer["_merge"].value_counts().to_dict() == {
        "both": 2,
        "left_only": 2,
        "right_only": 1,
    }
    near = pd.merge_asof(
        sales, pd.DataFrame({"day": pd.to_datetime(["2024-02-28"]), "rate": [1.5]}), on="day"
    )
    assert near["rate"].fillna(0).tolist() == [0, 1.5, 1.5, 1.5]


def test_resample_fills_the_days_between(sales):
    daily = sales.set_index("day")["price"].resample("D").sum()
    assert daily.tolist() == [2.5, 7.5, 0.0, 1.25], "a leap year"
    assert daily.index[2] == pd.Timestamp("2024-02-29")
    monthly = sales.set_index("day")["price"].resample("MS").mean()
    assert monthly.tolist() == [10 / 3, 1.25]
    assert daily.rolling(2).sum().tolist()[1:] == [10.0, 7.5, 1.25]


def test_time_zones_are_at_hand():
    berlin = pd.Timestamp("2024-03-31 01:30", tz="Europe/Berlin")
    assert (berlin + pd.Timedelta(hours=1)).hour == 3, "summer time begins"
    days = pd.date_range("2024-03-30", periods=3, tz="America/New_York").tz_convert("UTC")
    assert days.hour.tolist() == [4, 4, 4]


def test_pivot_and_strings(sales):
    wide = sales.pivot_table(index="day", columns="shop", values="price", aggfunc="sum")
    assert wide.loc["2024-02-28"].to_dict() == {"north": 4.0, "south": 3.5}
    assert sales["item"].str.extract(r"(\w+), (\w+)").iloc[2].tolist() == ["coffee", "black"]


def test_json_round_trip(sales):
    text = sales.to_json(orient="table", index=False)
    again = pd.read_json(io.StringIO(text), orient="table")
    assert again["price"].tolist() == sales["price"].tolist()


@pytest.mark.skipif(sys.platform != "emscripten", reason="this Python may have an engine")
def test_parquet_says_what_it_lacks(sales, tmp_path):
    with pytest.raises(ImportError) as caught:
        sales.to_parquet(tmp_path / "sales.parquet")
    for engine in ("pyarrow", "fastparquet"):
        assert engine in str(caught.value)
    assert not (tmp_path / "sales.parquet").exists()

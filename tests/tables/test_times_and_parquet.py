"""Times of tables, and what Parquet files hold."""

from __future__ import annotations

import datetime as dt
import decimal
import re

import numpy as np
import pyarrow as pa
import pytest

TIMED = {"user": "u", "item": "i", "timestamp": "t"}


@pytest.mark.parametrize(
    ("usual", "other", "time"),
    [
        ("1397037069", "1397037069000", "s"),
        ("1397037069000", "1397037069", "ms"),
        ("1397037069000000000", "1397037069", "ns"),
    ],
)
def test_mixed_units_of_time_name_both_lines(refused, usual, other, time):
    data = f"u,i,t\na,x,{usual}\nb,x,{usual}\nc,x,{other}\n"
    for policy in ("stop", "drop"):
        line = refused(data, columns=TIMED, time=time, on_bad_row=policy)
        assert re.search(
            rf"line 4, column t: times count different units: {other} \(\w+\) here, {usual} \(\w+\) in line 2;", line
        )


def test_times_that_grow_from_nothing_are_not_mixed(read):
    moments = [0, 10**6, 10**9, 2 * 10**10, 10**11, 10**12]
    data = "u,i,t\n" + "".join(f"a,x{at},{moment}\n" for at, moment in enumerate(moments))
    assert read(data, columns=TIMED, time="ms").frame["timestamp"].tolist() == [one // 1000 for one in moments]


def test_written_times_name_their_bad_cell(refused):
    data = "u,i,t\na,x,2014-04-07T10:51:09.277Z\nb,x,last week\n"
    assert "line 3, column t: 'last week' is no time written like iso; correct" in refused(
        data, columns=TIMED, time="iso"
    )


@pytest.mark.parametrize(
    ("column", "time"),
    [
        (pa.array([1396867869], pa.int64()), "s"),
        (pa.array([1396867869277], pa.int64()), "ms"),
        (pa.array([1396867869277123456], pa.int64()), "ns"),
        (pa.array([1396867869277123456], pa.uint64()), "ns"),
        (pa.array([1396867869.9]), "s"),
        (pa.array(["1396867869"]), "s"),
        (pa.array(["2014-04-07T12:51:09+02:00"]), "iso"),
        *(
            (pa.array([dt.datetime(2014, 4, 7, 10, 51, 9, tzinfo=dt.UTC)], pa.timestamp(unit, "UTC")), "s")
            for unit in ("s", "ms", "us", "ns")
        ),
        (pa.array([dt.datetime(2014, 4, 7, 10, 51, 9)], pa.timestamp("us")), "iso"),  # noqa: DTZ001 - a local time
        (pa.array([dt.datetime(2014, 4, 7, 10, 51, 9, tzinfo=dt.UTC)], pa.timestamp("ms", "Asia/Tokyo")), "iso"),
    ],
)
def test_times_of_parquet_are_read(read, column, time):
    rows = read(pa.table({"u": ["a"], "i": ["x"], "t": column}), "a.parquet", columns=TIMED, time=time)
    assert rows.frame["timestamp"].tolist() == [1396867869]


@pytest.mark.parametrize(
    "column", [pa.array([dt.date(2014, 4, 7)]), pa.array([dt.date(2014, 4, 7)], pa.date64()), pa.array([20140407])]
)
def test_days_of_parquet_are_read(read, column):
    rows = read(pa.table({"u": ["a"], "i": ["x"], "t": column}), "a.parquet", columns=TIMED, time="%Y%m%d")
    assert rows.frame["timestamp"].tolist() == [1396828800]


def test_days_as_numbers_are_read_from_json_and_csv(read):
    for data, name in (('{"u": 1, "i": 2, "t": 20140407}', "a.jsonl"), ("u,i,t\n1,2,20140407\n", "a.csv")):
        assert read(data, name, columns=TIMED, time="%Y%m%d").frame["timestamp"].tolist() == [1396828800]


def test_empty_and_impossible_times_of_parquet(read, refused):
    moments = [dt.datetime(2014, 4, 7, tzinfo=dt.UTC), None, dt.datetime(1960, 1, 1, tzinfo=dt.UTC)]
    table = pa.table({"u": ["a", "b", "c"], "i": ["x"] * 3, "t": pa.array(moments, pa.timestamp("us", "UTC"))})
    line = refused(table, "a.parquet", columns=TIMED)
    assert "row 2, column t: is empty (1 row)" in line
    assert "row 3, column t: '-315619200' is a time before 1970" in line
    assert read(table, "a.parquet", columns=TIMED, on_bad_row="drop").frame["timestamp"].tolist() == [1396828800]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array([True, False]), [1.0, 0.0]),
        (pa.array([decimal.Decimal("3.50"), decimal.Decimal(4)]), [3.5, 4.0]),
        (pa.array([3, 4], pa.uint8()), [3.0, 4.0]),
        (pa.array([2**60, 1], pa.int64()), [2.0**60, 1.0]),
        (pa.array(["3.0", "yes"]), [3.0, 1.0]),
        (pa.array(["3.0", "4"]).dictionary_encode(), [3.0, 4.0]),
        (pa.array([0.5, 2], pa.float32()), [0.5, 2.0]),
    ],
)
def test_values_of_parquet_are_read(read, column, values):
    rows = read(pa.table({"u": ["a", "b"], "i": ["x", "y"], "v": column}), "a.parquet")
    assert rows.frame["value"].tolist() == values


def test_bad_values_of_parquet_are_named(refused):
    def said(column):
        return refused(pa.table({"u": ["a", "b"], "i": ["x", "y"], "v": column}), "a.parquet")

    assert "row 2, column v: is empty; fill" in said(pa.array([1, None]))
    assert "row 2, column v: is no finite number" in said(pa.array([1.0, np.nan]))
    assert "row 1, column v: '2014-04-07' is not a number" in said(pa.array([dt.date(2014, 4, 7)] * 2))
    assert "column v: holds struct" in said(pa.array([{"a": 1}] * 2))


def test_lists_in_parquet_are_named_or_taken_apart(read, refused):
    table = pa.table({"u": ["a", "b"], "i": [["x", "y"], ["z"]], "v": [1, 2]})
    assert "column i: holds lists; one row per item is needed: say explode" in refused(table, "a.parquet")
    assert read(table, "a.parquet", explode=",").frame["item"].tolist() == ["x,y", "z"]
    genres = read(table, "a.parquet", columns={"user": "u", "item": "u", "genres": "i"})
    assert genres.frame["genres"].tolist() == ["x, y", "z"]


def test_whole_ids_that_parquet_keeps_as_floats_are_whole(read):
    ids = pa.array([7.0, None, 2e15])
    rows = read(pa.table({"u": ids, "i": ["x", "y", "z"], "v": [1, 2, 3]}), "a.parquet")
    assert rows.frame["user"].tolist()[::2] == ["7", "2000000000000000"]

"""Bad cells: all kinds are told at once; rows are dropped only where that was said, and are counted."""

from __future__ import annotations

import re

import pytest

from benchsuite.errors import DataError
from benchsuite_datasets.file_source import FileSource
from support.real_shapes import valued
from support.table_verdicts import rows_read

HEAD = "user,item,rating,timestamp\n"
BAD = HEAD + "a,x,5,881250949\nb,x,good,881250950\nb,y,4,soon\nc,y,3,881250951\nc,x,bad,881250952\nd,x,4,881250953\n"


def load(put, here, data, **given):
    folder = put({"r.csv": data})
    return rows_read(FileSource(path=str(folder / "r.csv"), **given).load(here[0]))


def test_all_kinds_of_bad_cells_are_told_at_once(put, here):
    with pytest.raises(DataError) as caught:
        load(put, here, BAD)
    line = str(caught.value)
    assert "\n" not in line
    for part in ("line 3", "line 4", "rating", "timestamp", "good", "soon"):
        assert part in line, f"{part} is not in {line}"
    assert re.search(r"on[-_]bad[-_]row", line)


def test_bad_rows_are_dropped_where_that_is_said(put, here):
    found = load(put, here, BAD, on_bad_row="drop")
    assert found == [("a", "x", 5, 881_250_949), ("c", "y", 3, 881_250_951), ("d", "x", 4, 881_250_953)]
    said = "\n".join(here[1])
    assert re.search(r"\b3 rows?\b|\b3 of 6\b|\b3 bad\b", said), said


def test_rows_of_another_length_are_dropped_where_that_is_said(put, here):
    data = "user,item,rating\na,x,5\nb,x\nc,y,3,9\nd,x,4\n"
    with pytest.raises(DataError, match=r"line 3.*"):
        load(put, here, data)
    assert load(put, here, data, on_bad_row="drop") == valued(("a", "x", 5), ("d", "x", 4))


def test_empty_values_are_refused_or_dropped_and_counted(put, here):
    data = "user,item,rating\na,x,5\nb,x,\nc,y,\nd,x,4\n"
    with pytest.raises(DataError) as caught:
        load(put, here, data)
    assert re.search("line 3|2 ", str(caught.value))
    assert "missing" in caught.value.remedy
    assert load(put, here, data, missing="drop") == valued(("a", "x", 5), ("d", "x", 4))
    assert any(re.search(r"\b2\b", line) for line in here[1])


def test_a_wrong_guess_of_times_can_be_refused(put, here):
    data = "user,item,rating,when\na,x,5,12\nb,x,4,31\nb,y,3,7\n"
    assert load(put, here, data, timestamp="none") == valued(("a", "x", 5), ("b", "x", 4), ("b", "y", 3))


def test_times_must_be_times_where_they_were_said(put, here):
    """Cells decide, but what a person says is not dropped silently."""
    data = "user,item,rating,Time\na,x,5,Weekend\nb,x,4,Weekday\nb,y,3,Weekend\n"
    with pytest.raises(DataError, match=r"Weekend|Time"):
        load(put, here, data, timestamp="Time")
    assert load(put, here, data) == valued(("a", "x", 5), ("b", "x", 4), ("b", "y", 3))
    assert any("Time" in line for line in here[1]), "what was seen and ignored is named"


def test_trimmed_ids_are_counted(put, here):
    data = "user,item,rating\nuser 5,x,5\nuser 5 ,y,4\n user 6,x,1\n"
    assert load(put, here, data) == valued(("user 5", "x", 5), ("user 5", "y", 4), ("user 6", "x", 1))
    assert any("trimmed" in line and re.search(r"\b2\b", line) for line in here[1]), here[1]

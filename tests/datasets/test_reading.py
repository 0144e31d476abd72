from __future__ import annotations

import contextlib
import gzip
import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchsuite.errors import DataError
from benchsuite_datasets.card import Behaviour, Layout
from benchsuite_datasets.frames import read_layout
from benchsuite_datasets.upstream import File
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.table_rows import read_rows
from benchsuite_tables.text_file import BLOCK, LONGEST, TextFile

FIRST_TIMES = {"iso": "2001-01-01", "%d-%m-%Y": "01-01-2001", "%Y%m%d": "20010101"}
GOOD = b"u,i,v\n" + b"".join(b"u%d,i%d,%d\n" % (n, n % 5, n % 5 + 1) for n in range(1, 31))


def rows(frame: pd.DataFrame) -> list[tuple[str, str, float]]:
    return list(zip(frame["user"], frame["item"], frame["value"], strict=True))


def replace_line(number: int, line: bytes, data: bytes = GOOD) -> bytes:
    lines = data.split(b"\n")
    lines[number - 1] = line
    return b"\n".join(lines)


def test_a_plain_table_is_read_in_order(read):
    frame = read(GOOD)
    assert len(frame) == 30
    assert rows(frame)[:2] == [("u1", "i1", 2.0), ("u2", "i2", 3.0)]
    assert frame["value"].dtype == np.float64
    assert (frame["behaviour"] == 0).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (replace_line(1, b"u,ii,v"), 'line 1: column "i" is missing; did you mean "ii"?'),
        (replace_line(1, b"u,i,i"), 'line 1: column "v" is missing; known: i, u'),
        (replace_line(1, b"u,i,v,v"), 'line 1: column "v" is there twice; rename one'),
        (replace_line(17, b"u16,i1,four"), "line 17, column v: 'four' is not a number; correct the cell"),
        (replace_line(17, b"u16,i1,1_000"), "line 17, column v: '1_000' is not a number; correct the cell"),
        (replace_line(17, b"u16,i1"), "line 17: 2 columns instead of 3; correct the row"),
        (replace_line(17, b"u16,i1,4,5"), "line 17: 4 columns instead of 3; correct the row"),
        (replace_line(17, b'u16,"i1,4'), "line 17: a quote is opened and never closed; close the quote, or say quote"),
        (replace_line(17, b"u16,i1,nan"), "line 17, column v: is no finite number; correct the cell"),
        (replace_line(17, b"u16,i1,inf"), "line 17, column v: is no finite number; correct the cell"),
        (replace_line(17, b"u16,i1,1e39"), "line 17, column v: is no finite number; correct the cell"),
        (replace_line(17, b"u16,i1,"), "line 17, column v: is empty; fill the cell, or say missing"),
        (replace_line(17, b"u\xff16,i1,4"), "line 17: is not utf-8; say encoding = "),
        (replace_line(1, b"u,i,v,\xff"), "line 1: is not utf-8; say encoding = "),
        (replace_line(17, b"u\x0016,i1,4"), "line 17, column u: holds a NUL byte; correct the cell"),
        (replace_line(17, b"u16," + b"x" * (LONGEST + 1) + b",4"), "line 17: a cell is longer than 131,072 characters"),
        (replace_line(17, b"u16," + b"x" * 10**7 + b",4"), "line 17: a cell is longer than 131,072 characters"),
        (b"x" * (BLOCK + 1), "line 1: is longer than 16 million characters"),
        (GOOD + b"u99," + b"x" * (BLOCK + 1) + b",4\n", "line 32: is longer than 16 million characters"),
        (b"", "is empty; replace the file by a sound copy"),
        (b"\n\n", "the first line is empty"),
        (b"u,i,v\n", "holds no rows; replace the file by a sound copy"),
        (b"u,i,v\r\n\r\n", "holds no rows"),
    ],
)
def test_a_bad_table_gives_one_line_with_its_place(read, tmp_path, data, message):
    with pytest.raises(DataError) as caught:
        read(data)
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'events.csv'}")
    assert message in line
    assert "\n" not in line
    assert len(line) < 400


def test_a_missing_file_is_one_line(tmp_path):
    table = CardTable(file="no.csv", columns={"user": "u", "item": "i"})
    with pytest.raises(DataError, match=r"no\.csv: cannot be read: No such file"):
        read_rows(TextFile(tmp_path / "no.csv"), table, ("value",))


def test_rows_that_are_left_out_are_a_step_of_their_own(tmp_path):
    (tmp_path / "a.csv").write_text("u,i,v\na,x,1\nb,x,four\nc\n d,x,yes\n")
    (tmp_path / "items.csv").write_text("id,name\nx ,Ex\ny\n")
    columns = {"user": "u", "item": "i", "value": "v"}
    layout = Layout(
        name="own",
        files=(File(name="a.csv"), File(name="items.csv")),
        interactions=(CardTable(file="a.csv", columns=columns, on_bad_row="drop"),),
        items=(CardTable(file="items.csv", columns={"id": "id", "name": "name"}, on_bad_row="drop"),),
    )
    tables = read_layout(layout, tmp_path.joinpath, ())
    assert tables.interactions["user"].tolist() == ["a", "d"]
    assert tables.items.index.tolist() == ["x"]
    first, second = tables.steps
    assert (first.before, first.after) == (4, 4)
    assert first.note == (
        "a.csv: ids of column u trimmed of blanks in 1 row; "
        "a.csv: yes or no, true or false in column v read as 1 or 0 in 1 row; "
        "items.csv: ids of column id trimmed of blanks in 1 row; "
        "items.csv: left out 1 x line 3, 1 columns instead of 2"
    )
    assert (second.name, second.before, second.after) == ("leave out rows that cannot be read", 4, 2)
    assert second.note == (
        "a.csv: 1 x line 3, column v: 'four' is not a number; a.csv: 1 x line 4, 1 columns instead of 3"
    )


def test_missing_users_and_items_are_left_to_the_step_that_counts_them(read):
    frame = read(b"u,i,v\n,i1,1\nu1,,2\nu1,i1,3\n")
    assert frame["user"].isna().tolist() == [True, False, False]
    assert frame["item"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_do_not_matter(read, end):
    assert rows(read(GOOD.replace(b"\n", end))) == rows(read(GOOD))


def test_mixed_line_ends_and_a_missing_last_one_and_blank_lines_and_a_mark(read):
    assert rows(read(b"\xef\xbb\xbfu,i,v\r\nu1,i1,1\n\nu2,i2,2\r\n\r\nu3,i3,3")) == [
        ("u1", "i1", 1.0),
        ("u2", "i2", 2.0),
        ("u3", "i3", 3.0),
    ]


def test_lines_are_counted_where_cells_hold_line_breaks(read):
    with pytest.raises(DataError, match="line 5, column v: 'x' is not a number"):
        read(b'u,i,v\nu1,"two\nlines",1\n\nu2,i2,x\n')


def test_ids_keep_whatever_they_hold(read):
    ids = ['a "quote"', "with, comma", "two\nlines", "é", "🎬", "<b>&amp;</b>", " space ", "001", "1e5"]
    text = io.StringIO()
    pd.DataFrame({"u": ids, "i": ids[::-1], "v": 1}).to_csv(text, index=False, lineterminator="\n")
    frame = read(text.getvalue().encode(), trim=False)
    assert frame["user"].tolist() == ids
    assert frame["item"].tolist() == ids[::-1]


def test_latin_1_is_read_where_the_card_says_so(read):
    frame = read("u,i,v\nJosé,café,1\n".encode("latin-1"), encoding="latin-1")
    assert rows(frame) == [("José", "café", 1.0)]


@pytest.mark.parametrize("separator", ["\t", "|", ";", "::"])
def test_other_separators(read, separator):
    data = GOOD.replace(b",", separator.encode())
    assert rows(read(data, separator=separator, quote="")) == rows(read(GOOD))
    with pytest.raises(DataError, match=r"line 17: 2 columns instead of 3"):
        read(replace_line(17, b"u16" + separator.encode() + b"i1", data), separator=separator, quote="")


def test_columns_are_named_by_the_card_where_there_is_no_header(read):
    body = GOOD.partition(b"\n")[2]
    assert rows(read(body, header=False, names=("u", "i", "v"))) == rows(read(GOOD))
    with pytest.raises(DataError, match=r"line 1: 3 columns instead of 2"):
        read(body, header=False, names=("u", "i"), columns={"user": "u", "item": "i"})


def test_whole_numbers_lose_the_tail_a_spreadsheet_gave_them(read):
    frame = read(b"u,i,v\n17850.0,x,1\n17850,x,2\n1.5,x,3\nn.0,x,4\n", numbers=("u",))
    assert frame["user"].tolist() == ["17850", "17850", "1.5", "n.0"]


def test_gzip_and_zip_are_read(read):
    assert rows(read(gzip.compress(GOOD), "events.csv.gz")) == rows(read(GOOD))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner.csv", GOOD)
    assert rows(read(packed.getvalue(), "events.zip", member="inner.csv")) == rows(read(GOOD))
    with pytest.raises(DataError, match=r"events\.zip: holds no other\.csv"):
        read(packed.getvalue(), "events.zip", member="other.csv")


def test_damaged_packings_are_one_line(read):
    big = b"u,i,v\n" + b"".join(b"u%d,i%d,1\n" % (n * 7919 % 10007, n * 104729 % 9973) for n in range(20_000))
    whole = gzip.compress(big)
    for data in (whole[: len(whole) // 2], b"no gzip", whole[:50] + b"\0" * 50 + whole[100:]):
        with pytest.raises(DataError, match=r"events\.csv\.gz: cannot be read: .*replace the file by a sound copy"):
            read(data, "events.csv.gz")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv", big)
    broken = bytearray(packed.getvalue())
    broken[500:600] = b"\0" * 100
    for data in (bytes(broken), packed.getvalue()[:1000], b"no zip"):
        with pytest.raises(DataError, match=r"events\.zip, inner\.csv: cannot be read"):
            read(data, "events.zip", member="inner.csv")


@pytest.mark.slow
def test_a_bomb_is_refused(read):
    zeros = io.BytesIO()
    with gzip.open(zeros, "wb", compresslevel=9) as file:
        file.write(b"u,i,v\n")
        for _ in range(20):
            file.write(b"u1,i1,1\n" * (1 << 20))
    with pytest.raises(DataError, match=r"it unpacks to .* rows or more, the bound for it is 536,870,912 bytes"):
        read(zeros.getvalue(), "events.csv.gz")


@pytest.mark.parametrize(
    ("form", "cell", "seconds"),
    [
        ("s", "881250949", 881_250_949),
        ("s", "881250949.9", 881_250_949),
        ("ms", "881250949123", 881_250_949),
        ("us", "881250949123456", 881_250_949),
        ("ns", "881250949999999999", 881_250_949),
        ("ns", " 881250949999999999", 881_250_949),
        ("ns", "881250949e9", 881_250_949),
        ("iso", "1997-12-04T15:55:49Z", 881_250_949),
        ("iso", "1997-12-04 15:55:49", 881_250_949),
        ("iso", "1997-12-04 16:55:49+01:00", 881_250_949),
        ("iso", "1997-12-04", 881_193_600),
        ("%d-%m-%Y", "04-12-1997", 881_193_600),
        ("%m/%d/%Y", "12/04/1997", 881_193_600),
        ("%Y%m%d", "19971204", 881_193_600),
        ("%Y-%m-%d %H:%M:%S UTC", "1997-12-04 15:55:49 UTC", 881_250_949),
    ],
)
def test_times_become_utc_seconds(read, form, cell, seconds):
    frame = read(f"u,i,t\na,x,{cell}\n".encode(), columns={"user": "u", "item": "i", "timestamp": "t"}, time=form)
    assert frame["timestamp"].tolist() == [seconds]
    assert frame["timestamp"].dtype == np.int64


@pytest.mark.parametrize(
    ("form", "cell", "message"),
    [
        ("s", "881250949000", "'881250949000' is a time before 1970 or after 2242; if the file counts milliseconds"),
        ("s", "-1", "'-1' is a time before 1970"),
        ("s", "", "is empty"),
        ("s", "nan", "'nan' is no time counted in s"),
        ("s", "inf", "'inf' is no time counted in s"),
        ("s", "yesterday", "'yesterday' is no time counted in s"),
        ("s", "1e300", "'1e+300' is a time before 1970 or after 2242"),
        ("ns", "yesterday", "'yesterday' is no time counted in ns"),
        ("iso", "yesterday", "'yesterday' is no time written like iso"),
        ("iso", "", "is empty"),
        ("%d-%m-%Y", "31-02-2015", "'31-02-2015' is no time written like %d-%m-%Y"),
        ("%Y%m%d", "20150231", "'20150231' is no time written like %Y%m%d"),
        ("iso", "1969-12-31", "'1969-12-31' is a time before 1970"),
        ("iso", "9999-12-31", "'9999-12-31' is a time before 1970 or after 2242"),
    ],
)
def test_times_that_are_none_are_one_line(read, form, cell, message):
    data = f"u,i,t\na,x,{FIRST_TIMES.get(form, '1')}\na,y,{cell}\n".encode()
    with pytest.raises(DataError) as caught:
        read(data, columns={"user": "u", "item": "i", "timestamp": "t"}, time=form)
    assert f"line 3, column t: {message}" in str(caught.value)


def test_behaviours_become_codes_and_an_unknown_one_is_one_line(read):
    known = (Behaviour(name="view", raw="VIEW"), Behaviour(name="purchase", raw="BUY"))
    columns = {"user": "u", "item": "i", "behaviour": "b"}
    frame = read(b"u,i,b\na,x,BUY\na,y,VIEW\n", columns=columns, behaviours=known)
    assert frame["behaviour"].tolist() == [1, 0]
    with pytest.raises(DataError, match=r"line 3, column b: 'BUYY' is no known behaviour; did you mean \"BUY\"\?"):
        read(b"u,i,b\na,x,BUY\na,y,BUYY\n", columns=columns, behaviours=known)


def test_lists_of_items_are_read(read):
    frame = read(b"0 3 1 2\n1\n2 3\n", "train.txt", format="lists", columns={})
    assert list(zip(frame["user"], frame["item"], strict=True)) == [("0", "3"), ("0", "1"), ("0", "2"), ("2", "3")]


def test_json_lines_are_read(read):
    data = '{"u": 1, "i": "x", "v": 4.5}\n\n'
    data += '{"v": 1, "i": "a, b", "u": "é", "more": {}}\n{"u": null, "i": "y", "v": 2}\n'
    frame = read(data.encode(), "events.jsonl", format="jsonl")
    assert frame["user"].isna().tolist() == [False, False, True]
    assert rows(frame)[:2] == [("1", "x", 4.5), ("é", "a, b", 1.0)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"u": 1, "i": 2, "v": 1}\n{"u": 1, "i": 2, "v": "four"}', "line 2, column v: 'four' is not a number"),
        ('{"u": 1, "i": 2, "v": 1}\n{"u": 1, "i": 2, "v": [4]}', "line 2, column v: '[4]' is not a number"),
        ('{"u": 1, "i": 2, "v": 1}\n{"u": 1, "i": 2}', "line 2, column v: is empty"),
        ('{"u": 1, "i": [1, 2], "v": 1}', "line 1, column i: holds a list; one row per item is needed: say explode"),
        ('{"u": 1, "i": 2, "v": 1}\n{"u": 1, ', "line 2: is not JSON"),
        ('{"u": 1, "i": 2, "v": 1}\n[1, 2]', "line 2: is not a JSON object"),
        ('{"u": 1, "it": 2, "v": 1}', 'column "i" is missing'),
        ("[" * 200_000, "line 1: is not JSON"),
        ("", "holds no rows"),
    ],
)
def test_bad_json_lines_are_one_line(read, data, message):
    with pytest.raises(DataError) as caught:
        read(data.encode(), "events.jsonl", format="jsonl")
    assert message in str(caught.value)


def test_parquet_is_read(read, tmp_path):
    path = tmp_path / "made.parquet"
    pd.DataFrame({"u": [1, 2], "i": ["x", None], "v": [4.0, 2.0], "other": [0, 0]}).to_parquet(path)
    frame = read(path.read_bytes(), "events.parquet", format="parquet")
    assert frame["user"].tolist() == ["1", "2"]
    assert frame["item"].isna().tolist() == [False, True]
    for data, message in ((b"no parquet", "cannot be read"), (path.read_bytes()[:-20], "cannot be read")):
        with pytest.raises(DataError, match=message):
            read(data, "events.parquet", format="parquet")
    pd.DataFrame({"u": [1], "i": ["x"], "v": ["good"]}).to_parquet(path)
    with pytest.raises(DataError, match="row 1, column v: 'good' is not a number"):
        read(path.read_bytes(), "events.parquet", format="parquet")


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_whatever_the_bytes_either_rows_or_one_line(read, data):
    frame = None
    with contextlib.suppress(DataError):
        frame = read(b"u,i,v\n" + data)
    assert frame is None or np.isfinite(frame["value"]).all()


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
            st.floats(-1e6, 1e6, width=32),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_the_cells_what_was_written_is_read(read, cells):
    text = io.StringIO(newline="")
    pd.DataFrame(cells, columns=["u", "i", "v"]).to_csv(text, index=False, quoting=1, lineterminator="\n")
    frame = read(text.getvalue().encode(), trim=False)
    assert rows(frame) == cells

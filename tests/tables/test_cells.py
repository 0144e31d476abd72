"""Cells of tables: what is read though it is written otherwise, what is left out and counted, and what stops."""

from __future__ import annotations

import pandas as pd
import pytest

from benchsuite.errors import DataError
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.delimited import delimited_rows
from benchsuite_tables.strict_tables import read_table
from benchsuite_tables.text_file import TextFile

COLUMNS = {"user": "u", "item": "i", "value": "v"}
TIMED = {"user": "u", "item": "i", "timestamp": "t"}


def listed(rows):
    return [tuple(row) for row in rows.frame.itertuples(index=False)]


def counts(rows):
    return {(one.kind, one.column): (one.number, one.row if one.row >= 0 else one.line) for one in rows.counts}


def test_roles_have_their_types(read):
    rows = read(
        "u,i,v,r,t,c\na,x,4,1,60,home\nb,y,0,2,120,\n", columns=COLUMNS | {"rank": "r", "timestamp": "t", "c": "c"}
    )
    assert rows.frame.dtypes.astype(str).to_dict() == {
        "user": "category",
        "item": "category",
        "value": "float64",
        "rank": "float64",
        "timestamp": "int64",
        "c": "category",
    }
    assert (rows.read, rows.kept) == (2, None)
    assert rows.frame["c"].isna().tolist() == [False, True]
    assert counts(rows) == {("zero", "v"): (1, 1)}
    assert rows.where(1, "value").endswith("a.csv, line 3, column v")
    assert rows.where(0).endswith("a.csv, line 2")


@pytest.mark.parametrize(
    ("cell", "value", "kind"),
    [
        ("3.0", 3.0, ""),
        (" 3.5 ", 3.5, ""),
        ("+3", 3.0, ""),
        ("3e0", 3.0, ""),
        (".5", 0.5, ""),
        ("True", 1.0, "boolean"),
        ("FALSE", 0.0, "boolean"),
        ("yes", 1.0, "boolean"),
        (" no", 0.0, "boolean"),
    ],
)
def test_numbers_are_read_however_they_are_written(read, cell, value, kind):
    for data, name in (
        (f"u,i,v\na,x,2\nb,y,{cell}\n", "a.csv"),
        (f'{{"u":1,"i":2,"v":2}}\n{{"u":1,"i":3,"v":"{cell}"}}', "a.jsonl"),
    ):
        rows = read(data, name)
        assert rows.frame["value"].tolist() == [2.0, value]
        assert counts(rows).get((kind, "v")) == ((1, 1) if kind else None)


def test_json_says_true_and_false_itself(read):
    rows = read('{"u": 1, "i": 2, "v": true}\n{"u": 1, "i": 3, "v": false}\n{"u": 1, "i": 4, "v": 3.5}\n', "a.jsonl")
    assert rows.frame["value"].tolist() == [1.0, 0.0, 3.5]
    assert counts(rows) == {("boolean", "v"): (2, 0), ("zero", "v"): (1, 1)}


@pytest.mark.parametrize(("separator", "around"), [(";", ""), (",", '"'), ("\t", "")])
def test_decimal_commas_are_read_where_the_table_has_them(read, refused, separator, around):
    data = f"u,i,v\na,x,{around}3;5{around}\nb,y,4\nc,z,{around}-0;25{around}\n".replace(",", separator)
    data = data.replace(";", ",") if separator != ";" else "u;i;v\na;x;3,5\nb;y;4\nc;z;-0,25\n"
    rows = read(data, separator=separator, decimal=",")
    assert rows.frame["value"].tolist() == [3.5, 4.0, -0.25]
    assert counts(rows) == {("comma", "v"): (2, 0)}
    said = refused(data, separator=separator)
    assert (
        "line 2, column v: '3,5' is not a number (and 1 more row like it); if it has a decimal comma, say dec" in said
    )


@pytest.mark.parametrize("cell", ["1.5", "1.234,5", "1,234,5", "3,"])
def test_a_point_is_no_decimal_comma(refused, cell):
    assert f"line 3, column v: '{cell}' is not a number" in refused(
        f"u;i;v\na;x;3,5\nb;y;{cell}\n", separator=";", decimal=","
    )


@pytest.mark.parametrize("cell", ["four", "1_000", "1,234.5", "5 stars", "$5", "null-ish", "0x1F", "--1"])
def test_what_is_no_number_is_named(refused, cell):
    assert f"line 3, column v: '{cell}' is not a number; " in refused(f"u;i;v\na;x;3\nb;y;{cell}\n", separator=";")


def test_ids_are_trimmed_and_counted(read):
    data = 'u,i,v\n"user 5 ",x,1\nuser 5, y,2\nuser 5,y,3\n"  ",x,4\n'
    rows = read(data)
    assert rows.frame["user"].tolist()[:3] == ["user 5"] * 3
    assert rows.frame["user"].isna().tolist() == [False, False, False, True]
    assert rows.frame["item"].tolist() == ["x", "y", "y", "x"]
    assert counts(rows) == {("trimmed", "u"): (2, 0), ("trimmed", "i"): (1, 1)}
    assert list(rows.cells["u"]) == ["user 5 ", "user 5", "user 5", "  "], "the cells stay as they are"
    plain = read(data, trim=False)
    assert plain.frame["user"].tolist() == ["user 5 ", "user 5", "user 5", "  "]
    assert not plain.counts


def test_whole_numbers_are_one_id_however_they_are_written(read):
    data = "u,i,v\n007,a,1\n7.0,b,2\n7,c,3\n7.00,d,4\n0,e,5\n000,f,6\n7.5,g,7\n-7.0,h,8\nx07,i,9\n 08 ,j,1\n"
    rows = read(data, numbers=("u",))
    assert rows.frame["user"].tolist() == ["7", "7", "7", "7", "0", "0", "7.5", "-7.0", "x07", "8"]
    assert counts(rows) == {("trimmed", "u"): (1, 9), ("whole", "u"): (5, 0)}
    assert read(data).frame["user"].tolist()[:2] == ["007", "7.0"], "only where the table says so"


BAD = "u,i,v,t\na,x,1,60\nb,x,four,60\nc,x,,60\nd,x,five,soon\ne,x\nf,x,1,60,9\n\ng,x,inf,60\nh,x,2,\ni,x,6,7\n"
ALL = COLUMNS | {"timestamp": "t"}


def test_all_kinds_of_bad_cells_are_told_at_once(refused):
    line = refused(BAD, columns=ALL)
    assert line == (
        "csv: 7 kinds of bad cells or rows: (1) line 3, column v: 'four' is not a number (2 rows), "
        "(2) line 4, column v: is empty (1 row), (3) line 9, column v: is no finite number (1 row), "
        "(4) line 10, column t: is empty (1 row), (5) line 5, column t: 'soon' is no time counted in s (1 row), "
        "(6) line 6: 2 columns instead of 4 (1 row), (7) line 7: 5 columns instead of 4 (1 row); correct the cell, or "
        "name what means 'not known' (--missing-cells 'four' --missing-cells 'five' in data import); fill the cell; "
        "correct the cell; correct the row, or the separator and quoting in the card, or "
        'say missing = "drop" (in the shell --missing drop, in a card on_missing = "drop") or say on_bad_row = "drop" '
        "(in the shell --on-bad-row drop) to leave such rows out"
    )


def test_what_may_mean_not_known_is_named_the_most_frequent_first(refused):
    words = ["-", "k. A.", "k. A.", "n", "n", "n", "o"]
    data = "u,i,v\n" + "".join(f"{at},x,{word}\n" for at, word in enumerate(words)) + "z,x,1\n"
    named = "--missing-cells 'n' --missing-cells 'k. A.' --missing-cells '-' ... in data import"
    assert f"correct the cell, or name what means 'not known' ({named}), or say on_bad_row" in refused(data)
    assert "is empty" in refused(data, missing=("", "-", "k. A.", "n", "o"))


def test_bad_rows_are_left_out_and_counted(read):
    rows = read(BAD, columns=ALL, on_bad_row="drop")
    assert listed(rows) == [("a", "x", 1.0, 60), ("i", "x", 6.0, 7)]
    assert (rows.read, rows.kept.tolist()) == (9, [0, 6])
    assert rows.where(1, "user").endswith("a.csv, line 11, column u")
    assert list(rows.frame["user"].cat.categories) == ["a", "i"], "ids of rows that are left out are gone"
    assert all(one.dropped for one in rows.counts)
    assert rows.told() == [
        "2 x line 3, column v: 'four' is not a number",
        "1 x line 4, column v: is empty",
        "1 x line 9, column v: is no finite number",
        "1 x line 10, column t: is empty",
        "1 x line 5, column t: 'soon' is no time counted in s",
        "1 x line 6, 2 columns instead of 4",
        "1 x line 7, 5 columns instead of 4",
    ]


def test_empty_cells_alone_are_left_out(read, refused):
    data = "u,i,v,t\na,x,1,60\nb,x,,60\nc,x, ,60\nd,x,2,\n"
    rows = read(data, columns=ALL, on_missing="drop")
    assert listed(rows) == [("a", "x", 1.0, 60)]
    assert {key: many for key, (many, _) in counts(rows).items()} == {("empty", "v"): 2, ("empty", "t"): 1}
    assert "line 6, column v: 'four' is not a number; correct" in refused(
        data + "e,x,four,1\n", columns=ALL, on_missing="drop"
    )
    assert 'is empty (and 1 more row like it); fill the cell, or say missing = "drop"' in refused(data)


def test_a_table_without_any_good_row_is_refused(refused):
    assert "no row is left: each has a bad cell" in refused("u,i,v\na,x,b\n", on_bad_row="drop")
    assert "holds no rows: 1 columns instead of 3 in line 2; correct" in refused("u,i,v\na\nb\n", on_bad_row="drop")


def test_bad_json_lines_are_left_out(read, refused):
    data = '{"u": 1, "i": 2, "v": 3}\n{"u": 1\n[4]\n\n{"u": 1, "i": 3, "v": "x"}\n{"u": 1, "i": 4, "v": 5}\n'
    rows = read(data, "a.jsonl", on_bad_row="drop")
    assert listed(rows) == [("1", "2", 3.0), ("1", "4", 5.0)]
    assert rows.where(1).endswith("line 6")
    assert counts(rows) == {("bad", "v"): (1, 1), ("syntax", ""): (2, 2)}
    line = refused(data, "a.jsonl")
    assert "(1) line 2: is not JSON" in line
    assert "(2 rows), (2) line 5, column v: 'x' is not a number (1 row)" in line


@pytest.mark.parametrize("separator", ["::", "\t"])
def test_long_separators_and_tables_without_quotes_have_the_same_rules(read, refused, separator):
    data = "u,i,v\na,x,true\nb, y,four\nc\nd,z,5\n".replace(",", separator)
    rows = read(data, separator=separator, quote="", on_bad_row="drop")
    assert listed(rows) == [("a", "x", 1.0), ("d", "z", 5.0)]
    assert "2 kinds" in refused(data, separator=separator, quote="")


QUOTES = {
    "in the last column": ('u,i,v,t\na,x,1,t\nb,y,1,"\nc,x,1,t\na,y,1,t\n', 3),
    "in the middle": ('u,i,v,t\na,x,1,t\nb,"y,1,t\nc,x,1,t\n', 3),
    "behind a cell of two lines": ('u,i,v,t\na,"x\ny","1\n2","\nb,y,1,t\n', 4),
    "behind an escaped one": ('u,i,v,t\na,"x ""y""",1,"t\nb,y,1,t\n', 2),
    "without a last line end": ('u,i,v,t\na,x,1,t\nb,y,1,"t', 3),
    "far from the end": ('u,i,v,t\na,x,1,t\nb,y,1,"\n' + "c,x,1,t\n" * 40_000, 3),
}


@pytest.mark.parametrize("policy", ["stop", "drop"])
@pytest.mark.parametrize("case", QUOTES)
def test_a_quote_that_is_never_closed_is_an_error_with_its_line(refused, case, policy):
    data, line = QUOTES[case]
    said = refused(data, on_bad_row=policy)
    assert said.startswith(f"csv, line {line}: a quote is opened and never closed"), said
    assert said.endswith('; close the quote, or say quote = "" where quotes mean nothing')


def test_a_table_with_an_open_quote_is_read_in_full_where_quotes_mean_nothing(read):
    data = 'u|i|v|t\na|x|1|t\nb|y|1|"\nc|x|1|t\na|y|1|t\n'
    assert len(read(data, separator="|", quote="").frame) == 4
    assert len(read(data.replace('|"', '|5" disk'), separator="|").frame) == 4, "within a cell it opens nothing"


def test_quotes_are_read_alike_by_the_fast_and_the_exact_reader(tmp_path, read):
    data = 'u,i,v\n"a ""b""",x,1\n"c"d,y,2\ne "f",z,3\n'
    rows = read(data)
    table = CardTable(file="a.csv", columns=COLUMNS)
    exact = [cells for _, cells in delimited_rows(TextFile(tmp_path / "a.csv"), table)]
    assert [(u, i, f"{v:.0f}") for u, i, v in listed(rows)] == [tuple(cells) for cells in exact]


SWALLOWED = {
    "in the last column": 'u,i,v,t\na,x,1,t\nb,y,1,"\nc,x,1,t\nd,x,1,"\na,y,1,t\n',
    "the very next line": 'u,i,v,t\na,x,1,t\nb,y,1,"\nd,x,1,"\na,y,1,t\n',
    "a missing one": 'u,i,v,t\n"a",x,1,t\n"b,y,1,t\n"c",x,1,t\n"d",x,1,t\n',
    "without a last line end": 'u,i,v,t\na,x,1,t\nb,y,1,"\nc,x,1,"',
}


@pytest.mark.parametrize("case", SWALLOWED)
def test_a_cell_that_holds_rows_is_refused(refused, case):
    said = refused(SWALLOWED[case])
    assert said.startswith("csv, line 3: "), said
    assert "a quote is" in said


def test_texts_of_several_lines_are_read(read):
    data = 'u,i,v,t\na,x,1,"one, two,\n\nthree, four, five, six\n"\nb,y,2,"7\n8"\n\nc,z,3,t'
    rows = read(data, columns=COLUMNS | {"text": "t"})
    assert rows.frame["text"].tolist() == ["one, two,\n\nthree, four, five, six\n", "7\n8", "t"]


def test_a_column_of_numbers_is_no_text_too(refused):
    assert "column v: holds the value or the time and cannot be a text too" in refused(
        "u,i,v\na,x,1\n", columns=COLUMNS | {"c": "v"}
    )


def test_texts_alone_have_the_same_rules(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,one\n2\n")
    table = CardTable(file="a.csv", columns={"id": "id", "text": "text"})
    with pytest.raises(DataError, match="line 3: 1 columns instead of 2"):
        read_table(TextFile(path), table)
    kept = read_table(TextFile(path), table.model_copy(update={"on_bad_row": "drop"}))
    assert isinstance(kept, pd.DataFrame)
    assert kept["text"].tolist() == ["one"]


def test_a_large_table_with_one_bad_cell_is_told_by_its_line(refused):
    lines = [f"u{n % 997},i{n % 89},{n % 5 + 1}" for n in range(300_000)]
    lines[250_000] = "u1,i1,bad"
    assert "line 250002, column v: 'bad' is not a number; " in refused("\n".join(["u,i,v", *lines]))

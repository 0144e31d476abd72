"""Tables that once gave a wrong number without a word: each is read right now, or refused with its own reason."""

from __future__ import annotations

import pytest

import benchsuite
from benchsuite.errors import DataError
from benchsuite_datasets.file_source import FileSource
from support.table_verdicts import rows_read

IDS = ["NA", "NULL", "null", "NaN", "None", r"\N", "<NA>"]
CODES = "".join(f"{u},{i},{(u + i) % 5 + 1},{(u * i) % 4 + 1}\n" for u in range(8) for i in range(5))

REFUSED = {
    "a comma between thousands": (
        'user,item,count\na,x,"1,234"\na,y,"2,345"\nb,x,987\n',
        "line 2, column count: '1,234' is not a number (and 1 more row like it)",
    ),
    "ids that begin like a comment": (
        "#film,u1,3\n#film,u2,4\nb,u2,5\nb,u3,2\n",
        "line 1: begins with #, as comments do, but could be a row; put a blank behind",
    ),
    "all ids begin like a comment": ("#a,#x,3\n#a,#y,4\n#b,#x,5\n", "line 1: begins with #, as comments do"),
    "a first line that comes again": (
        "user,item\na,x\nb,y\nuser,item\nb,x\n",
        "its first line comes again below (1 time)",
    ),
    "7 and 7.0": ("user,item\n1.0,10\n1,11\n2,11\n", "'1' and '1.0' would be two users; add --ids-as integer"),
    "ids a spreadsheet cut": (
        "user,item,rating\n1.23457E+17,x,3\n1.23457E+17,y,3\n1.23458E+17,y,2\n",
        "user would be the user, but holds 1.23457E+17: a spreadsheet cut its ids off",
    ),
    "Amazon's products first": (
        (
            "0001713353,A1C6M8LCIX4M6M,5.0,1123804800\n000171335X,A1REUF3A1YCPHM,3.0,1252900000\n"
            "000171335X,A1C6M8LCIX4M6M,1.0,1252910000\n"
        ),
        "column 1 would be the user, but holds Amazon's numbers of products",
    ),
    "two labels": (
        "user_id,item_id,click,like\n1,100,1,0\n1,101,0,0\n2,100,1,1\n",
        "columns click, like say yes or no, and each could be the value (the first row would be: user 1, item 100",
    ),
    "codes under the name of a time": (
        f"user,item,rating,time\n{CODES}",
        "column time would be the time, but holds few",
    ),
    "words without names": ("a,x\nb,y\n", "there are a, x; if the first line is a row, say header = false"),
    "row names of R": (
        '"user","item","rating"\n"1","a","x",3\n"2","b","x",4\n"3","a","y",5\n',
        "line 1: its first line names 3 columns, its rows have 4 cells; name the first column, too",
    ),
    "row names of R between blanks": (
        "user item rating\n1 a x 3\n2 b x 4\n3 a y 5\n",
        "names 3 columns, its rows have 4",
    ),
    "day or month before a time with PM": (
        "user,item,date\na,x,1/5/2012 3:04:05 PM\nb,y,1/7/2012 4:04:05 AM\n",
        "could be %m/%d/%Y %I:%M:%S %p or %d/%m/%Y %I:%M:%S %p",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_looks_like_something_else_is_refused(name, put, here):
    data, says = REFUSED[name]
    with pytest.raises(DataError) as caught:
        FileSource(path=str(put({"a.csv": data}) / "a.csv")).load(here[0])
    assert says in str(caught.value)


IDLE = {
    "time without times": ("a.csv", "user,item\na,x\nb,y\n", {"time": "ms"}, "time is said, but no column"),
    "one column twice": ("a.csv", "user,item\na,x\nb,y\n", {"user": "user", "item": "user"}, "the user and the item"),
    "a separator of JSON": ("a.jsonl", '{"user":"a","item":"x"}\n', {"separator": ";"}, "separator has no meaning"),
    "a header of JSON": ("a.jsonl", '{"user":"a","item":"x"}\n', {"header": False}, "header has no meaning"),
    "lists of JSON": ("a.jsonl", '{"user":"a","item":"x"}\n', {"format": "lists"}, "format has no meaning"),
    "lists without blanks": ("a.csv", "a,x,y\nb,x\n", {"format": "lists"}, "no line holds a user and items"),
}


@pytest.mark.parametrize("name", IDLE)
def test_what_is_said_and_has_no_effect_is_refused(name, put, here):
    file, data, said, says = IDLE[name]
    with pytest.raises(DataError, match=says):
        FileSource(path=str(put({file: data}) / file), **said).load(here[0])


@pytest.mark.parametrize("said", [{"user": "2"}, {"item": "1"}, {"user": "2", "item": "1"}])
def test_of_a_short_table_one_column_may_be_said(said, put, here):
    path = str(put({"a.csv": "x,a,3\ny,b,4\ny,a,5\n"}) / "a.csv")
    rows = rows_read(FileSource(path=path, **said).load(here[0]))
    assert sorted(rows) == [("a", "x", 3, None), ("a", "y", 5, None), ("b", "y", 4, None)]


def test_an_id_counts_before_a_name(put, here):
    path = str(put({"a.csv": "user,product,product_id\na,Pen,1\na,Pen,2\nb,Pen,1\n"}) / "a.csv")
    assert len(rows_read(FileSource(path=path).load(here[0]))) == 3


def test_a_row_number_called_id_has_no_role(put, here):
    path = str(put({"a.csv": "id,user,item\n0,a,x\n1,a,y\n2,b,x\n"}) / "a.csv")
    rows = rows_read(FileSource(path=path).load(here[0]))
    assert sorted(rows) == [("a", "x", 1, None), ("a", "y", 1, None), ("b", "x", 1, None)]


def test_exchanged_files_are_no_lists(put):
    folder = put({"l.csv": "user,item,score\na,x,1\na,z,2\n", "t.csv": "user,item,rating\na,x,3\na,y,5\n"})
    with pytest.raises(DataError, match="the files seem to be exchanged; name the lists first"):
        benchsuite.score(folder / "t.csv", folder / "l.csv")
    with pytest.raises(DataError, match="is a folder; name a file in it"):
        benchsuite.score(folder, folder / "t.csv")


@pytest.mark.parametrize("cell", IDS)
def test_an_unknown_id_is_no_id(cell, put, here):
    path = str(put({"a.csv": f"user,item,rating\na,x,3\nb,{cell},4\nc,{cell},5\na,y,1\n"}) / "a.csv")
    with pytest.raises(DataError) as caught:
        FileSource(path=path).load(here[0])
    assert f"column item: {cell!r} in 2 rows is no likely item" in str(caught.value)
    assert rows_read(FileSource(path=path, missing="drop").load(here[0])) == [("a", "x", 3, None), ("a", "y", 1, None)]


def test_an_unknown_number_is_an_empty_one(put, here):
    path = str(put({"a.csv": "user,item,rating\na,x,3\nb,x,NA\na,y,1\n"}) / "a.csv")
    with pytest.raises(DataError, match="line 3, column rating: 'NA' is empty; fill the cell, or say missing"):
        FileSource(path=path).load(here[0])
    assert len(FileSource(path=path, missing="drop").load(here[0]).interactions) == 2


READ = {
    "whole numbers among decimal commas": ("user;item;rating\na;x;3,5\na;y;4\nb;y;4\n", [3.5, 4, 4]),
    "cells in quotes between blanks": ('"user" "item" "rating"\n"a" "x y" 3\n"b" "x y" 4\n"a" "z" 5\n', [3, 4, 5]),
    "afternoons": ("user,item,rating,date\na,x,1,1/5/2012 3:04 PM\nb,y,2,1/15/2012 4:04 AM\n", [1, 2]),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_clear_is_read(name, put, here):
    data, values = READ[name]
    rows = rows_read(FileSource(path=str(put({"a.csv": data}) / "a.csv")).load(here[0]))
    assert sorted(row[2] for row in rows) == values
    if name == "afternoons":
        assert sorted(row[3] for row in rows) == [1325775840, 1326600240]
    assert not any('"' in cell for row in rows for cell in row[:2])


def test_bad_cells_among_numbers_may_be_left_out(put):
    folder = put({"a.csv": "user,item,rating\na,x,3\nb,y,foo\nc,z,bar\nd,q,baz\nf,x,4\n"})
    with pytest.raises(DataError, match=r"line 3, column rating: 'foo' is not a number \(and 2 more rows like it\)"):
        benchsuite.data_import(folder / "a.csv", quiet=True, offline=True)
    assert benchsuite.data_import(folder / "a.csv", on_bad_row="drop", quiet=True, offline=True).to_dict()["rows"] == 2


def test_an_import_tells_what_meets_and_what_is_no_rating(put):
    items = "".join(f"{at},t{at}\n" for at in range(6))
    ratings = "".join(f"u{at % 3},{at},{-1 if at % 2 else 8}\n" for at in range(8))
    folder = put({"a.csv": f"user,item,rating\n{ratings}", "items.csv": f"item_id,title\n{items}"})
    found = benchsuite.data_import(folder / "a.csv", items="items.csv", quiet=True, offline=True)
    assert ("ids that meet", "items.csv: 6 of 8 items found") in found.facts
    assert any("4 of 8 ratings are -1: if that means not rated" in hint for hint in found.hints)
    assert any("relevant_from = 6.5" in hint for hint in found.hints)


def test_comments_before_a_table_are_told(put, here):
    place, said = here
    folder = put({"a.txt": "# Nodes: 3 Edges: 2\n# From\tTo\n0\t1\n0\t2\n3\t1\n"})
    assert len(FileSource(path=str(folder / "a.txt")).load(place).interactions) == 3
    assert "a.txt: 2 lines of comment before the table not read" in said


@pytest.mark.parametrize("cell", ["NA", "NULL"])
def test_score_takes_no_unknown_id(cell, put):
    folder = put({"l.csv": f"user,item,rank\na,x,1\na,{cell},2\n", "t.csv": f"user,item\na,x\na,{cell}\n"})
    with pytest.raises(DataError, match="is no likely item"):
        benchsuite.score(folder / "l.csv", folder / "t.csv")
    found = benchsuite.score(folder / "l.csv", folder / "t.csv", missing="drop", metrics="recall@2")
    assert [one.value for one in found.results] == [1]


@pytest.mark.parametrize("convention", ["ours", "trec_eval"])
def test_a_convention_tells_the_rule_that_was_said(convention, put):
    folder = put({"l.csv": "user,item,rank\na,x,1\na,z,2\n", "t.csv": "user,item,rating\na,x,3\na,y,5\n"})
    found = benchsuite.score(folder / "l.csv", folder / "t.csv", relevant_from=4, conventions=convention)
    assert "here only test rows with a value of at least 4 are relevant" in found.conventions[convention]

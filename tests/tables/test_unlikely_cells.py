"""Cells that could be read as something else than they are: lists, several records, counts, invisible signs, times."""

from __future__ import annotations

import json
import re

import pytest

import benchsuite
from benchsuite.errors import BenchsuiteError, UsageError
from benchsuite_datasets.file_source import FileSource
from benchsuite_tables.id_matching import meet
from benchsuite_tables.times import time_form
from support.table_verdicts import read_or_refusal, rows_read

ROWS = [{"user": "a", "item": "x", "rating": 5}, {"user": "b", "item": "y", "rating": 4}]


@pytest.fixture
def found(put, here):
    """A function that writes a table and returns its rows, or the line of the refusal."""

    def read(text, name="a.csv", **given):
        rows = read_or_refusal(put({name: text}) / name, here[0], **given)
        return str(rows) if isinstance(rows, BenchsuiteError) else sorted(rows)

    return read


REFUSED = {
    "lists as Python prints them": ("a.csv", "user,item\na,\"['x', 'y']\"\nb,\"['x']\"\n", "item.*lists.*explode"),
    "lists without a usual name": ("a.csv", "user,items\na,\"['x', 'y']\"\nb,\"['x']\"\n", "items holds lists"),
    "several numbers in a cell": ("a.csv", "user,item\na,12 7 9\nb,7 12\nc,9\nd,4 5 6 7\n", "lists such as '12 7 9'"),
    "several words in a cell": ("a.csv", "user,item\na,tea|jam|ham\nb,tea|jam\nc,ham|jam\n", "lists such as"),
    "objects as users": ("a.json", '{"user":{"id":1},"item":"x"}\n{"user":{"id":2},"item":"y"}\n', "objects.*fields"),
    "an object for each column": ("a.json", '{"user":{"0":"a"},"item":{"0":"x"}}', "holds all rows.*orient"),
    "an object for each row": ("a.json", json.dumps({"0": ROWS[0], "1": ROWS[1]}), "holds all rows.*orient"),
    "rows in an envelope": ("a.json", json.dumps({"data": ROWS}), "holds all rows"),
    "an array of arrays": ("a.json", json.dumps([["a", "x", 5], ["b", "y", 4]]), "array of lists, which name no col"),
    "a list of Python's dicts": ("a.json", repr(ROWS), "as Python prints it.*json.dump"),
    "points between thousands": ("a.csv", "user;item;plays\na;x;1.234\nb;y;2.500\nc;x;12\n", "a thousand and some"),
    "a matrix with names": (
        "a.csv",
        "user,Heat,Jumanji,Casino,Alien,Speed\nu1,5,,3,4,1\nu2,1,2,,,5\nu3,4,4,1,2,\n",
        "format = 'matrix'",
    ),
    "years under date": ("a.csv", "user,item,date\na,x,1997\nb,y,1998\nb,x,2003\n", "no dates.*timestamp = 'none'"),
    "days of a spreadsheet": ("a.csv", "user,item,Date bought\na,x,38444\nb,y,38445\n", "no dates"),
    "a first line that comes again": ("a.csv", "\ufeffuser,item\na,x\n\ufeffuser,item\nb,y\n", "line comes again"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_hardly_meant_is_asked_for(case, found):
    name, text, says = REFUSED[case]
    rows = found(text, name)
    assert isinstance(rows, str), rows
    assert re.search(says, rows), rows


def test_ids_that_look_like_lists_may_be_meant(found):
    text = "user,item\na,[1]\nb,[2]\n"
    assert found(text, item="item", user="user") == [("a", "[1]", 1.0, None), ("b", "[2]", 1.0, None)]
    assert found("user;item;plays\na;x;1.234\n", value="plays")[0][2] == pytest.approx(1.234)


@pytest.mark.parametrize(
    ("cells", "second"),
    [
        (("201404071051", "201404081051"), 1_396_867_860),
        (("20140407105109", "20140408105109"), 1_396_867_869),
        (("20140407T105109Z", "20140408T105109Z"), 1_396_867_869),
        (("07-Apr-2014", "08-Apr-2014"), 1_396_828_800),
        (("7 May 2014", "8 May 2014"), 1_399_420_800),
        (("07/Apr/2014:12:51:09 +0200", "08/Apr/2014:10:51:09 +0000"), 1_396_867_869),
    ],
)
def test_further_ways_to_write_a_time(cells, second, found):
    text = "user,item,time\n" + "".join(f"u{at},x,{cell}\n" for at, cell in enumerate(cells))
    assert found(text)[0] == ("u0", "x", 1.0, second)


def test_one_bad_day_does_not_make_numbers_seconds(found):
    days = ["20050402", "20050403", "20051301"]
    assert time_form(days, "a") == "%Y%m%d"
    line = found("user,item,date\n" + "".join(f"u{at},x,{day}\n" for at, day in enumerate(days)))
    assert "line 4, column date: '20051301' is no time written like %Y%m%d" in line


def test_a_date_beside_a_time_of_day_is_read(found, here):
    text = "user,item,date,time\na,x,2014-04-07,10:51:09\nb,y,2014-04-08,11:00:00\n"
    assert [row[3] for row in found(text)] == [1_396_828_800, 1_396_915_200]
    assert any("column time is not read as the time" in line for line in here[1])


def test_times_long_before_the_others_are_counted(found, here):
    seconds = [1_112_486_027, 974_820_889, 0, 974_820_900]
    rows = found("user,item,timestamp\n" + "".join(f"u{at},x,{second}\n" for at, second in enumerate(seconds)))
    assert [row[3] for row in rows] == seconds
    assert any("times before March 1973 in column timestamp" in line and "1 row" in line for line in here[1])


def test_small_numbers_as_times_are_told(found, here):
    assert len(found("user,item,t\na,x,1\nb,y,2\nb,x,3\n")) == 3
    assert any("column t holds small numbers such as 1" in line for line in here[1])


def test_invisible_signs_around_ids_are_trimmed_and_counted(found, here):
    assert found("a,x,5\nb,x,4\n\ufeffa,y,4\nb\u200b,y\u00a0\u200b,1\n") == [
        ("a", "x", 5.0, None), ("a", "y", 4.0, None), ("b", "x", 4.0, None), ("b", "y", 1.0, None)
    ]  # fmt: skip
    assert any("trimmed of invisible signs in 2 rows" in line for line in here[1])
    text = "user,item\na,x\n\ufeffa,y\n"
    assert ("\ufeffa", "y", 1.0, None) in found(text, trim=False)


def test_bad_lines_of_json_are_bad_rows_wherever_they_stand(put, here):
    lines = [json.dumps(ROWS[0]), "no json", json.dumps(ROWS[1]), json.dumps(ROWS[0] | {"rating": "four"})]
    path = put({"a.jsonl": "\n".join(lines)}) / "a.jsonl"
    with pytest.raises(BenchsuiteError, match="2 kinds of bad cells or rows") as caught:
        FileSource(path=str(path)).load(here[0])
    assert "line 2: is not JSON" in str(caught.value)
    assert "line 4, column rating: 'four' is not a number" in str(caught.value)
    dataset = FileSource(path=str(path), on_bad_row="drop").load(here[0])
    assert sorted(rows_read(dataset)) == [("a", "x", 5.0, None), ("b", "y", 4.0, None)]


REPEATED = {
    "JSON lines": ("a.jsonl", '{"user":"a","item":"x"}\n{"user":"b","item":"y","item":"z"}\n', "line 2", "item"),
    "blanks before colons": (
        "a.jsonl",
        '{"user" : "a","item":"x:","item" :"y"}\n{"user":"b","item":"y"}\n',
        "line 1",
        "item",
    ),
    "a list of objects": ("a.jsonl", '{"user":"a","item":"x","tags":[{"t":1,"t":2}]}\n', "line 1", "t"),
    "a JSON array": ("a.json", '[{"user":"a","item":"x"},\n{"user":"b","user":"c","item":"y"}]', "object 2", "user"),
    "Python dicts": ("a.json", "{'user':'a','item':'x'}\n{'user':'b','item':'y','item':'z'}\n", "line 2", "item"),
    "dicts in Python dicts": ("a.json", "{'user':'a','item':'x','more':({'t':1,'t':2},)}\n", "line 1", "t"),
}


@pytest.mark.parametrize("case", REPEATED)
def test_a_key_that_an_object_has_twice_is_refused(case, found):
    name, text, where, key = REPEATED[case]
    assert re.search(f"{name}, {where}: has the key '{key}' more than once; correct the row", found(text, name))


@pytest.mark.parametrize(("name", "unit"), [("a.jsonl", "line"), ("a.json", "object")])
def test_rows_with_a_repeated_key_are_left_out_where_that_is_asked_for(name, unit, put, here):
    rows = ['{"user":"a","item":"x"}', '{"user":"b","item":"y","item":"z"}', "5", '{"user":"c","item":"w"}']
    text = "\n".join(rows) if unit == "line" else f"[{','.join(rows)}]"
    dataset = FileSource(path=str(put({name: text}) / name), on_bad_row="drop").load(here[0])
    assert sorted(rows_read(dataset)) == [("a", "x", 1.0, None), ("c", "w", 1.0, None)]
    told = f"1 x {unit} 2, has the key 'item' more than once; {name}: 1 x {unit} 3, is not a JSON object"
    assert any(told in line for line in here[1]), here[1]


@pytest.mark.parametrize("cell", ["purchased", "vote"])
def test_a_column_that_says_no_is_told_where_it_is_not_read(cell, found, here):
    no = {"purchased": 0, "vote": -1}[cell]
    assert len(found(f"user,item,{cell}\na,x,1\na,y,{no}\n")) == 2
    assert any(f"column {cell} says yes or no and is not read" in line for line in here[1])


def test_values_that_are_left_out_do_not_count_in_the_rule_for_liked(put):
    path = put({"a.csv": "user,item,rating\na,x,5\nb,x,99\nb,y,2\nTotal,,7\n"}) / "a.csv"
    found = benchsuite.data_import(path, quiet=True, offline=True, missing_cells=["99"], missing="drop")
    assert any("rating goes up to 5: positive_from = 4 would call 50% of the rows liked" in one for one in found.hints)


def test_a_card_given_as_an_experiment_is_named(put):
    folder = put({"a.csv": "user,item\na,x\nb,y\n"})
    card = benchsuite.data_import(folder / "a.csv", quiet=True, offline=True).card
    with pytest.raises(BenchsuiteError, match="is a card of data, no experiment; name it in one: sources"):
        benchsuite.run(str(card), offline=True, store=folder / "runs", quiet=True)


def score(put, recs, test, **given):
    folder = put({"recs.csv": recs, "test.csv": test})
    return benchsuite.score(folder / "recs.csv", folder / "test.csv", metrics="precision@1", **given)


def test_votes_that_are_not_read_stop_a_score(put):
    recs, test = "user,item,rank\na,x,1\na,z,2\n", "user,item,vote\na,x,-1\na,y,1\n"
    with pytest.raises(BenchsuiteError, match=r"column vote .*below 0.*--value vote"):
        score(put, recs, test)
    assert score(put, recs, test, value="vote").results[0].value == 0


def test_lists_of_two_models_are_not_one(put):
    head = "dataset,split,group,model,seed,fold,query,user,rank,item,score,fallback,relevant\n"
    rows = "toy,r,,popular,0,test,0,a,1,x,13.0,false,true\ntoy,r,,knn,0,test,0,a,2,z,11.0,false,false\n"
    with pytest.raises(
        BenchsuiteError, match="column model holds 2 different cells: 'popular', 'knn'; keep the rows of"
    ):
        score(put, head + rows, "user,item\na,x\na,y\n")


def test_half_of_the_users_that_meet_do_not_hide_how_the_others_would(put):
    recs = "user,item,rank\n" + "".join(f"{user},x,1\n" for user in range(10))
    test = "user,item\n" + "".join(f"{user}{'.0' * (user % 3 == 0)},x\n" for user in range(10))
    with pytest.raises(
        UsageError, match=r"6 of 10 users .*, but 10 of 10 meet after dropping `\.0`; add --ids-as integer"
    ):
        score(put, recs, test)
    assert score(put, recs, test, ids_as="integer").results[0].value == 1


@pytest.mark.parametrize(
    ("ours", "way"),
    [
        (["e\u0301a", "e\u0301b"], "writing accents alike"),
        (["b'\u00e9a'", "b'\u00e9b'"], "taking quotes and brackets away"),
        (["[\u00e9a]", "[\u00e9b]"], "taking quotes and brackets away"),
    ],
)
def test_further_ways_that_make_ids_meet(ours, way):
    met = meet(ours, ["\u00e9a", "\u00e9b"], "items", "i.csv")
    assert (met.way, met.reached) == (way, 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0,1,2\n7,42,5.0\n7,43,4.0\n8,42,3.0\n", "first line could be names or a row.*header"),
        ("a,Weekday,208,0\na,Weekend,272,1\nb,Weekday,272,1\nb,Weekend,31,0\n", "column 2 .*column 3 has more"),
        ("17,7,42,5\n18,7,43,4\n19,8,42,3\n", "only counts the rows"),
        ("u7,5,i42\nu7,4,i43\nu8,3,i42\n", "column 2 would be the item.*column 3 is not read"),
        ("112486027,u7,i42\n974820889,u7,i43\n974820900,u8,i42\n", "column 1 would be the user.*column 3 is not read"),
        ("".join(f"{1 + at % 5},{100 + at % 9},{1000 + at % 7}\n" for at in range(30)), "numbers like ratings"),
        (",Heat,Jumanji,Casino,Alien,Speed\nu1,5,,3,4,1\nu2,1,2,,,5\nu3,4,4,1,2,\n", "format = 'matrix'"),
    ],
)
def test_places_that_are_unlikely_are_asked_for(text, says, found):
    line = found(text)
    assert isinstance(line, str), line
    assert re.search(says, line), line


def test_a_first_line_of_numbers_may_be_names_or_a_row(found):
    text = "0,1,2\n7,42,5.0\n7,43,4.0\n8,42,3.0\n"
    assert [row[:3] for row in found(text, header=True)] == [("7", "42", 5.0), ("7", "43", 4.0), ("8", "42", 3.0)]
    assert ("0", "1", 2.0, None) in found(text, header=False)

"""Faults that drawn tables brought to light, each as a small file."""

from __future__ import annotations

import json

import pytest

import benchsuite
from benchsuite.errors import BenchsuiteError
from benchsuite_datasets.file_source import FileSource
from support.table_verdicts import rows_read


def read(path, here, **given):
    return sorted(rows_read(FileSource(path=str(path), **given).load(here[0])))


def test_the_place_of_a_bad_cell_in_an_array_is_an_object(put, here):
    rows = [{"user": user, "item": "x", "rating": "?" if user == "b" else 1} for user in "abcdef"]
    path = put({"r.json": json.dumps(rows)}) / "r.json"
    with pytest.raises(BenchsuiteError, match="object 2, column rating: '\\?' is not a number"):
        read(path, here)


def test_a_missing_column_of_a_wide_table_is_told_with_some_that_are_there(put, here):
    names = ["user", "item", *(f"more{at}" for at in range(120))]
    card = '[interactions]\nfile = "r.csv"\ncolumns = { user = "Zoe", item = "item" }\n'
    folder = put({"r.csv": ",".join(names) + "\n" + ",".join(names) + "\n", "r.toml": card})
    with pytest.raises(BenchsuiteError, match="column \"Zoe\" is missing; there are 'user', 'item', 'more0'"):
        read(folder / "r.toml", here)


def test_telephone_numbers_do_not_make_blanks_separators(put, here):
    text = "".join(f"{user}.0,user {item},{at},+49 321 {user}82\n" for at, (user, item) in enumerate(PAIRS))
    found = read(put({"r.csv": text}) / "r.csv", here, user="1", item="2", value="3", header=False)
    assert [row[:2] for row in found] == sorted((f"{user}.0", f"user {item}") for user, item in PAIRS)


PAIRS = [(user, item) for user in range(153, 158) for item in range(40, 44) if (user + item) % 3]


def test_ids_with_a_word_and_a_number_are_ids(put, here):
    text = "".join(f"user {user};{item}.0;{item % 5}\n" for user, item in PAIRS)
    found = read(put({"r.txt": text}) / "r.txt", here)
    assert [row[:2] for row in found] == sorted((f"user {user}", f"{item}.0") for user, item in PAIRS)


def test_values_with_a_comma_may_stand_beside_times_with_a_point(put, here):
    text = "user;item;rating;time\na;x;3,5;1112486027.0\nb;x;4,0;1112484676.0\nb;y;1,5;974820889.0\n"
    assert read(put({"r.txt": text}) / "r.txt", here)[0] == ("a", "x", 3.5, 1_112_486_027.0)


def test_a_time_with_colons_is_no_numbered_feature(put, here):
    text = "".join(f"B{user},{item},-{item}.5,1995-02-{item - 30} 03:46:11\n" for user, item in PAIRS)
    assert len(read(put({"r.txt": text}) / "r.txt", here)) == len(PAIRS)


def test_an_id_that_stands_for_none_is_told_and_can_be_left_out(put, here):
    path = put({"r.csv": "user,item,rating\na,x,1\na,--,2\nb,--,3\nb,y,4\n"}) / "r.csv"
    assert len(read(path, here)) == 4
    assert any("2 rows of 4 have the item '--'" in line and "missing_cells = '--'" in line for line in here[1])
    assert [row[:2] for row in read(path, here, missing_cells=("--",))] == [("a", "x"), ("b", "y")]
    found = benchsuite.data_import(path, quiet=True, offline=True)
    assert any("missing_cells = '--'" in hint for hint in found.hints)


def test_the_shell_can_say_that_the_first_line_is_a_row(put, capsys):
    from benchsuite.cli.main import main

    path = put({"r.csv": "a,b,1\nc,d,2\n"}) / "r.csv"
    assert main(["data", "import", str(path), "--no-header"]) == 0
    assert "2 rows of 2 users and 2 items" in capsys.readouterr().out


def test_values_that_are_all_negative_get_no_label_rule(put):
    path = put({"r.csv": "user,item,rating\na,x,-1\na,y,-2.5\nb,x,-3\nb,y,-3.5\n"}) / "r.csv"
    found = benchsuite.data_import(path, quiet=True, offline=True)
    assert any("no value of rating is above 0" in hint for hint in found.hints)
    assert not any("positive_from" in hint for hint in found.hints)

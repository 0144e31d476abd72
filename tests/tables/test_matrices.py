"""A whole matrix of ratings: users in rows, items in columns, and a sign where there is no rating."""

from __future__ import annotations

import pytest

import benchsuite
from benchsuite.errors import BenchsuiteError
from benchsuite_datasets.file_source import FileSource
from support.real_shapes import SHAPES, valued
from support.table_verdicts import difference, rows_read

JESTER = SHAPES["Jester"].raw.decode()
RATED = valued(
    *(
        (at, joke, float(cell))
        for at, line in enumerate(JESTER.splitlines(), 1)
        for joke, cell in enumerate(line.split(",")[1:], 1)
        if cell != "99"
    )
)
SMALL = valued(
    ("ann", "m1", 5), ("ann", "m3", 3.5), ("bob", "m2", 1), ("cy", "m1", 2), ("cy", "m2", 4), ("cy", "m3", 1)
)
MATRICES = {
    "names of users and items": ("user,m1,m2,m3\nann,5,,3.5\nbob,,1,\ncy,2,4,1\n", {}, SMALL),
    "a corner without a name": (",m1,m2,m3\nann,5,,3.5\nbob,,1,\ncy,2,4,1\n", {}, SMALL),
    "NA, semicolons and decimal commas": (
        "user;m1;m2;m3\nann;5,0;NA;3,5\nbob;NA;1,0;NA\ncy;2,0;4,0;1\n", {"missing_cells": ("NA",)}, SMALL,
    ),
    "nothing but values, 0 for none": (
        "5 0 3\n0 1 0\n2 4 1\n", {"missing_cells": ("0",)},
        valued((1, 1, 5), (1, 3, 3), (2, 2, 1), (3, 1, 2), (3, 2, 4), (3, 3, 1)),
    ),
    "99 written as a decimal": (
        "2,1.5,99.00,-3\n1,99,4,99.0\n", {"missing_cells": ("99",)},
        valued((1, 1, 1.5), (1, 3, -3), (2, 2, 4)),
    ),
    "users said": (
        "7,5,,3\n3,,1,\n5,2,4,1\n", {"user": "1"},
        valued((7, 1, 5), (7, 3, 3), (3, 2, 1), (5, 1, 2), (5, 2, 4), (5, 3, 1)),
    ),
    "pandas, with numbers as names": (
        ",0,1,2\n10,5,,3\n11,,1,\n12,2,4,1\n", {},
        valued((10, 0, 5), (10, 2, 3), (11, 1, 1), (12, 0, 2), (12, 1, 4), (12, 2, 1)),
    ),
}  # fmt: skip


def read(path, here, **given):
    return rows_read(FileSource(path=str(path), format="matrix", **given).load(here[0]))


@pytest.mark.parametrize("given", [{}, {"missing_cells": ("99",)}], ids=["guessed", "said"])
def test_a_matrix_that_counts_its_ratings_is_read_with_all_of_them(given, put, here):
    found = read(put({"jester.csv": JESTER}) / "jester.csv", here, **given)
    assert difference(found, {row[:2]: row[2:] for row in RATED}) == ""
    assert any("the first column counts the values" in line and "'99'" in line for line in here[1])


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_is_read_as_it_is_meant(name, put, here):
    text, given, rows = MATRICES[name]
    assert sorted(read(put({"m.csv": text}) / "m.csv", here, **given)) == sorted(rows)


def test_the_card_of_a_matrix_reads_the_same(put):
    found = benchsuite.data_import(put({"j.csv": JESTER}) / "j.csv", format="matrix", quiet=True, offline=True)
    assert 'row_begins = "count"' in found.toml
    assert 'missing = ["", "99"]' in found.toml
    assert found.to_dict()["rows"] == len(RATED)


@pytest.mark.parametrize(
    ("text", "given", "says"),
    [
        ("5 4 3\n1 2 4\n3 3 5\n", {}, "no cell of the matrix is empty.*missing_cells"),
        ("2,1,99\n2,5,4\n", {"missing_cells": ("99",), "user": ""}, ""),
        ("u,m1,m2\na,1,x\nb,,2\nc,3,1\nd,1,2\ne,1,2\n", {}, "line 2, column value: 'x' is not a number"),
        ("u,m1,m2\na,1,5\nb,3\nc,,1\n", {}, "line 3: 2 columns instead of 3"),
        ("u,m1,m1\na,1,5\nb,3,\nc,3,1\n", {"header": True}, 'line 1: item "m1" is there twice'),
        ("a,1,5\nb,3,\n", {"user": "2"}, "users elsewhere than in its first column"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said_with_its_line(text, given, says, put, here):
    path = put({"m.csv": text}) / "m.csv"
    if not says:
        assert len(read(path, here, **given)) == 5
        return
    with pytest.raises(BenchsuiteError, match=says):
        read(path, here, **given)


def test_a_count_that_is_none_stops_the_reading(put, here):
    card = '[interactions]\nfile = "m.csv"\nformat = "matrix"\nheader = false\nrow_begins = "count"\nmissing = ["99"]\n'
    card += 'columns = { user = "user", item = "item", value = "value" }\n'
    folder = put({"m.csv": "1,99,4\n2,3,99\n", "m.toml": card})
    with pytest.raises(BenchsuiteError, match="line 2: its first cell says 2 values, there are 1"):
        FileSource(path=str(folder / "m.toml")).load(here[0])


def test_words_of_the_shell_name_the_missing_cells(put, capsys):
    from benchsuite.cli.main import main

    path = put({"m.csv": "5 0 3\n0 1 0\n2 4 1\n"}) / "m.csv"
    assert main(["data", "import", str(path), "--format", "matrix", "--missing-cells", "0"]) == 0
    assert "6 rows of 3 users and 3 items" in capsys.readouterr().out

"""What a refusal advises can be said in the shell."""

from __future__ import annotations

import pytest

from benchsuite.cli.main import main
from benchsuite_datasets.file_source import FileSource
from support.real_shapes import LASTFM, SHAPES
from support.table_verdicts import difference, rows_read


@pytest.fixture
def shell(capsys):
    def call(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


@pytest.mark.parametrize("name", ["LastFM as pandas writes it", "YooChoose", "more than four columns without names"])
def test_an_import_that_cannot_ask_stops_with_the_option(name, put, shell, here):
    shape = SHAPES[name]
    path = put({shape.file: shape.raw}) / shape.file
    code, _, err = shell("data", "import", path, "--offline")
    if code == 0:
        found = rows_read(FileSource(path=str(path.with_suffix(".toml"))).load(here[0]))
        assert difference(found, {row[:2]: row[2:] for row in shape.rows}) == ""
        return
    assert code == 2
    assert "--user" in err
    assert "--item" in err


def test_three_rows_are_shown_as_understood(put, shell):
    code, out, err = shell("data", "import", put({"lastfm.csv": LASTFM}) / "lastfm.csv", "--offline")
    shown = out + err
    if code == 0:
        assert "2 users" in shown
        assert "2 items" in shown
    for cells in (("7", "42", "5"), ("7", "43", "4"), ("8", "42", "3")):
        assert any(all(cell in line for cell in cells) for line in shown.splitlines()), shown


def test_times_are_refused_with_a_word(put, shell):
    path = put({"r.csv": "user,item,rating,when\na,x,5,12\nb,x,4,31\nb,y,3,7\n"}) / "r.csv"
    code, out, err = shell("data", "import", path, "--timestamp", "none", "--offline")
    assert code == 0, err
    assert "when" not in out.split("columns = ")[1].split("}")[0]


def test_bad_rows_are_dropped_with_a_word(put, shell):
    path = put({"r.csv": "user,item,rating\na,x,5\nb,x,good\nb,y,3\n"}) / "r.csv"
    code, out, err = shell("data", "import", path, "--on-bad-row", "drop", "--offline")
    assert code == 0, err
    assert "2 rows" in out + err


def test_ids_are_read_as_integers_with_a_word(put, shell):
    folder = put({"recs.csv": "user,item,rank\n1,7,1\n2,7,1\n", "test.csv": "user,item\n1.0,7.0\n2.0,7.0\n"})
    words = ("score", folder / "recs.csv", folder / "test.csv", "--metric", "precision@1")
    assert shell(*words)[0] == 2
    code, out, err = shell(*words, "--ids-as", "integer")
    assert code == 0, err
    assert "1.000000" in out
    words = ("audit", "--train", folder / "recs.csv", "--test", folder / "test.csv")
    assert shell(*words)[0] == 2
    assert shell(*words, "--ids-as", "integer")[0] == 1, "all test rows are in training"


def test_columns_are_said_by_score(put, shell):
    folder = put({"recs.csv": "who,what,how\na,x,2\na,z,1\n", "test.csv": "who,what\na,x\na,y\n"})
    words = ("score", folder / "recs.csv", folder / "test.csv", "--user", "who", "--item", "what", "--score", "how")
    code, out, err = shell(*words, "--metric", "recall@2")
    assert code == 0, err
    assert "0.500000" in out

"""An import writes what it understood: the card reads what the direct reading reads, and says what was lost."""

from __future__ import annotations

import re

import pytest

import benchsuite
from benchsuite.api import DataLocations
from benchsuite.errors import BenchsuiteError
from benchsuite_datasets.file_source import FileSource
from support.messy_tables import draw_tables
from support.real_shapes import K1, K1_ROWS, LASTFM, LASTFM_ROWS, SHAPES
from support.table_verdicts import difference, read_or_refusal, rows_read

READ = [name for name, shape in SHAPES.items() if shape.rows and shape.says is None]


def imported(path, **given):
    return benchsuite.data_import(path, quiet=True, offline=True, **given)


def test_a_card_loses_no_rows(put):
    folder = put({"k1.csv": K1})
    found = imported(folder / "k1.csv")
    assert found.to_dict()["rows"] == 4
    assert sorted(rows_read(found.dataset)) == sorted(K1_ROWS)


@pytest.mark.parametrize("name", READ)
def test_the_card_of_a_shape_reads_what_is_meant(name, put, here):
    shape = SHAPES[name]
    folder = put({shape.file: shape.raw})
    found = imported(folder / shape.file)
    rows = rows_read(FileSource(path=str(found.card)).load(here[0]))
    if name == "ratings-date.txt":
        rows = [(*row[:3], None) for row in rows]
    assert difference(rows, {row[:2]: row[2:] for row in shape.rows}) == ""


@pytest.mark.slow
def test_cards_of_messy_tables_read_what_the_tables_mean(tmp_path):
    """What the import understands differently from the direct reading is a fault of one of them."""
    wrong, compared = [], 0
    for at, table in enumerate(draw_tables(150)):
        folder = tmp_path / str(at)
        folder.mkdir()
        (folder / table.name).write_bytes(table.data)
        place = DataLocations(folders=(), cache=folder / "cache", offline=True, say=lambda _: None)
        direct = read_or_refusal(folder / table.name, place)
        try:
            card = rows_read(imported(folder / table.name).dataset)
        except BenchsuiteError as error:
            card = error
        if isinstance(direct, BenchsuiteError) and isinstance(card, BenchsuiteError):
            continue
        compared += 1
        if isinstance(direct, BenchsuiteError) or isinstance(card, BenchsuiteError) or sorted(card) != sorted(direct):
            wrong.append(f"{', '.join(table.kinds)}: {direct if isinstance(direct, BenchsuiteError) else card}")
    assert compared > 30
    assert not wrong, f"{len(wrong)} of {compared}:\n" + "\n".join(line[:300] for line in wrong[:20])


def test_columns_said_are_those_of_the_card(put):
    folder = put({"lastfm.csv": LASTFM})
    found = imported(folder / "lastfm.csv", user="0", item="1", value="2")
    assert sorted(rows_read(found.dataset)) == sorted(LASTFM_ROWS)


LOSSES = (
    "user,item,rating,price,phone,title\n"
    "a,x,0,3.50,+49 30 123456,Tea\na,x,5,3.50,+49 30 123456,Tea\nb,x,0,3.50,+49 30 123456,Tea\n"
    "b,y,0,2.99,+49 89 654321,Jam\nc,y,4,2.99,+49 89 654321,Jam\nc,x,0,3.50,+49 30 123456,Tea\n"
)


def test_an_import_says_what_it_read_dropped_and_ignored(put):
    folder = put({"r.csv": LOSSES})
    text = str(imported(folder / "r.csv"))
    assert re.search(r"\b6\b", text), "rows read"
    assert re.search(r"repeat\w*.*\b1\b|\b1\b.*repeat", text), "repeats dropped"
    assert re.search(r"4 of 6 .*\b0\b", text), "zeros seen"
    ignored = next((line for line in text.splitlines() if "ignored" in line), "")
    assert "price" in ignored
    assert "phone" in ignored


def test_an_import_proposes_what_counts_as_a_like(put):
    text = str(imported(put({"r.csv": LOSSES}) / "r.csv"))
    assert "positive_from" in text


def test_an_import_proposes_a_time_under_another_name(put):
    folder = put({"s.csv": SHAPES["a time under another name"].raw})
    found = imported(folder / "s.csv")
    assert "Date bought" in found.toml
    assert found.dataset.interactions.timestamp is not None


EXPERIMENT = (
    'name = "ratings"\nsources = ["demo"]\nsplits = ["random-holdout"]\nmodels = ["popular"]\nmetrics = ["f1"]\n'
)


def test_an_experiment_beside_a_table_is_no_card(put, here):
    folder = put({"ratings.csv": "user,item,rating\na,x,5\nb,y,4\n", "ratings.toml": EXPERIMENT})
    rows = rows_read(FileSource(path=str(folder / "ratings.csv")).load(here[0]))
    assert sorted(rows) == [("a", "x", 5, None), ("b", "y", 4, None)]


@pytest.mark.parametrize("force", [False, True])
def test_an_import_never_overwrites_an_experiment(force, put):
    folder = put({"ratings.csv": "user,item,rating\na,x,5\nb,y,4\n", "ratings.toml": EXPERIMENT})
    try:
        imported(folder / "ratings.csv", force=force)
    except BenchsuiteError as error:
        assert "experiment" in str(error)  # noqa: PT017 - a card of another name is right, too
    assert (folder / "ratings.toml").read_text() == EXPERIMENT


def test_an_overwrite_shows_what_it_replaces(put):
    folder = put({"ratings.csv": "user,item,rating\na,x,5\nb,y,4\n"})
    imported(folder / "ratings.csv", with_={"positive_from": 3.5})
    assert "positive_from = 3.5" in str(imported(folder / "ratings.csv", force=True))


def test_users_with_one_row_each_are_read_where_somebody_says_who_they_are(put, here):
    rows = "".join(f"u{user} i{user % 7} 4\n" for user in range(40))
    folder = put({"r.txt": rows})
    with pytest.raises(BenchsuiteError, match="nearly each row has another"):
        FileSource(path=str(folder / "r.txt")).load(here[0])
    found = imported(folder / "r.txt", user="1", item="2", value="3")
    assert found.to_dict()["users"] == 40
    assert len(rows_read(FileSource(path=str(folder / "r.txt")).load(here[0]))) == 40


def test_a_second_table_said_once_is_not_said_twice(put, here):
    card = '[interactions]\nfile = "r.csv"\ncolumns = { user = "who", item = "what" }\n'
    folder = put({"r.csv": "who,what\na,x\nb,y\n", "i.csv": "item,title\nx,Tea\ny,Jam\n", "r.toml": card})
    dataset = FileSource(path=str(folder / "r.csv"), items="i.csv").load(here[0])
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True)) == {"x": "Tea", "y": "Jam"}


def test_columns_seen_and_ignored_are_named(put, here):
    folder = put({"r.csv": "user,item,rating,is_click,price\na,x,5,1,3\nb,y,4,0,2\n"})
    FileSource(path=str(folder / "r.csv")).load(here[0])
    said = "\n".join(here[1])
    assert "is_click" in said
    assert "price" in said


@pytest.mark.slow
def test_equal_ratings_are_no_division_by_zero(put, tmp_path):
    rows = "".join(f"u{user},i{item},4\n" for user in range(30) for item in range(25) if (user + item) % 3)
    folder = put({"ones.csv": f"user,item,rating\n{rows}"})
    experiment = benchsuite.Experiment(
        "ones",
        sources=[{"use": "file", "with": {"path": str(folder / "ones.csv")}}],
        splits=["random-holdout"],
        models=["popular", "knn-baseline"],
        metrics=["ndcg@10", "rmse"],
    )
    found = benchsuite.run(experiment, store=tmp_path / "runs", offline=True, threads=1, quiet=True)
    assert "ZeroDivisionError" not in str(found)

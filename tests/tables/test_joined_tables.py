"""Tables of items and users, links and features meet the rows, or it is said how many do and what would help."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchsuite.errors import UsageError
from benchsuite_datasets.file_source import FileSource
from support.real_shapes import FILMTRUST, SEQUENCE_ROWS, SEQUENCES, SOLD, TWEETED, TWEETED_TITLES, TWEETS
from support.table_verdicts import rows_read

WITHOUT_ZEROS = "\n".join(line.lstrip("0") for line in TWEETED.split("\n"))
FOUND = r"\b\d+ of \d+\b"


def texts(dataset):
    return dict(zip(dataset.items.ids, dataset.items.text, strict=True))


def test_films_without_names_have_their_id_first(put, here):
    folder = put({"ratings.dat": TWEETS, "movies.dat": TWEETED})
    dataset = FileSource(path=str(folder / "ratings.dat"), items="movies.dat").load(here[0])
    for item, title in TWEETED_TITLES.items():
        assert texts(dataset)[item].startswith(title)
    assert any(re.search(r"\b4 of 4\b", line) for line in here[1])


def test_lost_zeros_are_told_and_found_again(put, here):
    folder = put({"ratings.dat": TWEETS, "movies.dat": WITHOUT_ZEROS})
    source = {"path": str(folder / "ratings.dat"), "items": "movies.dat"}
    with pytest.raises(UsageError) as caught:
        FileSource(**source).load(here[0])
    line = str(caught.value)
    assert "\n" not in line
    assert re.search(FOUND, line)
    assert re.search(r"\bzeros?\b", line)
    assert re.search(r"ids[-_]as.{0,5}integer", line)
    dataset = FileSource(**source, ids_as="integer").load(here[0])
    assert sorted(dataset.items.ids) == ["114508", "1305591", "1428538", "499549"]
    assert texts(dataset)["114508"].startswith("Species (1995)")


def test_ids_with_a_point_meet_those_without(put, here):
    """What pandas makes of whole numbers with a hole."""
    ratings = "user,item,rating\n" + "".join(f"{user}.0,{item}.0,5\n" for user in range(3) for item in range(4))
    items = "item,title\n" + "".join(f"{item},Title {item}\n" for item in range(4))
    folder = put({"ratings.csv": ratings, "items.csv": items})
    source = {"path": str(folder / "ratings.csv"), "items": "items.csv"}
    with pytest.raises(UsageError, match=r"\.0") as caught:
        FileSource(**source).load(here[0])
    assert re.search(r"ids[-_]as.{0,5}integer", str(caught.value))
    dataset = FileSource(**source, ids_as="integer").load(here[0])
    assert texts(dataset) == {str(item): f"Title {item}" for item in range(4)}


def test_blanks_around_ids_do_not_matter(put, here):
    folder = put(
        {"r.csv": "user,item,rating\na,tea ,5\nb, tea,4\nb,jam,3\n", "i.csv": "item,title\n tea,Tea\njam ,Jam\n"}
    )
    dataset = FileSource(path=str(folder / "r.csv"), items="i.csv").load(here[0])
    assert texts(dataset) == {"tea": "Tea", "jam": "Jam"}
    assert any("trimmed" in line for line in here[1])


def test_users_that_do_not_meet_are_told(put, here):
    folder = put({"r.csv": "user,item\n1,x\n2,x\n3,y\n", "u.csv": "user,job\nann,cook\nbob,nurse\ncy,smith\n"})
    with pytest.raises(UsageError, match=r"0 of 3"):
        FileSource(path=str(folder / "r.csv"), users="u.csv").load(here[0])


def test_prices_places_and_numbers_are_no_texts(put, here):
    items = (
        "item,title,price,age,latitude,longitude,phone\n"
        "x,Green tea,3.50,4,52.52,13.40,+49 30 123456\ny,Plum jam,2.99,7,48.14,11.58,+49 89 654321\n"
    )
    folder = put({"r.csv": "user,item\na,x\na,y\nb,x\n", "i.csv": items})
    dataset = FileSource(path=str(folder / "r.csv"), items="i.csv").load(here[0])
    assert texts(dataset) == {"x": "Green tea", "y": "Plum jam"}


def test_filmtrust_has_links_of_trust(put, here):
    folder = put({"ratings.txt": FILMTRUST, "trust.txt": "2 966 1\n1 2 1\n3 1 1\n2 3 1\n"})
    dataset = FileSource(path=str(folder / "ratings.txt"), links="trust.txt").load(here[0])
    ids = dataset.users.ids
    assert {frozenset((ids[one], ids[other])) for one, other in dataset.links} == {
        frozenset("12"),
        frozenset("13"),
        frozenset("23"),
    }
    assert any(re.search(FOUND, line) for line in here[1])


def test_links_of_other_users_are_told(put, here):
    folder = put({"r.csv": "user,item\n001,x\n002,x\n003,y\n", "l.csv": "user,friend\n1,2\n2,3\n"})
    with pytest.raises(UsageError, match=r"0 of 3|0 of 4|0 of 2") as caught:
        FileSource(path=str(folder / "r.csv"), links="l.csv").load(here[0])
    assert re.search(r"\bzeros?\b", str(caught.value))


def test_features_of_other_ids_are_told(put, here):
    folder = put({"r.csv": "user,item\na,1.0\nb,2.0\nb,1.0\n", "f.ids": "1\n2\n"})
    np.save(folder / "f.npy", np.eye(2))
    with pytest.raises(UsageError, match=r"0 of 2"):
        FileSource(path=str(folder / "r.csv"), item_features="f.npy").load(here[0])


CARD = """
item_text = ["title"]
[interactions]
file = "Beauty.txt"
format = "lists"
columns = { user = "user", item = "item" }
[items]
file = "items.csv"
columns = { id = "item", title = "title" }
"""


PARTS = """
[[interactions]]
file = "train.csv"
columns = { user = "user", item = "item" }
part = "train"
[[interactions]]
file = "test.csv"
columns = { user = "user", item = "item" }
part = "test"
"""


def test_parts_of_a_fixed_split_meet_or_say_what_would_help(put, here):
    train = "user,item\n" + "".join(f"u{user},{user + item}\n" for user in range(4) for item in range(3))
    folder = put({"train.csv": train, "test.csv": "user,item\nu0,3\nu1,5\nu9,1\n", "own.toml": PARTS})
    FileSource(path=str(folder / "own.toml")).load(here[0])
    assert "part train: 2 of 3 users of the part test found" in here[1]
    assert "part train: 3 of 3 items of the part test found" in here[1]
    put({"test.csv": "user,item\nu0,03\nu1,05\nu2,01\n"})
    with pytest.raises(
        UsageError, match=r"0 of 3 items of the part test found, but 3 of 3 meet after dropping leading zeros"
    ):
        FileSource(path=str(folder / "own.toml")).load(here[0])


def test_sequences_with_titles_by_a_card(put, here):
    folder = put({"Beauty.txt": SEQUENCES, "items.csv": SOLD, "beauty.toml": CARD})
    dataset = FileSource(path=str(folder / "beauty.toml")).load(here[0])
    assert rows_read(dataset) == SEQUENCE_ROWS, "the order of a line is the order in time"
    assert texts(dataset)["1"] == "Green tea, loose, 100 g"
    assert texts(dataset)["3"] == 'Ham "extra"'
    assert any(re.search(r"\b9 of 9\b", line) for line in here[1])


def test_titles_beside_sequences_are_found_by_number(put, here):
    """Of the columns item, asin and title the first is the id."""
    events = "user,item\n1,1\n1,2\n2,1\n2,4\n3,9\n"
    folder = put({"events.csv": events, "items.csv": SOLD})
    dataset = FileSource(path=str(folder / "events.csv"), items="items.csv").load(here[0])
    assert "Green tea, loose, 100 g" in texts(dataset)["1"]
    assert "Salt" in texts(dataset)["4"]

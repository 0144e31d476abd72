"""Sets whose files are not at hand: their cards read small files written in exactly their format."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import DataLocations
from benchsuite.errors import ConfigError, DataError
from benchsuite_datasets import sources
from benchsuite_datasets.card_loader import card_names, read_card
from support.small_cards import EXPECTED, FILES, LATIN


def write(name: str, folder: Path, files=None) -> Path:
    for file, text in (files or FILES[name]).items():
        path = folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode("latin-1" if file in LATIN else "utf-8")
        path.write_bytes(gzip.compress(data) if file.endswith(".gz") else data)
    return folder


def source_of(name):
    return getattr(sources, name.replace("-", "_"))


@pytest.fixture
def load(tmp_path):
    def run(name, files=None, **settings):
        return source_of(name)(**settings).load(
            DataLocations((write(name, tmp_path, files),), tmp_path / "cache", offline=True)
        )

    return run


@pytest.mark.parametrize("name", FILES)
def test_rows_and_texts_are_read(name, load, raw_rows):
    dataset = load(name)
    rows, texts = EXPECTED[name]
    assert sorted(raw_rows(dataset)) == sorted(rows)
    if texts is None:
        assert dataset.items.text is None
    else:
        found = dict(zip(dataset.items.ids, dataset.items.text, strict=True))
        assert {raw: found[raw] for raw in texts} == texts
    timed = any("timestamp" in table.columns for table in read_card(name).layouts[0].interactions)
    assert (dataset.interactions.timestamp is not None) == timed


@pytest.mark.parametrize("name", FILES)
def test_other_counts_than_the_published_are_seen(name, tmp_path):
    place = DataLocations((write(name, tmp_path),), tmp_path / "cache", offline=True)
    check = source_of(name)().check(place)
    assert check.here
    assert check.found["rows"] != check.expected.get("rows")
    assert bool(check.expected) == (name != "mooccubex-titles")
    assert check.checksums.startswith("0 of ")
    assert not source_of(name)().check(DataLocations((), tmp_path / "cache", offline=True)).here


def test_a_choice_is_a_setting_and_part_of_the_identity(tmp_path):
    files = {name.replace("All_Beauty", "Gift_Cards"): text for name, text in FILES["amazon-2023"].items()}
    gifts = source_of("amazon-2023")(category="Gift_Cards")
    write("amazon-2023", tmp_path, files)
    place = DataLocations((tmp_path,), tmp_path / "cache", offline=True)
    assert len(gifts.load(place).interactions) == 1
    assert gifts.check(place).expected == {"rows": 152_410}
    assert gifts.settings()["category"] == "Gift_Cards"
    found = source_of("amazon-2023")().check(place)
    assert found.here, "verify looks for any of the sets"
    assert found.checksums == "Gift_Cards: 0 of 2 known"
    assert source_of("amazon-2023")(category="Software").check(DataLocations((), tmp_path, offline=True)).expected == {}
    with pytest.raises(DataError, match="neither in a named folder nor in the cache"):
        source_of("amazon-2023")().load(place)
    with pytest.raises(ConfigError, match="category"):
        source_of("amazon-2023").from_settings({"category": "Gift_Card"})


def test_the_large_news_set_has_the_same_format(load, raw_rows):
    files = {name.replace("small", "large"): text for name, text in FILES["mind"].items()}
    assert sorted(raw_rows(load("mind", files, size="large"))) == sorted(EXPECTED["mind"][0])


def test_a_step_tells_that_the_card_knows_no_checksum(load):
    assert load("ml-20m").steps[0].note.endswith("checksums: 0 of 2 known")


def texts_of_users(dataset):
    return dict(zip(dataset.users.ids, dataset.users.text, strict=True))


def test_people_are_described(load):
    assert texts_of_users(load("ml-1m"))["1"] == "under 18 years old. female. K-12 student"
    assert texts_of_users(load("book-crossing"))["276725"] == "nyc, new york, usa"
    assert texts_of_users(load("lastfm-1k"))["user_000001"] == "male. Japan"
    assert texts_of_users(load("far-trans"))["C1"] == "Mass. Balanced. CAP_LT30K"
    assert load("h-and-m").users.columns["age"] == ("49",)


@pytest.mark.parametrize(("name", "pairs"), [
    ("yelp", {("u1", "u2")}),
    ("epinions", {("22605", "1")}),
    ("ciao-dvd", {("2", "1")}),
])  # fmt: skip
def test_friends_and_trust_are_links(name, pairs, load):
    dataset = load(name)
    assert {(dataset.users.ids[a], dataset.users.ids[b]) for a, b in dataset.links} == pairs


def test_news_keep_their_parts_and_what_was_only_shown(load):
    rows = load("mind").interactions
    assert rows.parts == ("train", "test")
    assert np.bincount(rows.part).tolist() == [2, 2]
    everything = load("mind", behaviours=("shown", "click"), duplicates="all").interactions
    assert np.bincount(everything.behaviour).tolist() == [2, 4]
    assert everything.timestamp.tolist().count(1_573_463_158) == 2


def test_times_are_seconds(load):
    assert load("amazon-2023").interactions.timestamp.tolist() == [1_588_687_728]
    assert 1_433_224_214 in load("retailrocket").interactions.timestamp
    assert 1_531_001_351 in load("yelp").interactions.timestamp
    assert 1_537_401_600 in load("h-and-m").interactions.timestamp


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "message"),
    [
        ("mind", "MINDsmall_dev/behaviors.tsv", "N2-1", "N2", "'N2' does not end in - and a known behaviour"),
        ("mind", "MINDsmall_dev/behaviors.tsv", "N2-1", "N2-7", "'N2-7' does not end in - and a known behaviour"),
        ("epinions", "ratings_data.txt", "1 101 5", "1 101", "ratings_data.txt, line 2: 2 columns instead of 3"),
        ("epinions", "ratings_data.txt", "1 101 5", "1 101 x", "line 2, column rating: 'x' is not a number"),
        ("book-crossing", "BX-Books.csv", '"Rites"', '"Rites', "BX-Books.csv, line 3: "),
        ("yelp", "yelp_academic_dataset_user.json", "}", "", "line 1: is not JSON"),
        ("ml-20m", "ratings.csv", "3.5", "nan", "line 2, column rating: is no finite number"),
        ("amazon-2023", "All_Beauty.jsonl.gz", "1588687728923", "158868772892300", "is a time before 1970 or"),
    ],
)
def test_damage_is_one_line_with_its_place(name, file, old, new, message, load):
    files = dict(FILES[name])
    assert old in files[file]
    files[file] = files[file].replace(old, new)
    with pytest.raises(DataError) as caught:
        load(name, files)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_order_that_nobody_placed_is_counted(load):
    files = dict(FILES["instacart"])
    files["orders.csv"] = files["orders.csv"].replace("3,205970", "4,205970")
    dataset = load("instacart", files)
    assert any(step.note == "1 row without a user, 0 without an item" for step in dataset.steps)


def test_cards_without_files_at_hand_say_so():
    unseen = {name for name in card_names() if any("were not at hand" in quirk for quirk in read_card(name).quirks)}
    assert unseen == set(FILES)
    assert all(not file.sha256 for name in unseen for file in read_card(name).layouts[0].files)

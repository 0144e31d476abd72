"""Files that an experiment names: data by file name, paths relative to the experiment's file, a card's own name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import benchsuite
from benchsuite.plan import read_experiment

CARD = """
name = "shop-of-mine"

[[interactions]]
file = "purchases.csv"
columns = { user = "who", item = "what" }
"""
MINE = """
name = "mine"
sources = [{sources}]
splits = ["random-holdout"]
models = ["popular", "./own.py:Own"]
metrics = ["ndcg@10"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data, its card and a model, beside the working folder."""
    place = tmp_path / "there"
    place.mkdir()
    (place / "purchases.csv").write_text("who,what\n" + "".join(f"u{i % 7},i{i % 5}\n" for i in range(35)))
    (place / "purchases.toml").write_text(CARD)
    (place / "plain.csv").write_text("user,item\nu1,i1\n")
    (place / "own.py").write_text("# a model\n")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return place


def read(folder: Path, sources: str):
    (folder / "mine.toml").write_text(MINE.replace("{sources}", sources))
    return read_experiment(os.path.relpath(folder / "mine.toml"))


@pytest.mark.parametrize(
    ("sources", "path", "label"),
    [
        ('"purchases.toml"', "../there/purchases.toml", "shop-of-mine"),
        ('{ use = "file", with = { path = "purchases.csv" } }', "../there/purchases.csv", "shop-of-mine"),
        ('"plain.csv"', "../there/plain.csv", "plain"),
        ('{ use = "plain.csv", label = "Mine" }', "../there/plain.csv", "Mine"),
        ('{ use = "file", with = { path = "elsewhere.csv" } }', "elsewhere.csv", "elsewhere"),
    ],
)
def test_a_source_by_file_name_lies_beside_the_experiment_and_has_the_cards_name(folder, sources, path, label):
    (source,) = read(folder, sources).expanded("sources")
    assert (source.use, source.settings["path"], source.label) == ("file", path, label)


def test_a_model_file_lies_beside_the_experiment_too(folder):
    assert [model.use for model in read(folder, '"demo"').models] == ["popular", "../there/own.py:Own"]


def test_where_the_working_folder_is_the_experiments_own_no_name_changes(folder, monkeypatch):
    monkeypatch.chdir(folder)
    experiment = read(folder, '"purchases.toml"')
    assert experiment.models[1].use == "./own.py:Own"  # the name is part of the keys
    assert experiment.sources[0].settings["path"] == "purchases.toml"


def test_the_working_folder_still_counts(folder):
    Path("local.csv").write_text("user,item\nu1,i1\n")
    Path("own.py").write_text("# another\n")
    (folder / "own.py").unlink()
    experiment = read(folder, '"local.csv"')
    assert experiment.sources[0].settings["path"] == "local.csv"
    assert experiment.models[1].use == "./own.py:Own"


def test_the_same_from_python(folder, monkeypatch):
    monkeypatch.chdir(folder)
    experiment = benchsuite.Experiment(
        "mine", sources=["purchases.toml"], splits=["random-holdout"], models=["popular"], metrics=["ndcg@10"]
    )
    (source,) = experiment.expanded("sources")
    assert (source.use, source.label) == ("file", "shop-of-mine")


def test_the_tables_use_the_cards_name(folder):
    read(folder, '"purchases.toml"')
    (folder / "own.py").unlink()
    text = (folder / "mine.toml").read_text().replace(', "./own.py:Own"', "")
    (folder / "mine.toml").write_text(text)
    results = benchsuite.run(folder / "mine.toml", store="runs", offline=True, quiet=True)
    assert set(results.results["dataset"]) == {"shop-of-mine"}

"""``benchsuite audit``: evidence for every fold of an experiment, and a diagnosis of anybody's files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from benchsuite.api import DataLocations
from benchsuite.cli.main import main
from benchsuite.data.files import save_truth
from benchsuite.registry import load_source
from benchsuite.store import Store
from benchsuite.stored_folds import read_fold

EXPERIMENT = """
name = "mine"
seeds = [1, 2]
sources = [{ use = "demo", with = { users = 60, items = 50, events_per_user = 12 } }]
splits = SPLITS
models = ["popular"]
metrics = ["ndcg@10"]
"""

LEAKY = '''
"""Splits that leak."""

import dataclasses

import numpy as np

from benchsuite.data import Interactions, Ragged
from benchsuite_protocol.splits.k_fold import KFold


@dataclasses.dataclass
class Leaky(KFold):
    """Leaks in the first and in the third fold."""

    folds: int = 3

    def split(self, dataset, seed):
        for fold in super().split(dataset, seed):
            if fold.name == "1":
                yield dataclasses.replace(fold, train=dataset)
            elif fold.name == "3":
                yield dataclasses.replace(fold, blocked=Ragged.empty(len(fold.queries)))
            else:
                yield fold
'''


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCHSUITE_DATA", raising=False)
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "leaky.py").write_text(LEAKY)

    def write(*splits: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(EXPERIMENT.replace("SPLITS", json.dumps(splits)))
        return path

    return write


def test_every_fold_shows_its_evidence(place, capsys):
    place("random-holdout", "k-fold", "both-cold", "global-temporal")
    assert main(["audit", "mine.toml", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["leaks"] == []
    cuts = {(fold["split"], fold["seed"], fold["fold"]) for fold in result["folds"]}
    assert ("random-holdout", 2, "test") in cuts
    assert {("k-fold", 1, fold) for fold in ("1", "2", "3", "4", "5", "(all)")} <= cuts
    findings = [finding for fold in result["folds"] for finding in fold["findings"]]
    assert len(findings) == result["checks"] > 300
    assert sum(finding["compared"] for finding in findings) == result["compared"]
    assert min(finding["compared"] for finding in findings) > 0
    groups = {fold["split"]: {finding["group"] for finding in fold["findings"]} for fold in result["folds"]}
    assert groups["both-cold"] >= {"pairs", "histories", "lists", "cold", "rows", "texts", "validation", "folds"}
    assert "time" in groups["global-temporal"]
    assert not Path("runs").exists()


def test_the_table_and_its_details(place, capsys):
    place("k-fold")
    assert main(["audit", "mine.toml"]) == 0
    out, err = capsys.readouterr()
    assert "auditing demo, k-fold, seed 2" in err
    lines = out.splitlines()
    assert lines[0].split()[-1] == "verdict"
    assert sum(line.endswith(" ok") for line in lines) == 12
    assert lines[-1].startswith("mine: 10 folds, ")
    assert lines[-1].endswith(" 0 leaks")
    assert main(["audit", "mine.toml", "--details"]) == 0
    out = capsys.readouterr().out
    for check in (
        "held-out pairs not in training",
        "validation: history items blocked",
        "every row is held out exactly",
    ):
        assert check in out


def test_a_leak_in_one_fold_does_not_hide_the_others(place, capsys):
    place("./leaky.py:Leaky", "item-cold")
    assert main(["audit", "mine.toml"]) == 1
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    leaks = [line for line in out.splitlines() if line.startswith("LEAK")]
    first = [line for line in leaks if "seed 1, fold 1" in line]
    third = [line for line in leaks if "seed 2, fold 3" in line]
    assert any("held-out pairs are also in the training part" in line for line in first)
    assert any("items of a history could be recommended again" in line for line in third)
    assert not [line for line in leaks if "fold 2" in line or "item-cold" in line]
    assert any("seed 1: " in line and "rows are held out in no fold" in line for line in leaks)
    rows = [line.split() for line in out.splitlines() if line.startswith("demo ")]
    verdicts = {tuple(row[1:4]): row[-1] for row in rows}
    assert verdicts["Leaky", "1", "1"] == verdicts["Leaky", "2", "3"] == verdicts["Leaky", "1", "(all)"] == "LEAK"
    assert verdicts["Leaky", "1", "2"] == verdicts["item-cold", "2", "test"] == "ok"
    assert main(["audit", "mine.toml", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["leaks"]) == len(leaks)


def test_a_run_with_a_leak_fits_nothing(place, capsys):
    place("./leaky.py:Leaky")
    assert main(["run", "mine.toml", "--offline"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: demo, Leaky, seed 1, fold 1: ")
    assert "held-out pairs are also in the training part" in line
    store = Store(Path("runs"))
    assert store.keys("cell") == store.keys("fold") == []


def test_what_cannot_be_cut_is_told(place, capsys, tmp_path):
    code = (
        "import dataclasses\nfrom benchsuite_datasets.demo import Demo\n\n\n@dataclasses.dataclass\n"
        'class Timeless(Demo):\n    """A shop without clocks."""\n\n    def load(self, place):\n'
        "        data = super().load(place)\n        rows = dataclasses.replace(data.interactions, timestamp=None)\n"
        "        return dataclasses.replace(data, interactions=rows)\n"
    )
    (tmp_path / "timeless.py").write_text(code)
    path = place("global-temporal", "random-holdout", "user-cold")
    path.write_text(path.read_text().replace('"demo"', '"./timeless.py:Timeless"').replace("users = 60", "users = 20"))
    text = path.read_text().replace('"user-cold"', '{ use = "user-cold", with = { history = [500] } }')
    path.write_text(text)
    assert main(["audit", "mine.toml"]) == 0
    out = capsys.readouterr().out
    assert "not made: needs timestamps" in out
    assert "not made: user-cold of demo: none of 4 drawn users has more than 500 events" in out
    assert "4 cuts could not be made and were not checked" in out
    assert "mine: 2 folds" in out


def test_an_order_of_ties_that_users_share_is_told_and_can_be_shuffled(place, capsys, tmp_path):
    days = [f"u{user},i{item:02d},{day}" for user in range(30) for day in (1, 2) for item in range(day, 20, 2)]
    (tmp_path / "days.csv").write_text("\n".join(["user,item,timestamp", *days]) + "\n")
    path = place("random-holdout")
    shop = '{ use = "demo", with = { users = 60, items = 50, events_per_user = 12 } }'
    for more, shared in (("", True), (", shuffle_ties = 1", False)):
        source = f'{{ use = "file", with = {{ path = "days.csv"{more} }} }}'
        path.write_text(EXPERIMENT.replace(shop, source).replace("SPLITS", '["random-holdout"]'))
        assert main(["audit", "mine.toml"]) == 0
        out = capsys.readouterr().out
        assert ": 570 of 570 rows share user and time" in out
        assert ("models that read sequences can learn the file's order" in out) is shared
        assert ("sources that read files take shuffle_ties = 1" in out) is shared


@pytest.mark.slow
def test_folds_in_the_store_are_compared(place, capsys, tmp_path):
    place("random-holdout")
    assert main(["run", "mine.toml", "--offline"]) == 0
    capsys.readouterr()

    def stored() -> list[dict]:
        code = main(["audit", "mine.toml", "--json"])
        folds = json.loads(capsys.readouterr().out)["folds"]
        found = [finding for fold in folds for finding in fold["findings"] if finding["group"] == "store"]
        assert code == (1 if any(finding["leak"] for finding in found) else 0)
        return found

    clean = stored()
    assert len(clean) == 2
    assert all(finding["compared"] > 2000 and not finding["leak"] for finding in clean)
    store = Store(tmp_path / "runs")
    key = store.keys("fold")[0]
    shop = load_source("demo").from_settings({"users": 60, "items": 50, "events_per_user": 12}).load(DataLocations())
    truth = read_fold(store, key, shop).truth
    store.drop("truth", key)
    with store.write("truth", key) as draft:
        save_truth(dataclasses.replace(truth, value=truth.value + 1), draft.folder)
        draft.manifest = {"data": shop.fingerprint}
    assert sorted(finding["leak"] for finding in stored()) == [
        "",
        "the stored fold and a fresh cut differ in truth: value",
    ]
    path = store.folder("truth", key) / "truth.value.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert any(
        "the stored fold is damaged: " in finding["leak"] and path.name in finding["leak"] for finding in stored()
    )


GOOD = "user,item,value,time\na,x,1,10\na,y,1,11\nb,x,1,12\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(train: str, test: str) -> list[str]:
        Path("train.csv").write_text(train)
        Path("test.csv").write_text(test)
        return ["audit", "--train", "train.csv", "--test", "test.csv"]

    return write


def test_a_clean_foreign_split(files, capsys):
    words = files(GOOD, "user,item,value,time\na,z,1,20\nb,y,0,21\n")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "3 training rows in train.csv\n" in out
    assert "train.csv: columns: user = user, item = item, timestamp = time, value = value\n" in out
    assert "fine    users of the test found in training: 2 of 2\n" in out
    assert "fine    test pairs in training: 0 of 2" in out
    assert out.endswith("0 leaks, 0 warnings\n")
    assert main([*words, "--json", "--promise", "ordered"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["rows"] == {"train": 3, "test": 2}
    assert result["leaks"] == 0


def test_a_foreign_leak(files, capsys):
    words = files(GOOD, "user,item,value,time\na,z,1,20\nb,x,1,12\n")
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "leak    test pairs in training: 1 of 2 (50.00%)" in out
    assert "the first is user b, item x: test.csv, line 3 and train.csv, line 4" in out


def test_files_that_have_nothing_in_common_are_no_clean_split(files, capsys):
    words = files(GOOD, "user,item,value\nq,1,1\nr,2,1\n")
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(
        "error: train.csv: neither users nor items of test.csv are there, so that nothing can be comp"
    )
    assert "0 of 2 users of the test found; check that both files are about the same users and items; " in err
    assert main([*words, "--promise", "cold-users", "--promise", "cold-items"]) == 0
    assert "note    users of the test found in training: 0 of 2\n" in capsys.readouterr().out


def test_users_that_only_seem_new_are_told(files, capsys):
    words = files("user,item\nu1,x\nu2,x\nu2,y\n", "user,item\n1,y\n2,z\n2,x\n")
    assert main(words) == 2
    err = capsys.readouterr().err
    assert "0 of 2 users of the test found, but 2 of 2 meet after dropping the prefix 'u'; " in err
    assert "or say --promise cold-users if they are new" in err
    assert main([*words, "--promise", "cold-users"]) == 0
    out = capsys.readouterr().out
    assert "warning users of the test found in training: 0 of 2\n" in out
    assert "2 of 2 meet after dropping the prefix 'u': write the ids alike in both files" in out
    assert "fine    items of the test found in training: 2 of 3" in out


def test_qrels_are_audited(files, capsys):
    assert main(files("a 0 x 1\nb 0 y 1\n", "a 0 x 0\nb 0 x 1\n")) == 1
    out = capsys.readouterr().out
    assert "train.csv: columns: user = column 1, item = column 3, value = column 4; ignored: column 2\n" in out
    assert "leak    test pairs in training: 1 of 2" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["audit", "--train", "train.csv"], "error: --train needs --test too; a split has both parts"),
        (["audit", "--user", "u"], "error: --user needs --train too"),
        (
            ["audit", "demo", "--train", "train.csv", "--test", "test.csv"],
            "error: both the experiment demo and --train",
        ),
        (["audit", "--train", "absent.csv", "--test", "test.csv"], "error: absent.csv: no such file; check the path"),
        (
            ["audit", "--train", "train.csv", "--test", "test.csv", "--user", "usr"],
            'column "usr" is missing; did you mean "user"?',
        ),
        (
            ["audit", "--train", "train.csv", "--test", "test.csv", "--user", "1", "--item", "9"],
            "has 4 columns, item says 9",
        ),
        (
            ["audit", "--train", "train.csv", "--test", "test.csv", "--promise", "luck"],
            '--promise: no choice "luck"; known: cold-items, cold-users, ordered, ordered-users',
        ),
        (["audit", "nope"], 'no experiment "nope"'),
    ],
)
def test_mistakes_are_one_line(words, says, files, capsys):
    files(GOOD, GOOD)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err.splitlines()[-1]
    assert "Traceback" not in err

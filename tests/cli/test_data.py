"""``benchsuite data``: show, verify, import and export, as a user calls them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchsuite.api import DataLocations
from benchsuite.cli.main import main
from benchsuite.errors import DataError
from benchsuite.registry import load_source, load_split
from benchsuite_interchange.export import export_dataset


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """Run the command in an empty folder and return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCHSUITE_DATA", raising=False)
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))

    def run(*words):
        code = main(["data", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="module")
def demo():
    return load_source("demo").from_settings({"users": 60, "items": 40, "events_per_user": 8}).load(DataLocations())


SMALL = ("--with", "users = 60; items = 40; events_per_user = 8")


def test_a_name_alone_means_show(call):
    short, long = call("demo", *SMALL), call("show", "demo", *SMALL)
    assert short == long
    assert short[0] == 0
    assert "published split  none" in short[1]
    assert call("--json", "demo", *SMALL)[1].startswith("{")
    assert "benchsuite data verify" in call("--help")[1]
    assert call() == (2, "", call()[2])
    assert "missing argument SOURCE; see benchsuite data show --help" in call()[2]


def test_a_card_or_a_table_of_ones_own_is_shown_and_exported_by_its_name(call, tmp_path):
    (tmp_path / "shop.csv").write_text("user;item;date\na;x;01.02.2023\na;y;13.02.2023\nb;x;14.03.2023\n")
    assert call("import", "shop.csv", "--timestamp", "date")[0] == 0
    for name in ("shop.toml", "./shop.toml", "shop.csv"):
        code, out, _ = call("show", name)
        assert code == 0
        assert "timestamps       2023-02-01 to 2023-03-14 (1675209600 to 1678752000 UTC seconds)" in out
    assert call("export", "shop.toml", "--out", "written", "--as", "parquet")[0] == 0
    assert call("show", "nowhere.toml")[2].startswith("error: nowhere.toml: no such file")


def test_steps_are_no_dates(call, tmp_path):
    (tmp_path / "shop.csv").write_text("user,item,timestamp\na,x,1\na,y,2\nb,x,3\n")
    assert "timestamps       1 to 3 UTC seconds" in call("show", "shop.csv")[1]


@pytest.fixture
def groceries(tmp_path):
    """A folder with a file of the right name and other bytes than the card knows."""
    folder = tmp_path / "data" / "groceries"
    folder.mkdir(parents=True)
    return folder


def test_verify_tells_what_is_not_here(call):
    code, out, _ = call("verify")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "not here" in lines["gowalla"]
    assert "- / 1,027,370" in lines["gowalla"]
    assert "nothing to check" in lines["demo"]
    assert "0 here, 0 not as published" in out
    assert call("verify", "gowala")[0] == 2


def test_verify_tells_of_damage_and_of_other_counts(call, groceries, tmp_path, monkeypatch):
    from benchsuite_datasets import file_lookup
    from benchsuite_datasets.card_loader import read_card

    layout = read_card("groceries").layouts[0]
    table = layout.interactions[0]
    header = table.wanted
    cells = {table.columns["timestamp"]: "01-01-2015"}
    row = ",".join(cells.get(name, "x") for name in header)
    for file in layout.files:
        (groceries / file.name).write_text(f"{','.join(header)}\n{row}\n{row}\n")
    code, out, _ = call("verify", "groceries", "--data", tmp_path / "data")
    assert code == 1
    assert "damaged" in out
    assert "checksum mismatch" in out
    monkeypatch.setattr(file_lookup, "matches", lambda _file, _path: True)
    code, out, _ = call("verify", "groceries", "--data", tmp_path / "data", "--json")
    assert code == 1
    (facts,) = json.loads(out)
    assert facts["state"] == "MISMATCH"
    assert facts["found"] == {"rows": 2, "users": 1, "items": 1}
    assert "38,765 rows expected, 2 found" in facts["reason"]


def test_verify_on_real_files(call, real_data):
    code, out, _ = call("verify", "groceries", "lastfm-hetrec2011", "--data", real_data)
    assert code == 0, out
    assert "2 sets, 2 here, 0 not as published" in out
    assert "25,434" in out
    assert "1 of 1 known" in out


def test_import_guesses_shows_and_writes_a_card(call, tmp_path):
    (tmp_path / "log.csv").write_text("customer,sku,stars,date\nann,tea,5,2020-01-01\nbob,jam,2,2020-01-02\n")
    (tmp_path / "things.csv").write_text("sku,name\ntea,Green tea\njam,Plum jam\n")
    code, out, err = call("import", "log.csv", "--items", "things.csv", "--with", "positive_from = 4.0")
    assert code == 0, err
    assert "guessed that user is customer, item is sku, value is stars, timestamp is date, times are iso" in err
    assert "2 rows of 2 users and 2 items" in out
    assert 'use it: sources = ["log.toml"]' in out
    card = (tmp_path / "log.toml").read_text()
    assert card in out
    assert sorted(path.name for path in tmp_path.glob("*") if path.is_file()) == ["log.csv", "log.toml", "things.csv"]
    dataset = load_source("file")(path=str(tmp_path / "log.csv")).load(DataLocations())
    assert dataset.interactions.label.sum() == 1
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True))["tea"] == "Green tea"
    assert "is there already" in call("import", "log.csv")[2]
    assert call("import", "log.csv", "--force")[0] == 0


def test_import_takes_several_tables_and_named_columns(call, tmp_path):
    (tmp_path / "may.csv").write_text('wer,"was ""hier"""\na,x\n')
    (tmp_path / "june.csv").write_text('wer,"was ""hier"""\nb,y\n')
    code, out, err = call("import", "may.csv", "june.csv", "--user", "wer", "--item", 'was "hier"')
    assert code == 0, err
    assert "2 rows of 2 users and 2 items" in out


def test_import_asks_for_what_it_cannot_know(call, tmp_path):
    (tmp_path / "log.csv").write_text("a,b\nann,tea\n")
    code, _, err = call("import", "log.csv")
    assert code == 2
    assert "cannot tell which column holds the user; say user = 'COLUMN'; there are a, b" in err
    (tmp_path / "bad.csv").write_text("user,item,rating\nann,tea,good\n")
    assert "column rating would be the value, but holds text such as 'good'" in call("import", "bad.csv")[2]
    assert not list(tmp_path.glob("*.toml"))
    assert not list(tmp_path.glob(".draft*"))


def pairs(frame):
    return sorted(zip(frame.iloc[:, 0], frame.iloc[:, 1], strict=True))


def test_parquet_holds_everything(call, tmp_path, demo):
    code, _, err = call("export", "demo", "--out", "out", "--as", "parquet", *SMALL)
    assert code == 0, err
    rows = pd.read_parquet(tmp_path / "out" / "interactions.parquet")
    assert rows["user"].tolist() == [demo.users.ids[code] for code in demo.interactions.user]
    assert rows["value"].tolist() == demo.interactions.value.tolist()
    assert set(rows["behaviour"]) == {"view", "cart", "purchase"}
    items = pd.read_parquet(tmp_path / "out" / "items.parquet")
    assert items["text"].tolist() == list(demo.items.text)
    assert items["text.title"].tolist() == list(demo.items.columns["title"])
    assert len(pd.read_parquet(tmp_path / "out" / "links.parquet")) == len(demo.links)
    assert json.loads((tmp_path / "out" / "about.json").read_text())["fingerprint"] == demo.fingerprint
    code, _, err = call("export", "demo", "--out", "out", "--as", "parquet", *SMALL)
    assert code == 2
    assert "out: is not an empty folder; name a new one with --out" in err


def test_atomic_files_come_back_as_the_same_data(call, tmp_path, demo, raw_of):
    assert call("export", "demo", "--out", "out", "--as", "recbole", *SMALL)[0] == 0
    path = tmp_path / "out" / "demo.inter"
    assert path.read_text().startswith("user_id:token\titem_id:token\trating:float\tlabel:float\ttimestamp:float")
    again = load_source("file")(path=str(path)).load(DataLocations())
    assert raw_of(again) == raw_of(demo)
    assert again.items.ids == demo.items.ids
    assert again.items.columns["title"] == demo.items.columns["title"]
    assert np.array_equal(again.links, demo.links)


@pytest.fixture
def raw_of():
    def rows(dataset):
        log = dataset.interactions
        return [
            (dataset.users.ids[user], dataset.items.ids[item], float(value), int(time))
            for user, item, value, time in zip(log.user, log.item, log.value, log.timestamp, strict=True)
        ]

    return rows


@pytest.mark.parametrize("split", ["random-holdout", "user-cold"])
def test_folds_are_exactly_ours(call, tmp_path, demo, split):
    code, out, err = call("export", "demo", "--out", "out", "--as", "recbole", "--split", split, "--seed", 7, *SMALL)
    assert code == 0, err
    (fold,) = load_split(split)().split(demo, 7)
    folder = tmp_path / "out" / f"fold-{fold.name}"
    parts = {name: pd.read_csv(folder / f"demo.{name}.inter", sep="\t") for name in ("train", "valid", "test")}
    user, item = np.asarray(demo.users.ids), np.asarray(demo.items.ids)
    train = fold.train.interactions
    assert sorted(pairs(parts["train"]) + pairs(parts["valid"])) == sorted(
        zip(user[train.user], item[train.item], strict=True)
    )
    inner = fold.validation
    assert set(pairs(parts["valid"])) == set(
        zip(user[inner.queries.user[inner.truth.rows]], item[inner.truth.item], strict=True)
    )
    assert pairs(parts["test"]) == sorted(
        zip(user[fold.queries.user[fold.truth.rows]], item[fold.truth.item], strict=True)
    )
    history = pd.read_parquet(folder / "history.parquet")
    assert history["query"].tolist() == fold.queries.rows.tolist()
    assert history["item"].tolist() == item[fold.queries.history.item].tolist()
    assert pd.read_parquet(folder / "queries.parquet")["user"].tolist() == user[fold.queries.user].tolist()
    assert (folder / "demo.item").is_file()
    assert f"{len(train) - len(parts['valid']):,} train" in out


def test_candidates_are_written_where_not_all_may_be_recommended(call, tmp_path, demo):
    words = ("--split", "item-cold", "--split-with", "items = 0.3", "--seed", 2, *SMALL)
    assert call("export", "demo", "--out", "out", "--as", "parquet", *words)[0] == 0
    (fold,) = load_split("item-cold")(items=0.3).split(demo, 2)
    (path,) = tmp_path.rglob("candidates.parquet")
    assert pd.read_parquet(path)["item"].tolist() == [demo.items.ids[code] for code in fold.candidates]


def test_export_refuses_what_it_cannot_do(call, demo, tmp_path):
    assert "needs a published split" in call("export", "demo", "--out", "x", "--as", "parquet", "--split", "fixed")[2]
    code, _, err = call("export", "demo", "--out", "x", "--as", "csv")
    assert (code, err.splitlines()[0]) == (2, 'error: unknown export "csv"; known: parquet, recbole')
    assert not Path("x").exists()
    import dataclasses

    ids = ('a"b', *demo.users.ids[1:])
    odd = dataclasses.replace(demo, users=dataclasses.replace(demo.users, ids=ids))
    with pytest.raises(DataError, match="holds a tab, a line end or a quote; atomic files cannot hold it"):
        export_dataset(odd, tmp_path / "odd", "recbole", {})
    export_dataset(odd, tmp_path / "odd", "parquet", {})
    if os.geteuid():
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        with pytest.raises(DataError, match="cannot be written"):
            export_dataset(demo, locked, "parquet", {})

"""Settings and numbers from an experiment that was run, in the model card of what is trained afterwards."""

import json
import re
from pathlib import Path

import pytest

from benchsuite.analysis import build, latest_plan
from benchsuite.cli.main import main
from benchsuite.store import Store
from benchsuite_classic.ease import EASE

pytestmark = pytest.mark.process

EXPERIMENT = """
name = "small"
k = 20
sources = [{ use = "demo", with = { users = 80, items = 60 }, label = "shop" }]
splits = ["random-holdout"]
models = ["ease", { use = "ease", label = "strict", with = { regularization = 5000.0 } }]
metrics = ["ndcg@10", "auc"]
"""
DATA = ("--source", "demo", "--source-with", "users = 80; items = 60", "--offline")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the experiment, tuned and not."""
    folder = tmp_path_factory.mktemp("measured")
    tuned = re.sub("models = .*", 'models = ["ease"]', EXPERIMENT.replace('"small"', '"tuned"'))
    tuned = f'tune = {{ on = "ndcg@10", trials = 2 }}\n{tuned}'
    for name, text in (("plain", EXPERIMENT), ("tuned", tuned)):
        (folder / f"{name}.toml").write_text(text)
        words = ["run", str(folder / f"{name}.toml"), "--store", str(folder / "runs"), "--offline", "--threads", "1"]
        assert main([*words, "--json"]) == 0
    return folder / "runs"


def train(model: str, out: Path, runs: Path, *more: str) -> int:
    return main(["train", model, *DATA, "--store", str(runs), "--out", str(out), *more])


@pytest.mark.slow
def test_the_card_has_the_numbers_and_settings_of_the_row(runs: Path, tmp_path: Path) -> None:
    assert train("strict", tmp_path / "out", runs, "--experiment", "small") == 0
    about = json.loads((tmp_path / "out" / "benchsuite.json").read_text())
    assert about["model"]["settings"] == {"regularization": 5000.0}
    assert about["benchmark"]["model"] == "strict"
    assert about["benchmark"]["dataset"] == "shop"
    text = re.sub(" +", " ", (tmp_path / "out" / "README.md").read_text())
    assert "As in the experiment small, not tuned." in text
    store = Store(runs)
    rows = [r for r in build(latest_plan(store, "small"), store).rows if r.model == "strict"]
    measured = [r for r in rows if r.metric in ("ndcg@10", "auc")]
    assert {r.metric for r in measured} == {"ndcg@10", "auc"}
    for row in measured:
        assert f"| {row.split} | {row.metric} | {row.mean:.4f} (" in text
    assert "fit_seconds" not in text
    assert "not benchmarked" not in text


def test_settings_come_from_tuning(runs: Path, tmp_path: Path) -> None:
    assert train("ease", tmp_path / "out", runs, "--experiment", "tuned") == 0
    (trials,) = [one for one in latest_plan(Store(runs), "tuned").tuning if one.model == "ease"]
    assert trials.best is not None
    about = json.loads((tmp_path / "out" / "benchsuite.json").read_text())
    assert about["model"]["settings"] == trials.settings[trials.best]
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Tuned in the experiment tuned: these won 1 of 1 studies, one for each fold." in card


def test_a_change_by_hand_is_told(runs: Path, tmp_path: Path) -> None:
    more = ("--experiment", "small", "--with", "regularization=7.0")
    assert train("ease", tmp_path / "out", runs, *more) == 0
    card = re.sub(" +", " ", (tmp_path / "out" / "README.md").read_text())
    assert "Then changed by hand: regularization. The numbers below are of a fit without that change." in card
    assert "| regularization | 7.0 | 300.0 |" in card


def test_other_data_other_versions_and_other_models_are_refused(
    runs: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    base = ["--store", str(runs), "--out", str(tmp_path / "out"), "--experiment", "small"]
    assert main(["train", "ease", "--source", "demo", *base]) == 2
    assert "experiment small: measured other data (shop), not demo as it was loaded now" in capsys.readouterr().err
    assert train("esae", tmp_path / "out", runs, "--experiment", "small") == 2
    assert 'experiment small: no model "esae"; did you mean "ease"?' in capsys.readouterr().err
    monkeypatch.setattr(EASE, "version", "next")
    assert train("ease", tmp_path / "out", runs, "--experiment", "small") == 2
    assert "measured version 1 of the model, and next is installed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

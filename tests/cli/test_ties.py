"""Who answers one value for everything wins nothing: what ties decided is told, and never marked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchsuite.cli.main import main
from benchsuite_testing.plugin_package import package
from support.shared import made_once

ZEROS = '''
"""A model that knows nothing and does not say so."""
from dataclasses import dataclass
import numpy as np
from benchsuite.api import Model

@dataclass
class Zeros(Model):
    """Answers zero for everything."""
    def fit(self, train, context):
        self._items = len(train.items)
        return self
    def score(self, queries, candidates):
        return np.zeros((len(queries), self._items if candidates is None else len(candidates)), np.float32)
'''

EXPERIMENT = """
name = "ties"
sources = ["demo"]
splits = ["item-cold"]
models = ["random", "popular", "./zeros.py:Zeros"]
metrics = ["ndcg@10", "accuracy"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(made_once(tmp_path_factory, "ties", _run), tmp_path_factory.mktemp("ties") / "copy"))


def _run(place: Path) -> None:
    (place / "zeros.py").write_text(ZEROS)
    (place / "ties.toml").write_text(EXPERIMENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert main(["run", "ties.toml", "--workers", "1"]) == 0


@pytest.mark.slow
def test_a_model_of_zeros_gets_no_mark_and_a_footnote(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    capsys.readouterr()
    assert main(["report", "ties", "--as", "markdown"]) == 0
    out = capsys.readouterr().out
    assert "Ties decided 100.0% of its answers: other candidates had the same score." in out
    assert "It does not compete for best and second: it decided less than half of its answers itself." in out
    table = out.partition("**Ranking: demo, item-cold**")[2].partition("**")[0]
    rows = [line for line in table.splitlines() if line.startswith(("| Zeros", "| popular"))]
    assert len(rows) == 2
    assert not any(mark in line for line in rows for mark in ("**", "<ins>", "\N{BLACK UP-POINTING TRIANGLE}"))

    assert main(["report", "ties", "--json"]) == 0
    told = {(one["model"], one["metric"]): one for one in json.loads(capsys.readouterr().out)["rows"]}
    zeros = next(model for model, _ in told if "zeros" in model.lower())
    assert told[zeros, "ndcg@10"]["tie_share"] == 1.0
    assert told[zeros, "accuracy"]["tie_share"] == 1.0
    assert told["popular", "ndcg@10"]["fallback_share"] == 1.0
    assert told["random", "ndcg@10"]["tie_share"] < 0.01


def test_the_reference_is_a_model_that_competes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    capsys.readouterr()
    assert main(["report", "ties", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["contrasts"]
    assert {one["reference"] for one in found if one["metric"] == "ndcg@10"} == {"random"}


def test_check_warns_of_a_model_of_zeros(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", f"{folder}/zeros.py:Zeros"])
    out = capsys.readouterr().out
    assert "warning: it answers 0 for every item" in out
    assert ", 1 warning" in out


def test_the_scaffold_abstains_where_it_knows_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fresh.py"
    path.write_text(package("model", "fresh")["fresh.py"])
    assert main(["check", f"{path}:Fresh"]) == 0
    assert "warning" not in capsys.readouterr().out


def test_a_store_that_does_not_tell_of_ties_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a store of an older version: neither the lists nor the measurements tell of ties."""
    from benchsuite.analysis import build, cell_evaluation, latest_plan
    from benchsuite.store import Store

    monkeypatch.chdir(folder)
    store = Store.open(folder / "runs")
    with monkeypatch.context() as patch:
        known = cell_evaluation.measurement
        patch.setattr(
            cell_evaluation,
            "measurement",
            lambda stored, drawn: known({k: v for k, v in stored.items() if k not in ("fallback", "ties")}, drawn),
        )
        old = build(latest_plan(store, "ties"), store)
    assert any(note.startswith("How many answers ties decided is not known") for note in old.notes)
    assert all(row.tie_share is None and row.competes for row in old.rows)
    new = build(latest_plan(store, "ties"), store)
    assert not any("ties decided" in note for note in new.notes)

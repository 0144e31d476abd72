"""From a model in a file to a row among all others, a checked folder, and cells that are fitted again."""

import subprocess

import pytest

import benchsuite
from benchsuite.errors import StoreError

MODEL = '''
from dataclasses import dataclass

import numpy as np

from benchsuite.api import Model


@dataclass
class Mine(Model):
    """Ranks items by how many users took them, but for the power."""

    power: float = 0.5

    def fit(self, train, context):
        counts = np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.float32)
        self._score = np.where(counts > 0, counts**self.power, np.nan).astype(np.float32)
        return self

    def score(self, queries, candidates):
        row = self._score if candidates is None else self._score[candidates]
        return np.tile(row, (len(queries), 1))
'''


@pytest.fixture(scope="module")
def entered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("entering")
    path = folder / "my_model.py"
    path.write_text(MODEL, "utf-8")
    model = f"{path}:Mine"
    results = benchsuite.run("demo.v1", model=model, lite=True, store=folder / "runs", offline=True, quiet=True)
    return folder, model, results


@pytest.mark.process
def test_it_stands_among_all_others(entered):
    _, _, results = entered
    text = str(results)
    assert "Mine (yours)" in text
    assert "Mine is number" in text
    assert any("submit demo.v1" in line for line in results.advice())


@pytest.mark.process
def test_it_is_submitted_and_verified(entered):
    folder, model, _ = entered
    refused = benchsuite.submit
    with pytest.raises(StoreError, match=r'no run of "Mine" in demo\.v1'):
        refused("demo.v1", "Mine", out=folder / "whole", store=folder / "runs")  # only the short form was run
    with pytest.raises(StoreError, match="run in it: Mine"):
        benchsuite.submit("demo.v1", "Other", out=folder / "other", lite=True, store=folder / "runs")
    made = benchsuite.submit("demo.v1", "Mine", out=folder / "mine", lite=True, store=folder / "runs")
    assert made.ok, made.faults
    again = benchsuite.submit("demo.v1", "Mine", out=folder / "again", lite=True, store=folder / "runs")
    assert (folder / "mine" / "result.json").read_bytes() == (folder / "again" / "result.json").read_bytes()
    assert again.cells == 1
    whole = benchsuite.verify(folder / "mine", rerun=1, trust=model, offline=True, quiet=True)
    assert [fault for fault in whole.faults if "the cell is missing" not in fault] == []
    assert whole.again == 1


@pytest.mark.process
def test_in_a_shell(command):
    shown: subprocess.CompletedProcess[str] = command("leaderboard", "demo.v1", "--full")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "demo random-holdout" in shown.stdout
    wrong = command("submit", "demo.v2", "als", "--out", "x")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert 'did you mean "demo.v1"' in wrong.stderr

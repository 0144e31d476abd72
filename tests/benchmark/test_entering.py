"""From a model in a file to a row among all others, a checked folder, and cells that are fitted again."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import benchsuite
from benchsuite.benchmark.board_rows import read_results
from benchsuite.benchmark.places import read_benchmark, results_root
from benchsuite.benchmark.result_history import replaced_line
from benchsuite.errors import DataError, PluginError, StoreError, UsageError
from benchsuite.functions.benchmark_run import chosen_form
from benchsuite.plan.benchmark_rules import slug

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


@pytest.mark.slow
@pytest.mark.process
def test_it_stands_among_all_others(entered):
    _, _, results = entered
    text = str(results)
    assert "Mine (yours)" in text
    assert "Mine is number" in text
    assert any("submit demo.v1" in line for line in results.advice())


@pytest.mark.process
def test_a_model_that_was_planned_and_never_fitted_is_not_said_to_be_run(entered, tmp_path):
    folder, _, _ = entered
    shutil.copytree(folder / "runs" / "plans", tmp_path / "plans")
    with pytest.raises(StoreError, match=r'no run of "Other"') as error:
        benchsuite.submit("demo.v1", "Other", out=tmp_path / "other", lite=True, store=tmp_path)
    assert "run in it" not in str(error.value)


@pytest.mark.process
def test_it_is_submitted_and_verified(entered):
    folder, model, _ = entered
    refused = benchsuite.submit
    with pytest.raises(StoreError, match=r'only the short form of demo\.v1 was run with "Mine"; run it without'):
        refused("demo.v1", "Mine", out=folder / "whole", store=folder / "runs")  # only the short form was run
    with pytest.raises(StoreError, match="run in it: Mine"):
        benchsuite.submit("demo.v1", "Other", out=folder / "other", lite=True, store=folder / "runs")
    made = benchsuite.submit("demo.v1", "Mine", out=folder / "mine", lite=True, store=folder / "runs")
    assert made.ok, made.faults
    again = benchsuite.submit("demo.v1", "Mine", out=folder / "again", lite=True, store=folder / "runs")
    assert (folder / "mine" / "result.json").read_bytes() == (folder / "again" / "result.json").read_bytes()
    assert again.cells == 1
    assert made.advice()[1].endswith(f"verify {folder / 'mine'} --lite")
    short = benchsuite.verify(folder / "mine", lite=True, rerun=1, trust=model, offline=True, quiet=True)
    assert (short.ok, short.again) == (True, 1)
    (folder / "elsewhere").mkdir()
    moved = f"{shutil.copy(model.rpartition(':')[0], folder / 'elsewhere')}:Mine"  # as a reviewer has it
    short = benchsuite.verify(folder / "mine", lite=True, rerun=1, trust=moved, offline=True, quiet=True)
    assert (short.ok, short.again, list(short.faults)) == (True, 1, [])
    assert str(folder) not in (folder / "mine" / "result.json").read_text()
    whole = benchsuite.verify(folder / "mine")
    assert len(whole.faults) == 1
    assert "it holds the short form alone" in whole.faults[0]


@pytest.mark.process
def test_code_that_changed_since_it_was_run_is_not_submitted(entered):
    folder, model, _ = entered
    path = Path(model.rpartition(":")[0])
    try:
        path.write_text(MODEL.replace("0.5", "0.25"), "utf-8")
        made = benchsuite.submit("demo.v1", "Mine", out=folder / "changed", lite=True, store=folder / "runs")
    finally:
        path.write_text(MODEL, "utf-8")
    assert made.faults == [f"{path} has changed since it was run: run it again"]
    assert not (folder / "changed").exists()


@pytest.mark.process
def test_a_row_of_other_code_is_named_before_its_place_is_taken(entered, monkeypatch):
    _, _, results = entered
    stranger = replace(results._own, identity=dict(results._own.identity) | {"code": "0" * 64})
    line = replaced_line(results._own, stranger)
    assert line.startswith('"Mine" (of my_model.py:Mine, other code, ')
    assert line.endswith("if it is not yours, give your class another name")
    assert replaced_line(results._own, results._own) == replaced_line(results._own, None) == ""
    rows, left = results._stored
    monkeypatch.setitem(results.__dict__, "_stored", ({**rows, "Mine": stranger}, left))
    assert results.advice()[-2] == line
    assert "to enter it" in results.advice()[-1]


@pytest.mark.process
def test_a_model_that_says_nothing_is_not_asked_to_enter(entered, monkeypatch):
    _, _, results = entered
    none = {"state": "not applicable", "reason": "it is not set up", "values": {}, "queries": {}, "replicates": {}}
    silent = replace(results._own, cells=[replace(cell, **none) for cell in results._own.cells])
    monkeypatch.setitem(results.__dict__, "_own", silent)
    assert results.advice()[-1] == "it cannot enter demo.v1: the model applies to no cell: it is not set up"


def test_an_own_model_takes_no_row_of_the_benchmark_and_no_other_model_its_name(monkeypatch):
    experiment, _ = read_benchmark("demo.v1")

    def chosen(model, settings=(), tune=False):
        form, entered = chosen_form(experiment, model, dict(settings), tune=tune, lite=False)
        assert entered
        return form

    labels = [chosen(model).models[0].label for model in ("./my.py:als", "als", "benchsuite/als")]
    assert labels == ["als (own)", "als", "als"]
    with pytest.raises(PluginError, match=r"searched; write --model als --tune"):
        chosen("als (tuned)")
    assert chosen("./my.py:als", {"half_life": 0.5}).models[0].label == "als (half_life=0.5) (own)"
    assert chosen("als", {"factors": 16}).models[0].label == "als (factors=16)"
    experiment, _ = read_benchmark("shops.v1")
    own = chosen("als-tfidf").models[0]
    assert (own.label, own.use, dict(own.settings)) == ("als-tfidf", "als-content", {"vectors": "tfidf"})
    changed = chosen("als-tfidf", {"ridge": 1.0}).models[0]
    assert (changed.label, dict(changed.settings)) == ("als-tfidf (ridge=1.0)", {"vectors": "tfidf", "ridge": 1.0})
    with pytest.raises(PluginError, match='unknown model "als-tfidff"; did you mean "als-tfidf"'):
        chosen("als-tfidff")
    experiment, _ = read_benchmark("demo.v1")
    assert len(chosen("als", {"text": "x" * 5000}).models[0].label) < 50
    models = ["Модель", "Модели", "x/y.py:Mine", "als (a/b)", "als (a=1)", "als (a=-1)", "a" * 300, "a" * 301]
    names = [slug(model) for model in models]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,120}", name) for name in names)
    stranger = read_results("demo.v1", results_root() / "demo.v1")[0]
    stranger = replace(stranger, model=replace(stranger.model, label="Mine"), identity={"plugin": "their.py:Mine"})
    monkeypatch.setattr("benchsuite.benchmark.board_rows.read_rows", lambda *_: ({"Mine": stranger}, ()))
    labels = [chosen(model).models[0].label for model in ("./my.py:Mine", "./x/their.py:Mine")]
    assert labels == ["Mine (own)", "Mine"]
    other = experiment.model_copy(update={"k": 10})
    with pytest.raises(UsageError, match="never changes"):
        chosen_form(other, "als", {}, tune=False, lite=False)
    with pytest.raises(UsageError, match="no pins"):
        chosen_form(other.model_copy(update={"name": "mine.v1"}), "als", {}, tune=False, lite=False)


def test_nothing_is_fitted_where_it_could_not_be_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCHSUITE_RESULTS", str(tmp_path))
    with pytest.raises(DataError, match=r"queries\.npz: cannot be read"):
        benchsuite.run("demo.v1", model="als", lite=True, store=tmp_path / "runs", quiet=True)
    assert not (tmp_path / "runs").exists()


def test_pages_of_something_else_are_left_alone(tmp_path):
    (tmp_path / "index.html").write_text("my page", "utf-8")
    with pytest.raises(UsageError, match="something else"):
        benchsuite.leaderboard("demo.v1", site=tmp_path)
    assert (tmp_path / "index.html").read_text("utf-8") == "my page"


@pytest.mark.slow
@pytest.mark.process
def test_in_a_shell(command):
    shown: subprocess.CompletedProcess[str] = command("leaderboard", "demo.v1", "--full")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "demo random-holdout" in shown.stdout
    wrong = command("submit", "demo.v2", "als", "--out", "x")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert 'did you mean "demo.v1"' in wrong.stderr
    twice = command("run", "demo.v1", "--model", "als", "--model", "ease")
    assert (twice.returncode, twice.stdout) == (2, "")
    assert "more than once" in twice.stderr

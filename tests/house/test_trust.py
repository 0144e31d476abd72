"""A file runs as a plugin only when the user names it, whatever stored results say."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from pathlib import Path

import pytest

import benchsuite
from benchsuite.analysis import build, latest_plan, remember_plan
from benchsuite.api import DataLocations
from benchsuite.cli.main import main
from benchsuite.errors import PluginError
from benchsuite.plan import Plan
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.registry import find, load_metric, load_model
from benchsuite.runner import Options, prepare
from benchsuite.runner import run as work
from benchsuite.store import Store
from benchsuite_saved.folder import open_folder
from support.shared import made_once

TOY = Path(__file__).parents[1] / "runner" / "toy.py"
METRIC = '''
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from benchsuite.api import Metric

@dataclass
class Mine(Metric):
    """Says the same of everybody."""
    task: ClassVar = "ranking"
    def measure(self, evidence):
        return np.full(len(evidence), 0.5)
'''


class Quiet:
    def __getattr__(self, name):
        return lambda *_: None


def evil(folder, mark):
    """Write a file that leaves a mark when it is run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n")
    return f"{folder / 'evil.py'}:X"


def _run_own(folder):
    """Run an experiment whose model and one metric are files in the working folder."""
    with contextlib.chdir(folder):
        shutil.copy(TOY, "mine.py")
        Path("metric.py").write_text(METRIC)
        table = {
            "name": "own",
            "sources": ["./mine.py:Toy"],
            "splits": ["random-holdout"],
            "models": ["./mine.py:Counts"],
            "metrics": ["./metric.py:Mine", "ndcg@10"],
        }
        store = Store(Path("runs").resolve())
        place = DataLocations(cache=Path("cache").resolve(), offline=True)
        plan = prepare(check_experiment(table, "a test"), store, place, lambda _: None)
        remember_plan(store, plan)
        plan, outcome = work(plan, store, Options(threads=1), Quiet())
        assert outcome.failed == []
        Path("plan.json").write_text(plan.to_json())
        Path("trusted.json").write_text(json.dumps(sorted(plan.trusted)))


@pytest.fixture
def results(tmp_path, tmp_path_factory, monkeypatch):
    """The store and plan of that experiment, copied together with its files into the working folder."""
    shutil.copytree(made_once(tmp_path_factory, "own", _run_own), tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    trusted = frozenset(json.loads(Path("trusted.json").read_text()))
    return Store(tmp_path / "runs"), dataclasses.replace(Plan.from_json(Path("plan.json").read_text()), trusted=trusted)


@pytest.mark.parametrize("kind", ["models", "sources", "splits", "metrics", "reports"])
def test_a_file_is_found_only_by_who_trusts_it(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = evil(tmp_path, tmp_path / "mark")
    for stored in (name, "./evil.py:X", "evil.py:X", "benchsuite/../evil.py:X"):
        with pytest.raises(PluginError, match=rf"--trust {stored}"):
            find(kind, stored)
        with pytest.raises(PluginError, match="only when you name it"):
            find(kind, stored, trusted=["./other.py:X", "./evil.py:Y", "ease"])
    assert find(kind, "./evil.py:X", trusted=[name]).is_file
    assert not (tmp_path / "mark").exists()


def test_an_installed_plugin_is_a_module_and_never_a_file(pretend, monkeypatch, tmp_path):
    site = pretend("sly", "models", {"sly": "evil.py:X"})
    monkeypatch.syspath_prepend(str(site))
    evil(tmp_path, tmp_path / "mark")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError, match="cannot be loaded"):
        load_model("sly/sly")
    assert not (tmp_path / "mark").exists()


@pytest.mark.slow
def test_a_plan_that_is_read_trusts_no_file(results):
    store, plan = results
    assert plan.trusted == {"./mine.py:Toy", "./mine.py:Counts", "./metric.py:Mine"}
    assert "trusted" not in json.loads(plan.to_json())
    told = json.loads(plan.to_json()) | {"trusted": ["./metric.py:Mine"]}
    assert Plan.from_json(json.dumps(told)).trusted == frozenset()
    assert latest_plan(store, "own").trusted == frozenset()


def test_a_report_asks_for_trust_only_where_something_must_be_measured(results, capsys):
    store, _ = results
    words = ["report", "own", "--store", str(store.root), "--json"]
    assert main(words) == 2
    assert 'name the file "./metric.py:Mine" as a metric' in capsys.readouterr().err
    with pytest.raises(PluginError, match=r"--trust \./metric\.py:Mine"):
        benchsuite.load("own", store=store.root)
    assert main([*words, "--trust", "./metric.py:Mine"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["mean"] for row in rows if row["metric"] == "Mine"} == {0.5}
    assert main(words) == 0, "what is measured already needs no code"
    capsys.readouterr()
    loaded = benchsuite.load("own", store=store.root, trust=["./metric.py:Mine"])
    assert {row.mean for row in loaded.comparison.rows if row.metric == "Mine"} == {0.5}


def test_a_metric_file_that_changed_is_not_taken_for_the_old_one(results):
    store, plan = results
    Path("metric.py").write_text(METRIC.replace("0.5", "0.7"))
    with pytest.raises(PluginError, match="the file changed since the plan was made"):
        build(plan, store)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["form", "metric"])
def test_verify_runs_no_file_that_a_report_names(how, results, tmp_path, capsys):
    store, _ = results
    words = ["--store", str(store.root)]
    folder = tmp_path / "page"
    assert main(["report", "own", "--as", "csv", "--out", str(folder), *words, "--trust", "./metric.py:Mine"]) == 0
    if how == "form":
        facts = json.loads((folder / "provenance.json").read_text())
        form = evil(tmp_path / "stranger", tmp_path / "mark")
        (folder / "provenance.json").write_text(json.dumps(facts | {"form": form}))
    else:
        evil(tmp_path, tmp_path / "mark")
        shutil.copy("evil.py", "metric.py")
    capsys.readouterr()
    assert main(["verify", str(folder), *words]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "--trust" in err
    assert not (tmp_path / "mark").exists()


def test_verify_with_trust(results, tmp_path, capsys):
    store, _ = results
    folder = tmp_path / "page"
    more = ["--store", str(store.root), "--trust", "./metric.py:Mine"]
    assert main(["report", "own", "--as", "csv", "--out", str(folder), *more]) == 0
    assert main(["verify", str(folder), *more]) == 0, capsys.readouterr().out


@pytest.mark.slow
def test_rerun_runs_a_file_only_with_trust(results, capsys):
    store, plan = results
    key = plan.cells[0].key
    assert main(["rerun", key, "--store", str(store.root)]) == 2
    assert "--trust ./mine.py:Counts" in capsys.readouterr().err
    assert main(["rerun", key, "--store", str(store.root), "--trust", "./mine.py:Counts"]) == 0
    assert "the same" in capsys.readouterr().out


def test_compare_runs_no_metric_file_without_trust(results, tmp_path, capsys):
    store, _ = results
    evil(tmp_path, tmp_path / "mark")
    shutil.copy("evil.py", "metric.py")
    other = shutil.copytree(store.root, tmp_path / "other")
    assert main(["compare", "own", "--store", str(store.root), "--store-b", str(other)]) == 2
    assert "--trust ./metric.py:Mine" in capsys.readouterr().err
    assert not (tmp_path / "mark").exists()


def test_status_runs_nothing(results, tmp_path):
    store, _ = results
    for name in ("metric.py", "mine.py"):
        Path(name).write_text(f"open({str(tmp_path / 'mark')!r}, 'w')\n")
    assert main(["status", "own", "--store", str(store.root)]) == 0
    assert not (tmp_path / "mark").exists()


def test_a_saved_model_runs_no_file(tmp_path):
    name = evil(tmp_path, tmp_path / "mark")
    about = {"format": 1, "files": {}, "model": {"plugin": name, "version": "1", "settings": {}}}
    (tmp_path / "benchsuite.json").write_text(json.dumps(about))
    with pytest.raises(PluginError):
        open_folder(tmp_path)
    assert not (tmp_path / "mark").exists()


def test_the_code_that_is_hashed_is_the_code_that_runs(tmp_path):
    path = tmp_path / "metric.py"
    path.write_text(METRIC)
    name = f"{path}:Mine"
    first, code = find("metrics", name, trusted=[name]).load_code()
    path.write_text(METRIC.replace("Says", "Tells"))
    second, other = find("metrics", name, trusted=[name]).load_code()
    assert (first.summary(), second.summary()) == ("Says the same of everybody.", "Tells the same of everybody.")
    assert code != other
    with pytest.raises(PluginError, match="the file changed since the plan was made"):
        load_metric(name, trusted=[name], code=code)
    assert load_metric(name, trusted=[name], code=other) is second

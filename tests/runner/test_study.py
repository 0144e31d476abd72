import dataclasses
from pathlib import Path

import pytest

import benchsuite
from benchsuite.analysis.run_refs import Change, RunRef, changes
from benchsuite.analysis.soundness import _study_faults
from benchsuite.api import DataLocations
from benchsuite.data import ModelInfo
from benchsuite.errors import PluginError
from benchsuite.functions.plan import Status
from benchsuite.plan import Experiment, Plan
from benchsuite.registry import load_model
from benchsuite.runner import Options, prepare, run, with_finished_studies
from benchsuite.runner.pool import ProgressListener
from benchsuite.runner.time_estimate import about_missing
from benchsuite.store import Store
from benchsuite.tune import Budget, Study, Trial

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("penalties", "ends"), [([10.0], []), ([300.0, 10.0], ["regularization"]), ([10.0, 300.0], [])]
)
def test_a_winner_at_an_end_of_its_range_is_named_if_it_beat_anybody(penalties: list[float], ends: list[str]) -> None:
    study = Study(load_model("ease")(), Budget("ndcg@10", trials=5), 1)
    for value, penalty in enumerate(penalties):
        study.tell(Trial({"regularization": penalty}, float(value), 1.0, str(value)))
    assert study.edges() == ends


def test_a_setting_that_was_given_is_not_searched() -> None:
    model = load_model("als").from_settings({"factors": 20})
    study = Study(model, Budget("ndcg@10", trials=5), 1, held=["factors"])
    for value in range(5):
        settings = study.ask()
        assert settings is not None
        assert settings["factors"] == 20
        study.tell(Trial(settings, float(value), 1.0, str(value)))
    assert len({trial.settings["regularization"] for trial in study.trials}) == 5


def _experiment(on: str, **penalty: float) -> Experiment:
    """Return an experiment with a search of one model."""
    about = {
        "name": "held",
        "summary": "",
        "seeds": [1],
        "k": 20,
        "sources": ["demo"],
        "splits": ["random-holdout"],
        "models": ["popular", {"use": "ease", "with": penalty}],
        "metrics": ["ndcg@10", "recall@10"],
        "tune": {"on": on, "trials": 3},
    }
    return Experiment.model_validate(about)


def _planned(store: Store, on: str, **penalty: float) -> Plan:
    return prepare(_experiment(on, **penalty), store, DataLocations(offline=True), lambda _: None)


def _done(store: Store, plan: Plan, watcher: ProgressListener) -> Plan:
    return run(plan, store, Options(threads=1), watcher)[0]


def test_where_all_is_given_nothing_is_searched_and_nothing_says_so(
    tmp_path: Path, silent_watcher: ProgressListener
) -> None:
    store = Store(tmp_path / "runs")
    planned = _planned(store, "ndcg@10", regularization=1e7)
    assert "at most 2 tuning trials" in about_missing(planned, store)
    held = _done(store, planned, silent_watcher)
    told = Status(with_finished_studies(planned, store), store, planned=True)
    assert told.totals == {"done": 4}
    assert told.held() == {"ease": ["regularization"]}
    assert [ModelInfo.from_record(info.record()).held for info in planned.models] == [(), ("regularization",)]
    assert "ease: regularization is held as given, not searched" in told.text()
    assert [info.tuned for info in held.models] == [False, False]
    assert [len(study.values) for study in held.tuning] == [1, 1]
    assert all(
        cell.identity["model"]["settings"]["regularization"] == 1e7 for cell in held.cells if cell.model == "ease"
    )


def test_a_search_that_could_choose_what_the_other_run_gives_is_a_difference(tmp_path: Path) -> None:
    store, own = Store(tmp_path / "runs"), load_model("ease")().settings()["regularization"]
    given = RunRef("", _planned(store, "ndcg@10", regularization=own), store)
    told = changes(given, RunRef("", _planned(store, "ndcg@10"), store), [("ease", "ease")])
    assert told == [Change("tuned", "ease: settings that are searched", None, "regularization")]


def test_a_model_whose_ranges_raise_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(
        "from benchsuite_classic.popular import Popular\n\n\nclass Odd(Popular):\n"
        "    def space(self):\n        raise KeyError('no')\n",
        "utf-8",
    )
    (tmp_path / "own.toml").write_text(
        'name = "own"\nseeds = [1]\nsources = ["demo"]\nsplits = ["random-holdout"]\n'
        'metrics = ["ndcg@10"]\nmodels = ["./odd.py:Odd"]\n',
        "utf-8",
    )
    with pytest.raises(PluginError, match=r"model Odd .*odd\.py:Odd\): its code raised KeyError: 'no'"):
        benchsuite.plan_experiment(tmp_path / "own.toml", store=tmp_path / "runs", offline=True, quiet=True)


def test_a_budget_counts_trials_and_seconds() -> None:
    few, brief, both = Budget("auc", trials=5), Budget("auc", seconds=60.0), Budget("auc", trials=5, seconds=60.0)
    assert [budget.most(searched=True) for budget in (few, brief, both)] == [5, 1, 5]
    assert [budget.longest(10.0, searched=True) for budget in (few, brief, both)] == [50.0, 70.0, 50.0]
    assert [budget.longest(40.0, searched=True) for budget in (few, brief, both)] == [200.0, 100.0, 100.0]
    assert [budget.most(searched=False) for budget in (few, brief, both)] == [1, 1, 1]
    assert [budget.longest(10.0, searched=False) for budget in (few, brief, both)] == [10.0, 10.0, 10.0]


def test_searches_by_two_metrics_with_the_same_only_trial_are_both_sound(
    tmp_path: Path, silent_watcher: ProgressListener
) -> None:
    store = Store(tmp_path / "runs")
    plans = [_done(store, _planned(store, on, regularization=1e7), silent_watcher) for on in ("ndcg@10", "recall@10")]
    assert plans[0].tuning[1].keys == plans[1].tuning[1].keys
    assert plans[0].tuning[1].values != plans[1].tuning[1].values
    for plan in plans:
        assert list(_study_faults(store, plan)) == []


def test_a_search_that_is_not_what_the_plan_says_is_a_fault(tmp_path: Path, silent_watcher: ProgressListener) -> None:
    store = Store(tmp_path / "runs")
    plan = _done(store, _planned(store, "ndcg@10", regularization=1e7), silent_watcher)
    other = dataclasses.replace(plan.tuning[1], values=(0.5,))
    (fault,) = _study_faults(store, dataclasses.replace(plan, tuning=(plan.tuning[0], other)))
    assert "is not what the plan says" in fault
    gone = dataclasses.replace(plan.tuning[1], keys=("00" * 32,))
    (fault,) = _study_faults(store, dataclasses.replace(plan, tuning=(plan.tuning[0], gone)))
    assert "is not in the store" in fault


def test_a_finished_search_is_planned_with_its_winner(tmp_path: Path, silent_watcher: ProgressListener) -> None:
    store = Store(tmp_path / "runs")
    planned = _planned(store, "ndcg@10")
    _done(store, planned, silent_watcher)
    told = benchsuite.plan_experiment(_experiment("ndcg@10"), store=tmp_path / "runs", offline=True, quiet=True)
    assert told.totals == {"done": 4}
    assert "nothing is left to fit" in told.text()

"""``--as mlflow``: what MLflow has is what the report says, and nothing is written twice."""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
import warnings

import pytest

import benchsuite
from benchsuite.cli.main import main
from benchsuite_reports.render.mlflow_runs import DIGEST, MLflow, _add, runs


@pytest.fixture(scope="module")
def results(toy_store):
    return benchsuite.load("toy", store=toy_store)


@pytest.fixture(scope="module")
def folder(toy_store, tmp_path_factory):
    """A folder to which the toy experiment was exported."""
    folder = tmp_path_factory.mktemp("tracked") / "ml"
    assert main(["report", "toy", "--store", str(toy_store), "--as", "mlflow", "--out", str(folder)]) == 1
    return folder


def client_of(folder):
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")


def runs_of(folder, name="toy"):
    client = client_of(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = client.get_experiment_by_name(name)
        return client, client.search_runs([experiment.experiment_id])


@pytest.mark.slow
def test_each_place_is_a_run_with_its_numbers(folder, results):
    _, runs = runs_of(folder)
    names = {run.info.run_name: run for run in runs}
    assert len(runs) == len(names) == 3
    for run in runs:
        model = run.data.tags["benchsuite.model"]
        rows = [row for row in results.comparison.rows if row.model == model]
        for row in rows:
            name = row.metric.replace("@", "_at_")
            assert run.data.metrics.get(name) == row.mean
            assert run.data.metrics.get(f"{name}.ci_low") == row.ci_low
        assert run.info.status == ("FAILED" if model == "<raises>" else "FINISHED")
    failed = names["<raises> on Toy, random-holdout"]
    assert failed.data.metrics == {}
    assert failed.data.tags["benchsuite.state"] == "failed"
    assert "ValueError" in failed.data.tags["benchsuite.reason"]
    (contrast,) = [one for one in results.comparison.contrasts if one.metric == "ndcg@10"]
    other = names[f"{contrast.model} on Toy, random-holdout"]
    assert other.data.metrics["ndcg_at_10.difference"] == contrast.difference
    assert other.data.metrics["ndcg_at_10.p_holm"] == contrast.p_holm


@pytest.mark.slow
def test_settings_keys_and_files_are_there(folder, results):
    client, runs = runs_of(folder)
    run = next(run for run in runs if run.data.tags["benchsuite.model"] == "counts")
    assert run.data.params["model.power"] == "1.0"
    assert run.data.params["seeds"] == "[0, 1]"
    assert run.data.params["split"] == "random-holdout"
    keys = [cell.key for cell in results.plan.cells if cell.model == "counts"]
    assert run.data.tags["benchsuite.cells"] == " ".join(key[:12] for key in keys)
    assert run.info.start_time <= run.info.end_time
    assert {file.path for file in client.list_artifacts(run.info.run_id)} >= {"results.csv", "settings.json"}
    from mlflow.artifacts import download_artifacts

    place = download_artifacts(f"{run.info.artifact_uri}/settings.json")
    with open(place, encoding="utf-8") as file:  # noqa: PTH123 - a path as text
        told = json.load(file)
    assert told["cells"] == keys
    assert told["provenance"]["benchsuite"] == benchsuite.__version__
    place = download_artifacts(f"{run.info.artifact_uri}/results.csv")
    with open(place, encoding="utf-8") as file:  # noqa: PTH123 - a path as text
        lines = file.read().splitlines()
    assert len(lines) == 1 + sum(row.model == "counts" for row in results.comparison.rows)


@pytest.mark.slow
def test_again_changes_nothing_and_a_change_updates(folder, toy_store, results, capsys):
    words = ["report", "toy", "--store", str(toy_store), "--as", "mlflow", "--out", str(folder), "--json"]
    assert main(words) == 1
    assert json.loads(capsys.readouterr().out) == {"new": 0, "updated": 0, "unchanged": 3}
    assert len(runs_of(folder)[1]) == 3
    rows = [dataclasses.replace(row, mean=0.5) if row.mean is not None else row for row in results.comparison.rows]
    changed = dataclasses.replace(results.comparison, rows=tuple(rows))
    counts = MLflow().deliver(changed, str(folder))
    assert counts == {"new": 0, "updated": 2, "unchanged": 1}
    _, runs = runs_of(folder)
    assert len(runs) == 3
    assert all(run.data.metrics["f1"] == 0.5 for run in runs if run.info.status == "FINISHED")
    assert MLflow().deliver(results.comparison, str(folder))["updated"] == 2


@pytest.mark.slow
def test_an_export_that_was_cut_off_is_completed(folder, results, monkeypatch):
    from mlflow.tracking import MlflowClient

    kept = MlflowClient.log_text

    def broken(*_words, **_more):
        raise KeyboardInterrupt

    other = dataclasses.replace(results.comparison, name="cut-off")
    monkeypatch.setattr(MlflowClient, "log_text", broken)
    with pytest.raises(KeyboardInterrupt):
        MLflow().deliver(other, str(folder))
    monkeypatch.setattr(MlflowClient, "log_text", kept)
    counts = MLflow().deliver(other, str(folder))
    assert counts == {"new": 2, "updated": 1, "unchanged": 0}
    _, runs = runs_of(folder, "cut-off")
    assert len(runs) == 3
    assert all(DIGEST in run.data.tags for run in runs)


def test_names_that_mlflow_would_refuse_stay_apart(results):
    metrics = {}
    for name, value in (("ndcg@10/k=1", 1.0), ("ndcg@10/k:1", 2.0), ("名", 3.0)):
        _add(metrics, name, value)
    assert list(metrics.values()) == [1.0, 2.0, 3.0]
    assert list(metrics)[:2] == ["ndcg_at_10/k_1", "ndcg_at_10/k_1_2"]
    first, again = (list(runs(results.comparison)) for _ in range(2))
    assert first == again
    assert len({run.key for run in first}) == 3


@pytest.mark.slow
def test_mistakes_are_one_line(toy_store, tmp_path, capsys, monkeypatch):
    words = ["report", "toy", "--store", str(toy_store), "--as", "mlflow"]
    assert main(words) == 2
    assert "mlflow needs a place; say --out FOLDER" in capsys.readouterr().err
    assert main([*words, "--out", str(tmp_path), "--queries"]) == 2
    assert "--queries has no place in mlflow" in capsys.readouterr().err
    (tmp_path / "file").write_text("x")
    assert main([*words, "--out", str(tmp_path / "file")]) == 2
    assert "file: MLflow says: " in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    assert main([*words, "--out", str(tmp_path / "ml")]) == 2
    assert 'MLflow is not installed; install it: pip install "benchsuite[mlflow]"' in capsys.readouterr().err


@pytest.fixture(autouse=True)
def _quiet_again():
    """MLflow's loggers get their levels back."""
    levels = {name: logging.getLogger(name).level for name in ("mlflow", "alembic")}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_a_report_of_files_delivers_nothing(results):
    from benchsuite.errors import UsageError
    from benchsuite_reports.render.markdown import Markdown

    with pytest.raises(UsageError, match="Markdown makes files and delivers nothing by itself"):
        Markdown().deliver(results.comparison, "somewhere")

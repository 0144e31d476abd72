"""Results of a benchmark are made part by part, and what a folder holds is not run again."""

import dataclasses
import importlib.util
import sys

import pytest

from benchsuite.benchmark.board import read_board
from benchsuite.benchmark.places import read_benchmark, results_root
from benchsuite.benchmark.result_folder import read_result, write_result
from benchsuite.benchmark.result_history import read_history
from benchsuite.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def refresh(repository, monkeypatch):
    spec = importlib.util.spec_from_file_location("refresh_results", repository / "benchmarks" / "refresh_results.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def half(tmp_path):
    """Return a folder with one seed of two."""
    result = read_result(results_root() / "demo.v1" / "popular")
    write_result(
        dataclasses.replace(result, cells=[one for one in result.cells if one.place[2] == 1]), tmp_path / "popular"
    )
    return tmp_path / "popular"


def test_only_what_is_missing_is_run_and_the_whole_is_the_same(refresh, half, tmp_path, monkeypatch):
    experiment, _ = read_benchmark("demo.v1")
    (spec,) = [one for one in experiment.expanded("models") if one.label == "popular"]
    ran = []
    monkeypatch.setattr(refresh, "prepare", lambda part, *rest: ran.append(part.seeds) or prepare(part, *rest))
    prepare = importlib.import_module("benchsuite.runner").prepare
    refresh.run_row(experiment, spec, Store(tmp_path / "store"), 1, half)
    assert ran == [[2], [2]]
    for name in ("result.json", "values.npz"):
        assert (half / name).read_bytes() == (results_root() / "demo.v1" / "popular" / name).read_bytes()


def test_another_version_is_run_anew(refresh, half, tmp_path, monkeypatch):
    experiment, _ = read_benchmark("demo.v1")
    (spec,) = [one for one in experiment.expanded("models") if one.label == "popular"]
    old = read_result(half)
    write_result(dataclasses.replace(old, identity={**old.identity, "version": "0"}), half)
    ran = []
    monkeypatch.setattr(refresh, "prepare", lambda part, *rest: ran.append(part.seeds) or prepare(part, *rest))
    prepare = importlib.import_module("benchsuite.runner").prepare
    refresh.run_row(experiment, spec, Store(tmp_path / "store"), 1, half)
    assert ran == [[1], [1], [2], [2]]
    assert read_result(half).identity["version"] != "0"
    assert [one.version for one in read_history(half)] == ["0"]
    assert "popular" not in read_board("demo.v1").absent


def test_two_machines_are_both_told(refresh):
    result = read_result(results_root() / "demo.v1" / "popular")
    one, other = (
        dataclasses.replace(result, provenance={"hardware": {"cpu": cpu, "cores": 2}}) for cpu in ("first", "second")
    )
    order = [cell.place for cell in result.cells]
    found = refresh.joined(one, other, order)
    assert found.provenance["hardware"] == {"cpu": "first; second", "cores": 2}
    assert [cell.place for cell in found.cells] == order


def test_a_model_stands_once_more_with_searched_settings(refresh, tmp_path, monkeypatch):
    experiment, rules = read_benchmark("demo.v1")
    rules = rules.model_copy(update={"tuned": ["item-knn"], "trials": 2})
    searched = experiment.model_copy(update={"benchmark": rules})
    monkeypatch.setattr(refresh, "read_benchmark", lambda _: (searched, rules))
    (late,) = refresh.due("demo.v1", results_root())
    assert (late.spec.label, late.why, late.tune.on, late.tune.trials) == (
        "item-knn (tuned)",
        "not run yet",
        rules.headline,
        2,
    )
    refresh.run_row(searched, late.spec, Store(tmp_path / "store"), 1, tmp_path / "row", late.tune)
    result = read_result(tmp_path / "row")
    assert (result.label, result.tuned) == ("item-knn (tuned)", {"on": rules.headline, "trials": 2})
    assert all(cell.state == "ok" and cell.validation for cell in result.cells)
    assert [one.label for one in experiment.expanded("models") if one.label == "item-knn"], "the plain row stays"

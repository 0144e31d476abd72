"""Frozen benchmarks: their rules, their pins, and the results that come with the package."""

import dataclasses
import json
import shutil

import pytest

import benchsuite
from benchsuite.benchmark.asked import read_asked
from benchsuite.benchmark.board import make_board, read_board
from benchsuite.benchmark.board_rows import read_results, read_rows, result_folders
from benchsuite.benchmark.kept_standings import read_kept_before
from benchsuite.benchmark.pins import check_pins, read_pins
from benchsuite.benchmark.places import benchmark_names, read_benchmark, results_root
from benchsuite.benchmark.result_checks import differences, result_damage, result_faults
from benchsuite.benchmark.result_folder import RESULT, VERIFIED, read_result, write_result
from benchsuite.cli.main import main
from benchsuite.errors import BenchsuiteError, ConfigError, DataError, UsageError
from benchsuite.keys import file_digest
from benchsuite.plan import read_experiment
from benchsuite.plan.benchmark_rules import narrowed
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.runner import prepare
from benchsuite.store import Store
from benchsuite.store.json_files import with_sum
from support.added_results import tell_added

NAMES = benchmark_names()


@pytest.fixture(scope="session")
def demo_plan(tmp_path_factory, place):
    store = Store(tmp_path_factory.mktemp("demo-v1"))
    experiment, rules = read_benchmark("demo.v1")
    return prepare(narrowed(experiment, rules), store, place, lambda _: None), store


def test_there_are_benchmarks():
    assert {"demo.v1", "films.v1", "shops.v1", "fields.v1", "sequences.v1", "likes.v1"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_pins_cover_every_fold(name):
    experiment, rules = read_benchmark(name)
    pins = read_pins(name)
    wanted = {
        (source.label, split.label, seed)
        for source in experiment.expanded("sources")
        for split in experiment.expanded("splits")
        for seed in experiment.seeds
    }
    assert {place[:3] for place in pins.folds} == wanted
    assert set(read_asked(results_root() / name)) == {place for place, digest in pins.folds.items() if digest}
    assert set(narrowed(experiment, rules).seeds) <= set(experiment.seeds)


def test_the_demo_is_cut_as_it_is_pinned(demo_plan):
    plan, store = demo_plan
    assert check_pins("demo.v1", plan, store) == read_pins("demo.v1")


@pytest.mark.slow
@pytest.mark.usefixtures("real_data")
def test_real_data_is_cut_as_it_is_pinned(tmp_path, place):
    for name in ("films.v1", "likes.v1", "shops.v1"):
        experiment, rules = read_benchmark(name)
        store = Store(tmp_path / name)
        check_pins(name, prepare(narrowed(experiment, rules), store, place, lambda _: None), store)


def test_another_fold_is_refused(demo_plan, monkeypatch):
    plan, store = demo_plan
    pins = read_pins("demo.v1")
    place = next(iter(pins.folds))
    other = dataclasses.replace(pins, folds={**pins.folds, place: "0" * 64})
    monkeypatch.setattr("benchsuite.benchmark.pins.read_pins", lambda _: other)
    with pytest.raises(DataError, match=r"demo, random-holdout, seed 1, fold .*not that of demo\.v1"):
        check_pins("demo.v1", plan, store)
    other = dataclasses.replace(pins, data={"demo": "0" * 64})
    with pytest.raises(DataError, match=r"the data is not that of demo\.v1"):
        check_pins("demo.v1", plan, store)


@pytest.mark.parametrize("name", NAMES)
def test_results_are_sound_and_the_kept_standings_are_theirs(name):
    folder = results_root() / name
    asked = read_asked(folder)
    results = read_results(name, folder)
    faults = [fault for result in results for fault in result_faults(result, asked)]
    assert [fault for fault in faults if "the cell is missing" not in fault] == []  # rows are made part by part
    if not results:
        return
    found = read_kept_before(folder, read_pins(name))
    assert found is not None, f"leaderboard.json of {name} is of other results: run python docs/update_pages.py"
    kept, added = found[0].form(lite=False), found[1]
    others = [result for place, result in read_rows(name, folder)[0].items() if place not in added]
    made = make_board(name, others, folder=folder)
    assert [row["model"] for row in kept["rows"]] == [row.model for row in made.rows]
    for one, row in zip(kept["rows"], made.rows, strict=True):
        assert (one["headline"] or 0) == pytest.approx(row.headline or 0, rel=1e-4)
    if added:
        tell_added(name, added)
    assert json.loads(json.dumps(read_board(name).kept_record())) == kept  # read from the file, not computed


def test_results_stay_small():
    files = [path for name in NAMES for path in (results_root() / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 12e6


def test_a_result_is_the_same_bytes_twice(tmp_path):
    folder = results_root() / "films.v1" / "popular"
    result = read_result(folder)
    write_result(result, tmp_path / "again")
    for name in ("result.json", "values.npz", "other_values.npz", "costs.json"):
        assert file_digest(tmp_path / "again" / name) == file_digest(folder / name), name


def test_costs_under_whole_keys_are_read_as_before(tmp_path):
    folder = results_root() / "demo.v1" / "als"
    shutil.copytree(folder, tmp_path / "old")
    table = json.loads((folder / "costs.json").read_text("utf-8"))
    keys = [cell.key for cell in read_result(folder).cells]
    assert {key[:16] for key in keys} == set(table["cells"])
    whole = {key: table["cells"][key[:16]] for key in keys}
    (tmp_path / "old" / "costs.json").write_text(json.dumps(table | {"cells": whole}), "utf-8")
    assert [cell.costs for cell in read_result(tmp_path / "old").cells] == list(whole.values())


@pytest.fixture
def copied(tmp_path):
    """A result folder that a test may change."""
    folder = result_folders(results_root() / "demo.v1")[0]
    write_result(read_result(folder), tmp_path / "copy")
    return tmp_path / "copy"


def test_a_changed_digit_is_refused(copied):
    path = copied / RESULT
    text = path.read_text("utf-8")
    table = json.loads(text)
    value = next(one for one in table["cells"][0]["values"] if one[0] == "ndcg@10")
    value[2] = round(value[2] + 0.1, 6)
    path.write_text(json.dumps(table), "utf-8")
    assert "changed since it was written" in benchsuite.verify(copied).faults[0]
    path.write_text(json.dumps(with_sum(table)), "utf-8")  # somebody made the sum anew, too
    found = benchsuite.verify(copied)
    assert "its values by query have the mean" in found.faults[0]


def test_a_digit_that_no_value_by_query_tells_is_found_by_fitting_again(copied):
    result = read_result(copied)
    cell = result.cells[0]
    place = ("f1@10", "")
    wrong = {**cell.values, place: dataclasses.replace(cell.values[place], mean=0.9)}
    changed = dataclasses.replace(result, cells=[dataclasses.replace(cell, values=wrong)])
    assert list(result_damage(changed, read_asked(results_root() / "demo.v1"))) == []
    assert "f1@10 is 0.9, now" in next(differences(changed, result))


@pytest.mark.parametrize("promises", [True, False])
def test_only_the_same_numbers_earn_a_mark(copied, monkeypatch, promises):
    """A model that says itself that a second fit gives other numbers gets no fault for them, and no mark either."""
    result = read_result(copied)
    cell, place = result.cells[0], ("f1@10", "")
    wrong = {**cell.values, place: dataclasses.replace(cell.values[place], mean=0.9)}
    again = dataclasses.replace(result, cells=[dataclasses.replace(cell, values=wrong)])
    monkeypatch.setattr("benchsuite.functions.verify_result._again", lambda *_, **__: again)
    monkeypatch.setattr("benchsuite.runner.refit.may_differ", lambda *_: not promises)
    found = benchsuite.verify(copied, rerun=1)
    assert not (copied / VERIFIED).exists()
    told = found.faults if promises else found.moved
    assert len(told) == len([*found.faults, *found.moved]) == 1
    assert "now 0.9" in told[0]
    assert found.ok is not promises
    assert ("it gets no mark" in found.text()) is not promises
    again.cells[0] = cell
    assert benchsuite.verify(copied, rerun=1).ok
    assert (copied / VERIFIED).exists()


def damaged(folder, way):
    """Spoil a copy of a result in one of several ways."""
    if way == "a byte":
        with (folder / "values.npz").open("r+b") as file:
            file.seek(200)
            file.write(b"\x00\x01")
    elif way == "a mean":
        path = folder / RESULT
        path.write_text(path.read_text("utf-8").replace('["ndcg@10", "", 0.', '["ndcg@10", "", 0.1', 1), "utf-8")
    elif way == "no result":
        (folder / RESULT).write_text("{", "utf-8")
    else:
        (folder / way).unlink()


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("a byte", "values.npz: it has changed since it was written"),
        ("a mean", "result.json: it has changed since it was written"),
        ("no result", "result.json: cannot be read"),
        ("values.npz", "values.npz: cannot be read: No such file"),
        ("costs.json", "costs.json: cannot be read: No such file"),
        (
            "other_values.npz",
            "values by query of other metrics than ndcg@10 are missing: other_values.npz is not there",
        ),
    ],
)
def test_whatever_is_damaged_verify_ends_with_1(tmp_path, way, said, capsys):
    folder = shutil.copytree(results_root() / "films.v1" / "popular", tmp_path / "popular")
    damaged(folder, way)
    assert main(["verify", str(folder)]) == 1
    out = capsys.readouterr().out
    assert said in out
    assert "1 fault" in out.splitlines()[-1]


def test_a_folder_of_many_results_names_one_of_them(capsys):
    for folder, row in ((results_root() / "films.v1", "als"), (results_root(), "demo.v1/als")):
        assert main(["verify", str(folder)]) == 2
        assert capsys.readouterr().err.endswith(f"name one row's folder, such as {folder / row}\n")


@pytest.mark.parametrize("values", [True, False])
@pytest.mark.parametrize("here", ["B", "A"])
@pytest.mark.parametrize("promises", [True, False])
def test_numbers_of_another_processor_tell_nothing_and_few_are_shown(copied, monkeypatch, here, promises, values):
    result = read_result(copied)
    result = dataclasses.replace(result, provenance={**result.provenance, "hardware": {"cpu": "A"}})
    write_result(result, copied)
    wrong = [
        dataclasses.replace(
            cell,
            values={place: dataclasses.replace(one, mean=0.9) for place, one in cell.values.items()},
            queries={metric: 1 - one if values else one for metric, one in cell.queries.items()},
        )
        for cell in result.cells
    ]
    again = dataclasses.replace(result, cells=wrong)
    monkeypatch.setattr("benchsuite.functions.verify_result._again", lambda *_, **__: again)
    monkeypatch.setattr("benchsuite.runner.refit.may_differ", lambda *_: not promises)
    monkeypatch.setattr("benchsuite.provenance.hardware", lambda: {"cpu": here})
    found = benchsuite.verify(copied, rerun=1)
    many = 16 if values else 12
    assert len([*found.faults, *found.moved]) == many  # all are kept
    assert found.ok is not promises
    assert not (copied / VERIFIED).exists()
    lines = found.text().splitlines()
    shown = [line for line in lines if "now 0.9" in line or " differs for " in line]
    assert len(shown) == (10 if here == "A" else 5)
    assert f"... and {many - len(shown)} more numbers" in lines
    told = "made on A, this is B: the same bytes are promised on one kind of processor only"
    # A processor that changes means changes the values by query, too.
    assert lines[0].startswith(told) is (here == "B" and promises and values)
    assert any(f"{many} numbers differ" in line for line in lines) is promises
    assert any(f"{many} numbers moved" in line for line in lines) is not promises


def test_a_missing_cell_other_folds_and_another_budget_are_faults(copied):
    table = json.loads((copied / RESULT).read_text("utf-8"))
    del table["cells"][0]
    table["pins"] = "0" * 64
    table["tuned"] = {"on": "ndcg@10", "trials": 50}
    result = read_result(copied)
    changed = dataclasses.replace(result, cells=result.cells[1:], pins="0" * 64, tuned=table["tuned"])
    faults = list(result_faults(changed, read_asked(results_root() / "demo.v1")))
    assert len(faults) == 3
    assert "rests on other folds" in faults[0]
    assert "the cell is missing" in faults[1]
    assert "trials = 10 alone" in faults[2]


def parts(**more):
    table = {"name": "x.v1", "sources": ["demo"], "splits": ["random-holdout"], "models": ["popular"]}
    rules = {"version": 1, "title": "x", "headline": "ndcg@10", "references": ["popular"]}
    rules["lite"] = {"seeds": [0], "sources": ["demo"], "splits": ["random-holdout"]}
    return table | {"metrics": ["ndcg@10"], "benchmark": rules | more}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"headline": "ndcg@5"}, "benchmark.headline"),
        ({"references": ["populr"]}, 'did you mean "popular"'),
        ({"version": 2}, 'call it "x.v2"'),
        ({"lite": {"seeds": [4], "sources": ["demo"], "splits": ["random-holdout"]}}, "lite.seeds"),
    ],
)
def test_rules_name_what_is_there(wrong, said):
    check_experiment(parts(), "x.toml")
    with pytest.raises(ConfigError, match=said):
        check_experiment(parts(**wrong), "x.toml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"experiment": "quick", "lite": True}, "--lite is for benchmarks"),
        ({"experiment": "quick", "model": "als"}, "--model is for benchmarks"),
        ({"experiment": "demo.v1", "tune": True}, "--tune is for one model"),
    ],
)
def test_options_of_benchmarks_are_refused_elsewhere(arguments, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        benchsuite.run(**arguments, store=tmp_path, quiet=True)


@pytest.mark.parametrize(("model", "given"), [("popular", {}), ("ease", {"regularization": 200.0})])
def test_a_search_for_nothing_is_refused_before_anything_is_fitted(model, given, tmp_path):
    with pytest.raises(UsageError, match="there is nothing to search"):
        benchsuite.run("demo.v1", model=model, with_=given, tune=True, lite=True, store=tmp_path, quiet=True)
    assert Store(tmp_path).keys("cell") == []


def test_what_is_no_name_is_told(tmp_path):
    for wrong in ({"model": 3}, {"model": "als", "with_": "factors=16"}):
        with pytest.raises(UsageError, match="model is a name"):
            benchsuite.run("demo.v1", **wrong, store=tmp_path, quiet=True)
    with pytest.raises(ConfigError, match="named by a text"):
        benchsuite.leaderboard(3)


def test_a_near_name_is_offered():
    with pytest.raises(BenchsuiteError, match=r'did you mean "films.v1"'):
        benchsuite.leaderboard("film.v1")


def test_the_leaderboard_in_python_and_text():
    found = benchsuite.leaderboard("demo.v1")
    text = str(found)
    assert "leads with" in text.splitlines()[2]
    standings = found.frames()["standings"]
    assert list(standings.headline) == sorted(standings.headline, reverse=True)
    assert len(found.frames()["scores"]) == len(standings) * len(found.board.tasks)
    assert read_experiment("demo.v1").name == found.board.name

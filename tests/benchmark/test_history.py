"""What earlier versions of a row reached is kept when another takes its place, and moves no number."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import pytest

import benchsuite
from benchsuite.benchmark.board import read_board, write_summary
from benchsuite.benchmark.kept_standings import read_kept
from benchsuite.benchmark.pins import read_pins
from benchsuite.benchmark.places import benchmark_names, results_root
from benchsuite.benchmark.result_folder import RESULT, read_result, write_result
from benchsuite.benchmark.result_history import HISTORY, earlier_of, read_history, write_row
from benchsuite.errors import DataError
from benchsuite_site.pages import pages


@pytest.fixture
def root(tmp_path):
    shutil.copytree(results_root() / "demo.v1", tmp_path / "demo.v1")
    return tmp_path


@pytest.fixture
def popular():
    return read_result(results_root() / "demo.v1" / "popular")


def of_version(result, version, cells=None):
    cells = result.cells if cells is None else cells
    return dataclasses.replace(result, identity={**result.identity, "version": version}, cells=cells)


def model_page(root, label, *, lite=False):
    board = read_board("demo.v1", root=root, lite=lite)
    name = "demo.v1-lite" if lite else "demo.v1"
    return pages([board])[f"{name}/{label}.html"].decode().partition("<h2>History</h2>")[2]


def test_the_version_that_is_replaced_goes_into_the_history_and_parts_of_the_new_one_do_not(tmp_path, popular):
    folder = tmp_path / "popular"
    write_row(of_version(popular, "0"), folder)
    assert not (folder / HISTORY).exists()
    write_row(of_version(popular, "1", popular.cells[:1]), folder)  # rows are made part by part
    write_row(of_version(popular, "1"), folder)
    (was,) = read_history(folder)
    assert (was.version, was.plugin, was.metric) == ("0", "benchsuite/popular", "ndcg@10")
    assert was.finished == popular.finished[:10]
    standing = next(row for row in read_board("demo.v1").rows if row.model == "popular")
    assert [task.mean for task in was.tasks] == pytest.approx([score.mean for score in standing.scores], rel=1e-4)
    write_row(of_version(popular, "2"), folder)
    assert [one.version for one in read_history(folder)] == ["0", "1"]
    assert read_result(folder).identity["version"] == "2"


def test_whoever_is_stopped_before_the_result_is_written_tells_the_earlier_version_once(tmp_path, popular, monkeypatch):
    folder = tmp_path / "popular"
    write_row(of_version(popular, "0"), folder)
    with monkeypatch.context() as patch:
        patch.setattr("benchsuite.benchmark.result_history.write_result", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_row(of_version(popular, "1"), folder)
    write_row(of_version(popular, "1"), folder)
    assert [one.version for one in read_history(folder)] == ["0"]


def test_groups_of_queries_are_tasks_of_their_own():
    result = read_result(results_root() / "films.v1" / "popular")
    board = read_board("films.v1")
    standing = next(row for row in board.rows if row.model == "popular")
    told = {(one.dataset, one.split, one.group): one for one in earlier_of(result).tasks}
    assert [*told] == [(task.dataset, task.split, task.group) for task in board.tasks]
    for (place, one), task, score in zip(told.items(), board.tasks, standing.scores, strict=True):
        assert one.mean == pytest.approx(score.mean, rel=1e-4), place
        assert one.folds == task.seeds


def test_the_model_page_shows_earlier_versions_beside_the_present_one(root, popular):
    folder = root / "demo.v1" / "popular"
    shutil.rmtree(folder)
    write_row(of_version(popular, "0", popular.cells[:1]), folder)
    write_row(popular, folder)
    told = model_page(root, "popular")
    assert "version 0, 20" in told
    mean = read_history(folder)[0].tasks[0].mean
    assert f"<td>{mean:.3f} (1 of 2 folds)</td>".replace("<td>0", "<td>") in told
    assert "<td>not run</td>" in told
    assert "No earlier version" in model_page(root, "als")
    assert "version 0" not in model_page(root, "popular", lite=True)


def test_kept_standings_do_not_rest_on_it_and_a_damaged_one_hides_nothing(root):
    write_summary("demo.v1", root)
    before = read_board("demo.v1", root=root)
    path = root / "demo.v1" / "item-knn" / HISTORY
    assert path.is_file()  # version 1 of it was a row
    path.write_text('{"format": "1", "earlier": [{"version": 1}]}', "utf-8")
    assert read_kept(root / "demo.v1", read_pins("demo.v1")) is not None
    after = read_board("demo.v1", root=root)
    assert after.kept_record() == before.kept_record()
    assert after.left_out == ()
    assert "Earlier versions cannot be told: " in model_page(root, "item-knn")
    found = benchsuite.verify(path.parent)
    assert len(found.faults) == 1
    assert "history.json: " in found.faults[0]
    assert "delete it" in found.faults[0]
    with pytest.raises(DataError, match="delete it"):
        write_row(read_result(path.parent), path.parent)


def test_a_submitted_row_goes_on_with_the_history_of_the_one_whose_place_it_takes(root, popular, monkeypatch):
    write_result(of_version(popular, "0"), root / "demo.v1" / "popular")
    monkeypatch.setenv("BENCHSUITE_RESULTS", str(root))
    plan = SimpleNamespace(tuning=(), cells=(), trusting=lambda _: plan)
    monkeypatch.setattr("benchsuite.functions.submit._plan", lambda *_, **__: plan)
    monkeypatch.setattr("benchsuite.benchmark.pins.check_pins", lambda *_: read_pins("demo.v1"))
    monkeypatch.setattr("benchsuite.benchmark.model_result.collect", lambda *_: popular)
    (root / "store" / "plans").mkdir(parents=True)
    for name in ("one", "again"):
        assert benchsuite.submit("demo.v1", "popular", out=root / name, store=root / "store").ok
        assert [one.version for one in read_history(root / name)] == ["0"]
    names = (HISTORY, RESULT)
    assert all((root / "one" / name).read_bytes() == (root / "again" / name).read_bytes() for name in names)


def test_every_history_that_comes_with_benchsuite_can_be_read_and_is_of_another_version():
    found = [path for name in benchmark_names() for path in (results_root() / name).glob(f"*/{HISTORY}")]
    assert found
    for path in found:
        earlier = read_history(path.parent)
        versions = [one.version for one in earlier]
        assert json.loads((path.parent / RESULT).read_text("utf-8"))["identity"]["version"] not in versions, path
        assert all(one.tasks and one.finished for one in earlier), path

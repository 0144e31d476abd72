"""Result folders that somebody changed, with sums that are right again: refused or told, never a traceback."""

import copy
import dataclasses
import io
import json
import shutil
import zipfile

import numpy as np
import pytest

import benchsuite
from benchsuite.benchmark.asked import ASKED, read_asked
from benchsuite.benchmark.board import SUMMARY, read_board, write_summary
from benchsuite.benchmark.board_rows import read_results
from benchsuite.benchmark.npz_files import packed
from benchsuite.benchmark.packed_values import pack, unpack
from benchsuite.benchmark.places import results_root
from benchsuite.benchmark.result_checks import differences, result_damage, result_faults
from benchsuite.benchmark.result_folder import (
    OTHER_VALUES,
    RESULT,
    VALUES,
    VERIFIED,
    mark_verified,
    read_result,
    write_result,
)
from benchsuite.errors import BenchsuiteError, ConfigError, DataError, UsageError
from benchsuite.functions.leaderboard import Leaderboard
from benchsuite.keys import file_digest
from benchsuite.store.json_files import with_sum

WRONG = (None, -1, "\ud800\n", [], {"x": None})


@pytest.fixture(scope="module")
def asked():
    return read_asked(results_root() / "demo.v1")


@pytest.fixture
def copied(tmp_path):
    return shutil.copytree(results_root() / "demo.v1" / "als", tmp_path / "als")


def rewritten(folder, table):
    """Write a changed result with the right sums."""
    table = {**table, "values_sha256": file_digest(folder / VALUES)}
    (folder / RESULT).write_text(json.dumps(with_sum(table)), "utf-8")


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, one in inner:
        yield from places(one, (*path, name))


@pytest.mark.slow
def test_no_field_of_any_type_is_a_traceback(copied, asked):
    table = json.loads((copied / RESULT).read_text("utf-8"))
    refused = 0
    for path in list(places(table))[1:]:
        for wrong in WRONG:
            changed = copy.deepcopy(table)
            owner = changed
            for name in path[:-1]:
                owner = owner[name]
            owner[path[-1]] = wrong
            rewritten(copied, changed)
            try:
                refused += any(result_faults(read_result(copied), asked))
            except BenchsuiteError:
                refused += 1
    assert refused > 150


def arrays_of(folder):
    with np.load(folder / VALUES) as stored:
        return unpack(dict(stored))


def parts_of(folder):
    with np.load(folder / VALUES) as stored:
        return dict(stored)


FIRST, TABLE = "0/q/ndcg@10", "table/ndcg@10"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda arrays: arrays | {FIRST: arrays[FIRST][1:]}, "382 ask"),
        (lambda arrays: arrays | {"0/r/99": np.zeros(9, np.float32)}, "no cell has"),
        (lambda arrays: arrays | {"999/q/ndcg@10": np.zeros(9, np.float32)}, "no cell has"),
        (lambda arrays: arrays | {"0/r/1": np.zeros(9, np.float32)}, "though it is the mean"),
        (
            lambda arrays: arrays | {FIRST: np.full_like(arrays[FIRST], 5)},
            "a value of 5, and a share",
        ),
        (lambda arrays: arrays | {"0/q/recall@10": arrays[FIRST]}, "ndcg@10 in another file"),
        (lambda arrays: arrays | {FIRST: np.full_like(arrays[FIRST], np.inf)}, "infinite"),
        (lambda arrays: {name: one for name, one in arrays.items() if name != FIRST}, "none values of ndcg@10"),
    ],
)
def test_changed_arrays_are_told(copied, asked, change, said):
    assert said in told_of(copied, asked, pack(change(arrays_of(copied))))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda parts: parts | {"hello": np.zeros(9, np.float32)}, "hello is no part of it"),
        (lambda parts: {name: one for name, one in parts.items() if name != TABLE}, f"{TABLE} is not there"),
        (lambda parts: parts | {TABLE: parts[TABLE].astype(np.float64)}, "no list of numbers"),
        (lambda parts: parts | {TABLE: parts[TABLE][:2]}, "no list of numbers"),
        (lambda parts: parts | {TABLE: parts[TABLE][:, :1]}, "values that are not there"),
        (lambda parts: parts | {"cells/ndcg@10": parts["cells/ndcg@10"][1:]}, "its cells have"),
        (lambda parts: parts | {"cells/ndcg@10": parts["cells/ndcg@10"] * -1}, "no table of cells and counts"),
        (lambda parts: parts | {"cells/ndcg@10": np.zeros(3, np.int32)}, "no table of cells and counts"),
        (lambda parts: parts | {"cells/ndcg@10": np.tile([0, 1], (1528, 1)).astype(np.int32)}, "has a cell twice"),
        (lambda parts: parts | {"resampled": np.array([[0, 1, 9]], np.int32)}, "steps is not there"),
    ],
)
def test_changed_parts_are_told(copied, asked, change, said):
    assert said in told_of(copied, asked, change(parts_of(copied)))


def told_of(folder, asked, parts):
    """Return what is said of a result folder with other values and sums that are right."""
    table = json.loads((folder / RESULT).read_text("utf-8"))
    (folder / VALUES).write_bytes(packed(parts))
    rewritten(folder, table)
    try:
        return "; ".join(result_faults(read_result(folder), asked))
    except DataError as error:
        return str(error)


def test_a_result_without_its_other_values_stands_in_a_table_but_is_no_entry(tmp_path):
    folder = shutil.copytree(results_root() / "films.v1" / "popular", tmp_path / "popular")
    asked, whole = read_asked(results_root() / "films.v1"), read_result(folder)
    (folder / OTHER_VALUES).unlink()
    result = read_result(folder)
    assert list(result_damage(result, asked)) == []
    assert list(result_faults(result, asked)) == [
        "values by query of other metrics than ndcg@10 are missing: other_values.npz is not there"
    ]
    assert all(set(cell.queries) <= {"ndcg@10"} for cell in result.cells)
    assert all(set(cell.queries) == {"ndcg@10", "recall@10"} for cell in whole.cells if cell.state == "ok")


def test_changed_other_values_are_refused(tmp_path):
    folder = shutil.copytree(results_root() / "films.v1" / "popular", tmp_path / "popular")
    with (folder / OTHER_VALUES).open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"x")
    with pytest.raises(DataError, match="it has changed since it was written"):
        read_result(folder)


def test_queries_that_hurt_cannot_be_left_out(copied, asked):
    """Values that do not count raise the mean; the number of those that count tells."""
    table, arrays = json.loads((copied / RESULT).read_text("utf-8")), arrays_of(copied)
    arrays[FIRST][np.flatnonzero(arrays[FIRST] == 0)[:50]] = np.nan
    (copied / VALUES).write_bytes(packed(pack(arrays)))
    row = next(row for row in table["cells"][0]["values"] if row[0] == "ndcg@10")
    row[2] = float(np.nanmean(arrays[FIRST], dtype=np.float64))
    rewritten(copied, table)
    assert "have a value" in next(result_faults(read_result(copied), asked))


def test_values_that_unpack_to_gigabytes_are_not_unpacked(copied):
    table, buffer = json.loads((copied / RESULT).read_text("utf-8")), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{FIRST}.npy", bytes(300 * 2**20))
    (copied / VALUES).write_bytes(buffer.getvalue())
    rewritten(copied, table)
    assert "unpacks to more than" in benchsuite.verify(copied).faults[0]


def test_fitting_again_tells_shares_counts_and_what_the_model_is(copied):
    result = read_result(copied)
    cell, place = result.cells[2], ("ndcg@10", "")
    lie = dataclasses.replace(cell.values[place], fallback=0.0, n=1)
    changed = dataclasses.replace(
        result,
        cells=[dataclasses.replace(cell, values={**cell.values, place: lie}, queries={})],
        model=dataclasses.replace(result.model, uses_language_model=True),
    )
    told = list(differences(changed, dataclasses.replace(result, cells=[cell])))
    for part in ("uses_language_model", "n of ndcg@10", "fallback of ndcg@10", "ndcg@10 has no values"):
        assert any(part in line for line in told), part


def test_cells_twice_and_of_no_fold_and_rows_of_another_model_are_told(copied, asked):
    result = read_result(copied)
    elsewhere = dataclasses.replace(result.cells[0], place=("moon", "random-holdout", 1, "test"))
    changed = dataclasses.replace(result, cells=[*result.cells, result.cells[0], elsewhere])
    own = dataclasses.replace(changed, identity={**result.identity, "plugin": "als.py:als"})
    told = list(result_damage(own, asked))
    for part in ("more than once", "has no such fold", "give it another label"):
        assert any(part in line for line in told), part


def test_a_mark_holds_for_its_own_numbers_only(copied, tmp_path):
    mark_verified(copied, {"date": "2026-01-01", "cells": 3})
    result = read_result(copied)
    assert result.verified["cells"] == 3
    write_result(result, copied)  # the same numbers
    assert (copied / VERIFIED).is_file()
    write_result(dataclasses.replace(result, facts={"other": 1}), copied)
    assert not (copied / VERIFIED).is_file()
    other = shutil.copytree(results_root() / "demo.v1" / "ease", tmp_path / "ease")
    mark_verified(other, {"date": "2026-01-01", "cells": 3})
    shutil.copy(other / VERIFIED, copied)
    with pytest.raises(DataError, match="tells of another result"):
        read_result(copied)


def test_a_leaderboard_does_not_believe_changed_standings_and_no_label_stands_twice(tmp_path):
    folder = tmp_path / "demo.v1"
    shutil.copytree(results_root() / "demo.v1", folder)
    for name in ("content-tfidf", "item-knn", "popular", "random"):
        shutil.rmtree(folder / name)
    summary = write_summary("demo.v1", tmp_path)
    whole = read_board("demo.v1", root=tmp_path)
    table = json.loads(summary.read_text("utf-8"))
    table["whole"]["rows"][0]["model"] = "another"
    for text in (json.dumps(table), "[]", "[" * 100_000, json.dumps(with_sum({**table, "whole": {}}))):
        summary.write_text(text, "utf-8")
        assert [row.model for row in read_board("demo.v1", root=tmp_path).rows] == [row.model for row in whole.rows]
    (folder / SUMMARY).unlink()
    shutil.copytree(folder / "als", folder / "als-again")
    with pytest.raises(DataError, match='another result of "als"'):
        read_results("demo.v1", folder)


def test_a_result_of_no_benchmark_names_the_benchmarks(copied):
    table = json.loads((copied / RESULT).read_text("utf-8"))
    rewritten(copied, table | {"benchmark": "../demo.v7"})
    with pytest.raises(ConfigError, match="no benchmark"):
        benchsuite.verify(copied)


def test_a_file_that_nobody_named_does_not_run(copied, tmp_path, monkeypatch):
    """Though the result claims that it is an installed model, without the sum of a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text('from pathlib import Path\nPath("ran").touch()\n', "utf-8")
    table = json.loads((copied / RESULT).read_text("utf-8"))
    for plugin in ("./evil.py:als", "evil.py"):
        rewritten(copied, {**table, "identity": {**table["identity"], "plugin": plugin}})
        with pytest.raises(ConfigError, match="--trust"):
            benchsuite.verify(copied, rerun=1, offline=True, quiet=True)
    assert not (tmp_path / "ran").exists()


def test_fewer_than_no_cell_is_refused(copied):
    with pytest.raises(UsageError, match="--rerun"):
        benchsuite.verify(copied, rerun=-1)


def test_costs_below_nothing_are_refused(copied):
    table = json.loads((copied / "costs.json").read_text("utf-8"))
    next(iter(table["cells"].values()))["fit_seconds"] = -5
    (copied / "costs.json").write_text(json.dumps(table), "utf-8")
    with pytest.raises(DataError, match="below 0"):
        read_result(copied)


@pytest.mark.parametrize("change", [lambda old: old[:-1], lambda _: b"", lambda _: read_other()])
def test_who_asks_is_what_the_benchmark_pins(tmp_path, change):
    folder = tmp_path / "demo.v1"
    folder.mkdir()
    with pytest.raises(DataError, match=r"queries\.npz: cannot be read: No such file"):
        read_asked(folder)
    (folder / ASKED).write_bytes(change((results_root() / "demo.v1" / ASKED).read_bytes()))
    with pytest.raises(DataError, match=r"queries\.npz: it has changed since it was written"):
        read_asked(folder)


def read_other():
    return (results_root() / "films.v1" / ASKED).read_bytes()


def test_a_reference_that_was_not_run_is_told():
    board = read_board("demo.v1")
    told = str(Leaderboard(dataclasses.replace(board, absent=("als", "random"))))
    assert "of these, als may be the best reference" in told


@pytest.mark.parametrize("text", ["[]", "{", '{"date": 3}'])
def test_a_mark_that_nobody_can_read_goes_with_the_numbers_it_was_for(copied, text):
    result = read_result(copied)
    (copied / VERIFIED).write_text(text, "utf-8")
    with pytest.raises(DataError, match="verified"):
        read_result(copied)
    write_result(result, copied)
    assert read_result(copied).verified == {}


def test_a_row_of_the_benchmark_has_its_settings_in_every_cell(copied, asked):
    """A weaker reference under the same name would raise the ratios of all others."""
    assert benchsuite.verify(copied).faults == []
    table = json.loads((copied / RESULT).read_text("utf-8"))
    weaker = {**table["identity"]["settings"], "factors": 1}
    rewritten(copied, {**table, "identity": {**table["identity"], "settings": weaker}})
    assert "factors = 1, the row als has 128" in benchsuite.verify(copied).faults[0]
    table["cells"][1]["settings"] = weaker
    rewritten(copied, table)
    assert "though nothing was tuned" in next(result_faults(read_result(copied), asked))


def test_a_changed_value_file_is_noticed_by_the_board(tmp_path):
    """The kept standings stand for the very values beside them."""
    root = tmp_path / "results"
    shutil.copytree(results_root() / "demo.v1", root / "demo.v1")
    assert read_board("demo.v1", root=root).rows
    with (root / "demo.v1" / "ease" / VALUES).open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"x")
    assert "it has changed since it was written" in str(read_board("demo.v1", root=root).left_out[0])

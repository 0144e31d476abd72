"""The folder of a benchmark's short form is checked as that where it is asked for, and is no entry otherwise."""

import dataclasses

import pytest

import benchsuite
from benchsuite.benchmark.places import read_benchmark, results_root
from benchsuite.benchmark.result_folder import RESULT, read_result, write_result
from benchsuite.cli.main import main
from benchsuite.errors import UsageError


def short_form(folder, less=0):
    """Write the short form of a row of the demo, or all but some of its cells."""
    result = read_result(results_root() / "demo.v1" / "popular")
    rules = read_benchmark("demo.v1")[1].lite
    cells = [cell for cell in result.cells if cell.place[1] in rules.splits and cell.place[2] in rules.seeds]
    assert 0 < len(cells) < len(result.cells)
    write_result(dataclasses.replace(result, cells=cells[less:]), folder)
    return folder


def test_the_short_form_is_whole_as_that_and_told_in_a_line_otherwise(tmp_path, capsys):
    folder = short_form(tmp_path / "short")
    assert main(["verify", str(folder), "--lite"]) == 0
    assert (
        "popular in demo.v1 (short form): 1 cell, none fitted again: nothing is wrong with it"
        in capsys.readouterr().out
    )
    assert main(["verify", str(folder)]) == 1  # it cannot enter the benchmark
    (line, last) = capsys.readouterr().out.splitlines()[:2]
    assert line.startswith("it holds the short form alone, 1 of 4 cells: run and submit without --lite")
    assert last.endswith("1 fault")
    assert benchsuite.verify(results_root() / "demo.v1" / "popular", lite=True).ok


def test_what_is_missing_in_the_short_form_or_changed_is_a_fault_of_it(tmp_path):
    bare = short_form(tmp_path / "bare", less=1)
    assert "the cell is missing" in benchsuite.verify(bare, lite=True).faults[0]
    spoilt = short_form(tmp_path / "spoilt")
    (spoilt / RESULT).write_text(
        (spoilt / RESULT).read_text("utf-8").replace('["ndcg@10", "", 0.', '["ndcg@10", "", 0.1')
    )
    assert "changed since it was written" in benchsuite.verify(spoilt, lite=True).faults[0]
    with pytest.raises(UsageError, match="--lite is for result folders"):
        benchsuite.verify(tmp_path / "none", lite=True)

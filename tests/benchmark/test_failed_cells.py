"""Failed cells of a result: one whose model opened what it is judged by is a fault, any other is told in one line."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

import benchsuite
from benchsuite.benchmark.places import results_root
from benchsuite.benchmark.result_folder import read_result, write_result
from benchsuite.cli.main import main
from benchsuite.functions.submit import _trial_faults

OPENED = "/x/truth.npy: the model opened what it is judged by; answer from the training part and the queries alone"

MODEL = '''
from dataclasses import dataclass
from pathlib import Path

from benchsuite.api import Model


@dataclass
class Reads(Model):
    """Reads files of a store, and then fails in any case."""

    store: str = ""

    def fit(self, train, context):
        for path in Path(self.store).glob("truth/*/*/truth.item.npy"):
            path.read_bytes()
        raise ValueError("no luck")

    def score(self, queries, candidates):
        raise NotImplementedError
'''


@pytest.fixture
def failed(tmp_path):
    """A function that writes a result of four cells, of which some failed for these reasons."""
    whole = read_result(results_root() / "demo.v1" / "popular")

    def write(*reasons):
        cells = list(whole.cells)
        for number, reason in enumerate(reasons):
            none = {"values": {}, "queries": {}, "replicates": {}}
            cells[number] = dataclasses.replace(cells[number], state="failed", reason=reason, **none)
        write_result(dataclasses.replace(whole, cells=cells, verified={}), tmp_path / "result")
        return tmp_path / "result"

    return write


def test_a_model_that_abstained_from_every_answer_cannot_enter(tmp_path):
    """The fallback gave them, so no number of the row is the model's; failures are told as such."""
    whole = read_result(results_root() / "demo.v1" / "popular")

    def abstaining(cell, share):
        values = {name: dataclasses.replace(value, fallback=share) for name, value in cell.values.items()}
        return dataclasses.replace(cell, values=values)

    cells = [abstaining(cell, 1.0) for cell in whole.cells]
    write_result(dataclasses.replace(whole, cells=cells, verified={}), tmp_path / "silent")
    assert benchsuite.verify(tmp_path / "silent").faults == [
        "the model answered nothing in any cell: the fallback gave all that ndcg@10 looks at"
    ]
    write_result(dataclasses.replace(whole, cells=[*cells[1:], whole.cells[0]], verified={}), tmp_path / "speaks")
    assert not any("answered nothing" in fault for fault in benchsuite.verify(tmp_path / "speaks").faults)


def test_a_model_that_applies_nowhere_cannot_enter(tmp_path):
    whole = read_result(results_root() / "demo.v1" / "popular")
    none = {"state": "not applicable", "reason": "it is not set up", "values": {}, "queries": {}, "replicates": {}}
    cells = [dataclasses.replace(cell, **none) for cell in whole.cells]
    write_result(dataclasses.replace(whole, cells=cells, verified={}), tmp_path / "absent")
    assert benchsuite.verify(tmp_path / "absent").faults == ["the model applies to no cell: it is not set up"]


def test_verify_calls_it_a_fault_that_a_model_opened_what_it_is_judged_by(failed, capsys):
    folder = failed(*[OPENED] * 4)
    assert main(["verify", str(folder), "--rerun", "1"]) == 1
    told = capsys.readouterr()
    fault, last = told.out.splitlines()
    assert fault.startswith(f"demo, random-holdout, seed 1, fold test: {OPENED}, then run it again with --retry-failed")
    assert fault.endswith("(and 3 more cells for such a reason)")
    assert last == "popular in demo.v1: 4 cells, none fitted again: 1 fault"
    assert "none has values" in told.err


def test_verify_tells_honest_failures_in_one_line(failed, capsys):
    folder = failed("ValueError: no\nluck", "MemoryError: 9 GiB")
    assert main(["verify", str(folder)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    head = "popular in demo.v1: 4 cells, none fitted again: 2 of 4 cells failed and have no values, the first: "
    assert line == f"{head}demo, random-holdout, seed 1, fold test: ValueError: no luck"
    mixed = benchsuite.verify(failed("ValueError: no luck", OPENED))
    assert [line.partition(": ")[2] for line in mixed.faults] == [f"{OPENED}, then run it again with --retry-failed"]
    assert "1 of 4 cells failed and has no values: demo" in str(mixed)


def test_trials_that_failed_for_that_reason_are_a_fault_of_their_own_model_alone():
    trials = [SimpleNamespace(model="Mine", failures=("MemoryError: 9 GiB", OPENED)), SimpleNamespace(model="Other")]
    assert _trial_faults(SimpleNamespace(tuning=trials), "Mine") == [
        f"1 trial: {OPENED}, then run it again with --retry-failed"
    ]
    trials = [SimpleNamespace(model="Mine", failures=("MemoryError: 9 GiB",))]
    assert _trial_faults(SimpleNamespace(tuning=trials), "Mine") == []


@pytest.mark.process
@pytest.mark.parametrize("opens", [True, False])
def test_submit_writes_nothing_of_a_model_that_opened_what_it_is_judged_by(tmp_path, capsys, opens):
    (tmp_path / "reads.py").write_text(MODEL, "utf-8")
    store, out = tmp_path / "runs", tmp_path / "result"
    asked = {"model": f"{tmp_path / 'reads.py'}:Reads", "with_": {"store": str(store)} if opens else {}}
    benchsuite.run("demo.v1", **asked, lite=True, store=store, offline=True, on="in-process", quiet=True)
    (name,) = (json.loads(path.read_text("utf-8"))["models"] for path in (store / "plans").glob("*.json"))
    code = main(["submit", "demo.v1", name[0]["label"], "--lite", "--out", str(out), "--store", str(store)])
    lines = capsys.readouterr().out.splitlines()
    assert (code, out.exists()) == ((1, False) if opens else (0, True))
    if opens:
        assert "truth.item.npy: the model opened what it is judged by; answer from" in lines[0]
        assert lines[1].startswith("nothing written")
    else:
        assert len(lines) == 1
        assert "1 cell; 1 of 1 cell failed and has no values: demo" in lines[0]
        assert "ValueError: no luck" in lines[0]
    assert "nothing is wrong" not in "".join(lines)

"""Each broken plugin is caught by the check that is meant for it, and harms no other cell of a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchsuite.api import DataLocations
from benchsuite.cli.main import main
from benchsuite.errors import PluginError
from benchsuite.plan import Plan
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.runner import Options, prepare
from benchsuite.runner import run as work
from benchsuite.store import Store
from benchsuite_testing import checks
from benchsuite_testing.apart import Limits, run_apart

sys.path.insert(0, str(Path(__file__).parent))
from broken_plugins import HERE, IN_A_RUN, IN_THE_KIT, EatsMemory, Fine, LoopsForEver
from careless_plugins import CARELESS

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched over on Linux only")
pytestmark = [pytest.mark.process, linux]

# The memory of a process that tests were run in before counts, too: a small limit only where it is the point.
LIMITS = Limits(seconds=100)


def alive(mark: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            found += [process.pid] if mark in process.cmdline() else []
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("model", IN_THE_KIT, ids=lambda model: model.__name__)
def test_the_kit_catches_it_and_is_not_harmed(model, tmp_path, monkeypatch):
    mark = str(tmp_path / "mark")
    monkeypatch.setenv("BROKEN_MARK", mark)
    wanted, reason = IN_THE_KIT[model]
    before = Path.cwd()
    bound = [one for one in checks("models", model) if one.name in {wanted, "builds_with_defaults"}]
    limits = {LoopsForEver: Limits(5), EatsMemory: Limits(100, 2**30)}.get(model, LIMITS)
    results = {one.name: one for one in run_apart(bound, limits)}
    assert (results[wanted].state, "\n" in results[wanted].reason) == ("failed", False)
    assert reason in results[wanted].reason
    assert results["builds_with_defaults"].state == "passed"
    assert Path.cwd() == before
    assert alive(mark) == []


def test_the_kit_has_nothing_against_the_one_that_is_right():
    results = run_apart(checks("models", Fine), LIMITS)
    assert [(one.name, one.reason) for one in results if one.state == "failed"] == []


def test_every_check_of_what_a_model_does_can_fail():
    elsewhere = {"leaves_the_process_alone", "leaves_no_process", "prints_little", "reads_nothing_held_out"}
    assert elsewhere < {check for check, _ in IN_THE_KIT.values()}


@pytest.mark.parametrize("kind", ["sources", "splits", "metrics", "reports"])
def test_other_kinds_must_leave_the_process_alone_too(kind):
    results = {one.name: one for one in run_apart(checks(kind, CARELESS[kind]), LIMITS)}
    assert {name for name, one in results.items() if one.state == "failed"} == {"leaves_the_process_alone"}
    assert results["leaves_the_process_alone"].reason == "it changed the working folder"


@pytest.mark.slow
def test_after_deaths_the_rest_is_skipped_with_the_reason(capsys):
    assert main(["check", f"{HERE}:ExitsWithZero", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] == 3
    assert {one["reason"] for one in told["checks"] if one["state"] == "failed"} == {"it ended the process with code 0"}
    assert "not tried, as checks before it ended their process" in {one["reason"] for one in told["checks"]}


class Quiet:
    def __getattr__(self, name):
        return lambda *_: None


def run(folder: Path, models: list[str], **more: Any) -> tuple[Plan, Store]:
    table = {
        "name": "broken",
        "sources": [{"use": "demo", "with": {"users": 40, "items": 40, "events_per_user": 10}}],
        "splits": ["random-holdout"],
        "models": [f"{HERE}:{name}" for name in models],
        "metrics": ["ndcg@10"],
        "k": 20,
    }
    store = Store(folder / "runs")
    place = DataLocations(cache=folder / "cache", offline=True)
    plan = prepare(check_experiment(table | more, "a test"), store, place, lambda _: None)
    return work(plan, store, Options(workers=2, threads=1), Quiet())[0], store


def arrays(plan: Plan, store: Store, model: str) -> dict[str, bytes]:
    cell = next(cell for cell in plan.cells if cell.model == model)
    return {name: array.tobytes() for name, array in store.get("cell", cell.key).arrays().items()}


@pytest.mark.slow
def test_broken_models_fail_with_one_line_each_and_the_good_one_beside_them_is_as_alone(tmp_path, monkeypatch):
    """All of them in one run, on one store, with two workers at a time."""
    mark = str(tmp_path / "mark")
    monkeypatch.setenv("BROKEN_MARK", mark)
    monkeypatch.setenv("BROKEN_STORE", str(tmp_path / "runs"))
    alone = arrays(*run(tmp_path / "alone", ["Fine"]), "Fine")
    plan, store = run(tmp_path, ["Fine", *IN_A_RUN], timeout_minutes=0.3, memory_gib=1.0)
    found = {cell.model: store.get("cell", cell.key).manifest["reason"] for cell in plan.cells}
    assert found.pop("Fine") == ""
    assert {name: told for name, told in found.items() if IN_A_RUN[name] not in told or "\n" in told} == {}
    assert [name for name, told in found.items() if bool(told) != bool(IN_A_RUN[name])] == []
    assert arrays(plan, store, "Fine") == alone
    for name in (name for name, told in found.items() if not told):
        assert arrays(plan, store, name) == alone, name
    for cell in plan.cells:
        log = store.folder("cell", cell.key) / "log.txt"
        assert log.stat().st_size < 2 * 2**20
    assert alive(mark) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import time; time.sleep(600)", "its import took more than 2 seconds"),
        ("import os; os._exit(0)", "its import ended the process with code 0"),
        ("import ctypes; ctypes.string_at(0)", "its import was killed by SIGSEGV"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
    ],
)
def test_an_import_that_fails_or_never_ends_is_one_line_before_any_work(code, said, tmp_path, monkeypatch):
    monkeypatch.setattr("benchsuite.loading.IMPORT_SECONDS", 2.0)
    (tmp_path / "broken.py").write_text(code)
    monkeypatch.setattr(sys.modules[__name__], "HERE", tmp_path / "broken.py")
    with pytest.raises(PluginError) as error:
        run(tmp_path, ["Broken"])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["NoVersion", "EmptyVersion"])
def test_a_version_that_is_none_is_one_line_before_any_work(name, tmp_path):
    with pytest.raises(PluginError, match="version"):
        run(tmp_path, [name])

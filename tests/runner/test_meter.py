"""What a process spent is counted, and a GPU's counter is read where there is one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchsuite.analysis import build
from benchsuite.runner.resource_usage import ResourceUsage, running_children
from benchsuite.store import Store


def busy(seconds: float) -> None:
    start = time.thread_time()
    while time.thread_time() < start + seconds:
        pass


def test_processor_seconds_of_all_threads_are_counted() -> None:
    meter, before = ResourceUsage("cpu"), time.process_time()
    workers = [threading.Thread(target=busy, args=(0.1,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds, power = meter.read()
    assert 0.2 - 0.03 <= seconds <= time.process_time() - before + 0.05  # the system counts in hundredths
    assert power["processors"] >= 1
    assert power["sockets"] >= 1
    assert power["cpu"]
    assert (power["gpu"], power["gpu_joules"]) == ("", None)


def test_running_processes_that_a_model_started_are_counted() -> None:
    whole, own = ResourceUsage("cpu", children=True), ResourceUsage("cpu")
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as child:
        child.stdout.readline()
        spent, without = whole.read()[0], own.read()[0]
        found = [one for one in running_children() if one.seconds >= 0.25]  # the tests' own browser may be among them
        child.communicate(b"\n")
    assert spent - without >= 0.25
    assert any(1 < one.peak_mb < 1000 for one in found)


class NVMLError(Exception):
    pass


def fake_gpu(monkeypatch: pytest.MonkeyPatch, counter: Any) -> None:
    """A torch with one GPU, and a library that reads its counter (millijoules)."""
    properties = SimpleNamespace(uuid="0815")
    cuda = SimpleNamespace(
        get_device_name=lambda: "a GPU", current_device=lambda: 0, get_device_properties=lambda _: properties
    )
    nvml = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID={"GPU-0815": "handle"}.__getitem__,
        nvmlDeviceGetTotalEnergyConsumption=counter,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    monkeypatch.setitem(sys.modules, "pynvml", nvml)


def test_the_gpu_counter_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([5_000, 12_500])
    fake_gpu(monkeypatch, lambda _: next(readings))
    _, power = ResourceUsage("cuda").read()
    assert (power["gpu"], power["gpu_joules"]) == ("a GPU", 7.5)


def test_a_counter_that_cannot_be_read_is_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> int:
        raise NVMLError("not supported")

    fake_gpu(monkeypatch, refuse)
    _, power = ResourceUsage("cuda").read()
    assert (power["gpu"], power["gpu_joules"]) == ("a GPU", None)


@pytest.mark.slow
def test_a_run_keeps_what_each_cell_spent(tmp_path: Path, run_toy: Any, toy_experiment: Any) -> None:
    plan, _, _ = run_toy(toy_experiment(["Counts", "Told", "Babbles"]))
    store = Store(tmp_path / "runs")
    rows = {(row.model, row.metric): row for row in build(plan, store).rows}
    assert rows["Counts", "parameters"].reason == "the model does not tell"
    assert rows["Told", "parameters"].mean == 30
    for name in ("energy_wh", "co2e_g"):
        assert rows["Counts", name].state == rows["Told", name].state == "ok"
    assert "parameter_count() returned 'many'" in rows["Babbles", "ndcg@10"].reason
    manifest = store.get("cell", next(cell.key for cell in plan.cells if cell.model == "Told")).manifest
    assert manifest["costs"]["cpu_seconds"] >= 0
    assert set(manifest["power"]) == {"cpu", "processors", "sockets", "virtual", "gpu", "gpu_joules"}


@pytest.mark.slow
def test_what_fits_share_is_made_once_and_costs_each(
    tmp_path: Path, run_toy: Any, toy_experiment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_MARKS", str(tmp_path / "marks"))
    again = {"use": "Shares", "label": "again", "with": {"power": 0.5}}
    plan, outcome, _ = run_toy(toy_experiment(["Shares", again], metrics=["ndcg@10"]))
    assert not outcome.failed
    assert (tmp_path / "marks").read_text().count("made") == 1
    store = Store(tmp_path / "runs")
    costs = [store.get("cell", cell.key).manifest["costs"] for cell in plan.cells]
    assert {one["shared_seconds"] for one in costs} == {costs[0]["shared_seconds"]}
    assert all(one["fit_seconds"] >= one["shared_seconds"] >= 0.3 for one in costs)
    fit = next(about for about in build(plan, store).metrics if about.name == "fit_seconds")
    assert "again 0." in fit.convention

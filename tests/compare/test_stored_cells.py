"""A comparison opens each cell's manifest once, and tells what each row rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from benchsuite.analysis import build
from benchsuite.analysis.cell_evaluation import CellEvaluator
from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.errors import StoreError
from benchsuite.plan import Plan
from benchsuite.store import Store, entry

Made = tuple[Plan, Store]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[Path]:
    """Count how often each manifest is opened."""
    times: Counter[Path] = Counter()
    read = entry.read_json

    def counted(path: Path, *more: Any) -> Any:
        times[path] += 1
        return read(path, *more)

    monkeypatch.setattr(entry, "read_json", counted)
    entry._manifest.cache_clear()  # what this process remembers of other tests' stores
    return times


def test_every_manifest_is_opened_once_when_all_is_there(filled: Callable[..., Made], opened: Counter[Path]) -> None:
    plan, store = filled({"good": 0.5, "bad": 0.1}, seeds=(1, 2))
    build(plan, store, users=2)
    opened.clear()
    entry._manifest.cache_clear()  # as another process would
    build(plan, Store.open(store.root))
    cells = {path: times for path, times in opened.items() if path.parents[2].name == "cell"}
    assert len(cells) == len(plan.cells) == 8
    assert set(opened.values()) == {1}


def test_every_cell_is_opened_once_while_it_is_measured(filled: Callable[..., Made], opened: Counter[Path]) -> None:
    plan, store = filled({"good": 0.5, "bad": 0.1})
    opened.clear()
    build(plan, store, users=2)
    assert {times for path, times in opened.items() if path.parents[2].name == "cell"} == {1}


def test_rows_tell_what_they_rest_on(filled: Callable[..., Made]) -> None:
    plan, store = filled({"good": 0.5, "bad": 0.1}, seeds=(1, 2))
    good, bad = build(plan, store).origins
    assert (good.model, bad.model) == ("good", "bad")
    assert good.cells == tuple(cell.key for cell in plan.cells if cell.model == "good")
    assert (good.plugin, good.version) == ("good", "1")
    assert [settings["skill"] for settings in good.settings] == [0.5, 0.5]
    assert good.provenance


def test_a_row_that_was_not_run_still_has_its_keys(filled: Callable[..., Made], tmp_path: Path) -> None:
    plan, _ = filled({"good": 0.5})
    empty = Store(tmp_path / "empty")
    (origin,) = build(plan, empty).origins
    assert origin.cells == tuple(cell.key for cell in plan.cells)
    assert not origin.provenance
    cells = StoredCells(empty)
    assert cells.manifest(plan.cells[0]) is None
    with pytest.raises(StoreError, match="run the experiment first"):
        cells.arrays(plan.cells[0])


def test_judging_asks_blas_for_one_thread(filled: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    def blas() -> set[int]:
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    seen: list[set[int]] = []

    def result(self: CellEvaluator, *cells: Any) -> Any:
        seen.append(blas())
        return real(self, *cells)

    real = CellEvaluator.result
    monkeypatch.setattr(CellEvaluator, "result", result)
    plan, store = filled({"good": 0.5, "bad": 0.1})
    with threadpool_limits({"blas": 2}):
        build(plan, store)
        assert blas() == {2}
    assert seen
    assert all(threads == {1} for threads in seen)

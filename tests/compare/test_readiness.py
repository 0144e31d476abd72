from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import benchsuite
from benchsuite.analysis import get_ready
from benchsuite.analysis.cell_evaluation import REPLICATES
from benchsuite.evaluate import bootstrap


def test_the_draws_that_judging_asks_for_are_there_when_it_begins() -> None:
    bootstrap._kept_draws.cache_clear()
    plan = SimpleNamespace(datasets=[SimpleNamespace(users=11), SimpleNamespace(users=None)])
    get_ready(cast("Any", plan)).join()
    assert bootstrap._kept_draws.cache_info().misses == 1
    early = np.concatenate(list(bootstrap.draws(np.arange(11, dtype=np.int32), REPLICATES, 11)))
    assert bootstrap._kept_draws.cache_info().hits == 1
    bootstrap._kept_draws.cache_clear()
    np.testing.assert_array_equal(
        np.concatenate(list(bootstrap.draws(np.arange(11, dtype=np.int32), REPLICATES, 11))), early
    )


def test_what_fails_while_getting_ready_is_left_to_judging(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: int) -> None:
        raise MemoryError

    monkeypatch.setattr("benchsuite.analysis.readiness.keep_draws", fail)
    get_ready(cast("Any", SimpleNamespace(datasets=[SimpleNamespace(users=11)]))).join()


def test_a_run_gets_ready_when_it_has_something_to_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready: list[str] = []
    monkeypatch.setattr("benchsuite.analysis.get_ready", lambda plan: ready.append(plan.name))
    table: dict[str, Any] = {"sources": ["demo"], "splits": ["random-holdout"], "models": ["popular"]}
    tiny = benchsuite.Experiment("tiny", metrics=["ndcg@10"], **table)
    for _ in range(2):
        benchsuite.run(tiny, store=tmp_path, quiet=True, offline=True)
    assert ready == ["tiny"]

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from benchsuite.analysis import get_ready
from benchsuite.analysis.cell_evaluation import REPLICATES
from benchsuite.evaluate import bootstrap


def test_the_draws_that_judging_asks_for_are_there_when_it_begins() -> None:
    bootstrap._kept_draws.cache_clear()
    plan = SimpleNamespace(datasets=[SimpleNamespace(users=11), SimpleNamespace(users=None)])
    get_ready(cast("Any", plan))
    for thread in threading.enumerate():
        if thread.name == "getting ready to judge":
            thread.join()
    assert bootstrap._kept_draws.cache_info().misses == 1
    early = np.concatenate(list(bootstrap.draws(np.arange(11, dtype=np.int32), REPLICATES, 11)))
    assert bootstrap._kept_draws.cache_info().hits == 1
    bootstrap._kept_draws.cache_clear()
    np.testing.assert_array_equal(
        np.concatenate(list(bootstrap.draws(np.arange(11, dtype=np.int32), REPLICATES, 11))), early
    )

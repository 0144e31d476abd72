"""A model that answers one value for many items is told that the order of ties decides its lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from benchsuite.api import Model
from benchsuite_testing import ContractWarning, checks


@dataclass
class Good(Model):
    """Scores an item by how often it is taken together with those of the history."""

    def fit(self, train, context):
        taken = train.matrix()
        self._together = np.asarray((taken.T @ taken).todense(), np.float32)
        self._known = np.diag(self._together) > 0
        np.fill_diagonal(self._together, 0)
        return self

    def score(self, queries, candidates):
        scores = (queries.matrix(len(self._together)) @ self._together).astype(np.float32)
        scores[:, ~self._known] = np.nan
        return scores if candidates is None else scores[:, candidates]


@dataclass
class Zeros(Good):
    """Answers one value for everything."""

    def score(self, queries, candidates):
        return np.zeros_like(super().score(queries, candidates))


@dataclass
class ZerosForNew(Good):
    """Answers one value for items that nobody took."""

    def score(self, queries, candidates):
        return np.nan_to_num(super().score(queries, candidates))


@pytest.mark.parametrize(("model", "which"), [(Zeros, "every item,"), (ZerosForNew, "every item without training")])
def test_one_score_for_everything_passes_with_a_warning(model, which):
    check = {check.name: check for check in checks("models", model)}["scores_tell_items_apart"]
    told = check.run()
    assert (told.state, told.reason[:31]) == ("passed", "warning: it answers 0 for every")
    assert which in told.reason
    assert "return NaN where it knows nothing" in told.reason
    with pytest.warns(ContractWarning, match="the order of ties decides its lists"):
        check()

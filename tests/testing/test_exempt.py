"""A plugin says by itself which checks do not apply to it; the kit honours and reports that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchsuite.api import Model
from benchsuite_testing import check_model


@dataclass
class Exempt(Model):
    """Divides by the best candidate, which breaks a rule by design, and says which and why."""

    exempt: ClassVar[Mapping[str, str]] = {"candidates_do_not_matter": "scores are shares of the best candidate"}

    def fit(self, train, context):
        taken = train.matrix()
        self._counts = np.asarray((taken.T @ taken).todense(), np.float32)
        np.fill_diagonal(self._counts, 0)
        return self

    def score(self, queries, candidates):
        scores = (queries.matrix(len(self._counts)) @ self._counts).astype(np.float32)
        scores = scores if candidates is None else scores[:, candidates]
        return scores / (scores.max(axis=1, keepdims=True) + 1)


def test_an_exemption_is_honoured_and_reported():
    results = {result.name: result for result in check_model(Exempt)}
    exempted = results["candidates_do_not_matter"]
    assert (exempted.state, exempted.by_design) == ("skipped", True)
    assert exempted.reason == "scores are shares of the best candidate (exempt by declaration)"
    assert exempted.to_dict()["by_design"] is True
    others = [result for name, result in results.items() if name != "candidates_do_not_matter"]
    assert not any(result.by_design for result in others), "what a check finds is no declaration"
    assert {result.name for result in others if result.state == "skipped"} == {
        "settings_are_typed",
        "search_ranges_are_valid",
        "recommend_equals_ranking",
        "saved_model_agrees",
        "threads_do_not_matter",
    }


def test_without_the_exemption_the_check_fails():
    bare = type("Bare", (Exempt,), {"exempt": {}, "__doc__": Exempt.__doc__})
    results = {result.name: result for result in check_model(dataclass(bare))}
    assert results["candidates_do_not_matter"].state == "failed"

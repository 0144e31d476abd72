"""The kit judges metrics rightly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pytest
from annotated_types import Gt

from benchsuite.api import Metric, Task
from benchsuite_testing import check_metric, check_names, parametrize
from benchsuite_testing.plugin_checks import PLUGIN_CHECKS
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.surroundings import Traces


@dataclass
class Good(Metric):
    """Share of the first k places that hold a relevant item."""

    convention: ClassVar[str] = "hits / k; empty truths do not count"

    k: Annotated[int, Gt(0)] = 10

    def hits(self, evidence):
        top = evidence.rankings.item[:, : self.k]
        return np.array([np.isin(row, evidence.relevant[j]).sum() for j, row in enumerate(top)], np.float64)

    def measure(self, evidence):
        return np.where(evidence.relevant.counts > 0, self.hits(evidence), np.nan) / self.k


@dataclass
class Silent(Good):
    """Has no convention."""

    convention: ClassVar[str] = ""


@dataclass
class Narrow(Good):
    """Answers in float32."""

    def measure(self, evidence):
        return super().measure(evidence).astype(np.float32)


@dataclass
class Misses(Good):
    """Counts misses and calls them good."""

    def measure(self, evidence):
        return 1 - super().measure(evidence)


@dataclass
class Constant(Good):
    """Looks at the truth but not at the answers."""

    def measure(self, evidence):
        return np.where(
            evidence.relevant.counts > 0, [evidence.relevant[j].sum() for j in range(len(evidence))], np.nan
        )


@dataclass
class Deep(Good):
    """Looks one place further than k."""

    def hits(self, evidence):
        top = evidence.rankings.item[:, : self.k + 1]
        return np.array([np.isin(row, evidence.relevant[j]).sum() for j, row in enumerate(top)], np.float64)


@dataclass
class IgnoresK(Good):
    """Looks at everything whatever k is."""

    def measure(self, evidence):
        places = evidence.rankings.item
        first = [np.flatnonzero(np.isin(row, evidence.relevant[j])) for j, row in enumerate(places)]
        return np.array([1 / (1 + places[0]) if len(places) else np.nan for places in first], np.float64)


@dataclass
class DividesByZero(Good):
    """Divides by the number of relevant items, also where there are none."""

    def measure(self, evidence):
        return self.hits(evidence) / evidence.relevant.counts


@dataclass
class WeighsWrongly(Good):
    """Forgets the weights."""

    def estimate(self, evidence, values, weights):
        return np.full(len(weights), np.nanmean(values) if np.isfinite(values).any() else np.nan)


@dataclass
class Positional(Good):
    """Gives later queries more."""

    def measure(self, evidence):
        return super().measure(evidence) * (1 + np.arange(len(evidence)))


@dataclass
class Blind(Good):
    """Looks at the lists alone, and does not say so."""

    def measure(self, evidence):
        return np.array([row[: self.k].max() / 40 for row in evidence.rankings.item], np.float64)


@dataclass
class Elsewhere(Blind):
    """Looks at the lists alone, and says so."""

    rewards_truth: ClassVar[bool] = False


@dataclass
class CountsDrawn(Good):
    """Takes the error of a pair without a value for one of 0."""

    task: ClassVar[Task] = "rating"

    def measure(self, evidence):
        error = np.nan_to_num(np.abs(evidence.scores.rating - evidence.pairs.value))
        return -np.bincount(evidence.pairs.query, weights=error, minlength=len(evidence))


@dataclass
class TwoTongues(Good):
    """Gives sums of something else than it weighs."""

    def amounts(self, evidence, values):
        return 2.0 * super().amounts(evidence, values) + [[1.0], [0.0]]


BAD = {
    TwoTongues: "sums_are_what_is_estimated",
    CountsDrawn: "only_pairs_with_a_value_count",
    Blind: "perfect_answer_is_best",
    Silent: "convention_is_said",
    Narrow: "values_have_shape",
    Misses: "perfect_answer_is_best",
    Constant: "perfect_answer_is_best",
    Deep: "only_the_first_k_places_count",
    IgnoresK: "only_the_first_k_places_count",
    DividesByZero: "short_lists_and_empty_truths",
    WeighsWrongly: "leaving_out_equals_weighing_zero",
    Positional: "order_of_queries_does_not_matter",
}


@parametrize("metrics", Good)
def test_a_good_metric_conforms(check):
    check()


@pytest.mark.parametrize("metric", BAD, ids=lambda metric: metric.__name__)
def test_a_bad_metric_is_refused(metric):
    failed = {result.name for result in check_metric(metric) if result.state == "failed"}
    assert BAD[metric] in failed


def test_every_check_can_fail():
    shared = {check.__name__.removeprefix("check_") for check in (*PLUGIN_CHECKS, *process_checks(Traces))}
    assert set(BAD.values()) == set(check_names("metrics")) - shared


def test_a_metric_of_something_else_is_not_asked_for_the_best():
    result = {result.name: result for result in check_metric(Elsewhere)}["perfect_answer_is_best"]
    assert (result.state, "rewards_truth = False" in result.reason) == ("skipped", True)

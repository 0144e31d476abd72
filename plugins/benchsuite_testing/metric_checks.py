"""Checks of a metric: the perfect answer is best, only the first k places count, and queries can be weighed."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from typing import Any

import numpy as np

from benchsuite.api import Metric
from benchsuite.data import EvaluationInput, Float64, Ragged
from benchsuite_testing.evaluation_inputs import Quality, rankings, sample_answers, subset
from benchsuite_testing.outcome import Make, require, skip
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.surroundings import Traces, observed_twice

_TINY = 1e-9


def _judge(metric: Metric, answers: EvaluationInput) -> tuple[Float64, float]:
    """Return the values by query and the metric's value; a warning is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = metric.measure(answers)
        estimate = metric.estimate(answers, values, np.ones((1, len(answers))))
    return values, float(estimate[0])


def _same(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=_TINY, atol=_TINY, equal_nan=True))


def check_convention_is_said(make: Make[Metric]) -> None:
    """The convention is one line, to be printed under tables."""
    metric = make()
    require(metric.convention.strip(), "convention is empty")
    require("\n" not in metric.convention, "convention has more than one line")


def check_values_have_shape(make: Make[Metric]) -> None:
    """``measure`` returns float64[queries] without infinities, ``estimate`` float64[weightings] and a number."""
    metric = make()
    answers = sample_answers("mixed")
    given, number = _judge(metric, answers)
    values: Any = given
    require(isinstance(values, np.ndarray) and values.dtype == np.float64, "measure returned no float64 array")
    require(values.shape == (len(answers),), f"measure returned shape {values.shape} instead of {(len(answers),)}")
    require(not np.isinf(values).any(), "measure returned infinity; NaN means that a query does not count")
    require(np.isfinite(number), f"the metric of mixed answers is {number}")
    several = metric.estimate(answers, values, np.ones((3, len(answers))))
    require(several.shape == (3,), f"estimate returned shape {several.shape} for three weightings")


def check_perfect_answer_is_best(make: Make[Metric]) -> None:
    """No answer is judged better than the perfect one, for no query, and the worst one is judged worse."""
    metric = make()
    sign = 1.0 if metric.higher_is_better else -1.0
    if not metric.rewards_truth:
        skip("is about something else than being right, by design (rewards_truth = False)", by_design=True)
    perfect, top = _judge(metric, sample_answers("perfect"))
    qualities: tuple[Quality, ...] = ("mixed", "worst")
    for quality in qualities:
        values, number = _judge(metric, sample_answers(quality))
        better = np.flatnonzero(sign * values > sign * perfect + _TINY)
        require(not len(better), f"{len(better)} {quality} answers are judged better than the perfect ones")
        require(sign * number <= sign * top + _TINY, f"{quality} answers get {number}, perfect ones {top}")
    worst = _judge(metric, sample_answers("worst"))[1]
    require(sign * worst < sign * top, f"the worst answers get {worst}, just like the perfect ones")


def check_only_the_first_k_places_count(make: Make[Metric]) -> None:
    """Items beyond place k do not change the metric."""
    metric = make()
    k = metric.settings().get("k")
    if not isinstance(k, int) or metric.task != "ranking":
        skip("has no k")
    answers = sample_answers("mixed")
    item = answers.rankings.item.copy()
    item[:, k:] = item[:, k:][:, ::-1]
    swapped = dataclasses.replace(answers, rankings=rankings(item))
    require(
        np.array_equal(metric.measure(answers), metric.measure(swapped), equal_nan=True)
        and _same(_judge(metric, answers)[1], _judge(metric, swapped)[1]),
        f"items beyond place {k} change the value",
    )
    other = 1 if k > 1 else 10
    changed = type(metric).from_settings({**metric.settings(), "k": other})
    require(not _same(_judge(metric, answers)[1], _judge(changed, answers)[1]), f"{other} places count like {k}")


def check_short_lists_and_empty_truths(make: Make[Metric]) -> None:
    """Short lists, queries without truth, and no query at all are judged without an error or a warning."""
    metric = make()
    answers = sample_answers("mixed")
    nothing = dataclasses.replace(subset(answers, [3, 11]), relevant=Ragged.empty(2))
    for what, given in (
        ("lists of three", sample_answers("short")),
        ("no relevant item at all", nothing),
        ("no query at all", subset(answers, [])),
    ):
        values, number = _judge(metric, given)
        require(values.shape == (len(given),), f"with {what}, measure returned shape {values.shape}")
        require(not np.isinf(number), f"with {what}, the metric is infinite")


def check_leaving_out_equals_weighing_zero(make: Make[Metric]) -> None:
    """Weight 0 equals leaving a query out, weight 2 equals asking it twice: groups and intervals rest on it."""
    metric = make()
    answers = sample_answers("mixed")
    values = metric.measure(answers)
    count = np.arange(len(answers)) % 3
    weighed = float(metric.estimate(answers, values, count[None, :].astype(np.float64))[0])
    copied = _judge(metric, subset(answers, np.repeat(np.arange(len(answers)), count)))[1]
    require(_same(weighed, copied), f"weights 0, 1, 2 give {weighed}; leaving out and asking twice gives {copied}")


def check_sums_are_what_is_estimated(make: Make[Metric]) -> None:
    """``combine`` makes of weighted ``amounts`` what ``estimate`` returns for the weights: intervals rest on either."""
    metric = make()
    if not metric.is_sum():
        skip("is no sum over queries: estimate is asked for every draw")
    answers = sample_answers("mixed")
    values = metric.measure(answers)
    weights = np.random.default_rng(3).poisson(1.0, (20, len(answers))).astype(np.float64)
    amounts = metric.amounts(answers, values)
    require(amounts.ndim == 2 and amounts.shape[1] == len(answers), f"amounts have shape {amounts.shape}")  # noqa: PLR2004
    require(not np.isnan(amounts).any(), "amounts hold NaN; a query that does not count adds 0")
    one, other = metric.combine(amounts @ weights.T), metric.estimate(answers, values, weights)
    same = np.allclose(one, other, rtol=_TINY, atol=_TINY, equal_nan=True)
    require(same, "combine makes something else of the amounts than estimate: override both or none")


def check_order_of_queries_does_not_matter(make: Make[Metric]) -> None:
    """Asking in another order changes no value."""
    metric = make()
    answers = sample_answers("mixed")
    order = np.random.default_rng(2).permutation(len(answers))
    values, number = _judge(metric, answers)
    moved, other = _judge(metric, subset(answers, order))
    require(np.allclose(moved, values[order], rtol=_TINY, equal_nan=True), "values do not move with their queries")
    require(_same(number, other), f"the metric is {number} in one order and {other} in another")


def check_only_pairs_with_a_value_count(make: Make[Metric]) -> None:
    """A metric of ratings leaves out drawn negatives, which have no value, and says NaN where nothing was rated."""
    metric = make()
    if metric.task != "rating":
        skip("is no metric of ratings")
    answers = sample_answers("mixed")
    pairs, scores = answers.pairs, answers.scores
    if scores.rating is None:
        raise TypeError("the kit's own answers have no ratings")
    drawn = np.arange(len(pairs)) % 3 == 0
    value = np.where(drawn, np.float32(np.nan), pairs.value)
    blind = dataclasses.replace(answers, pairs=dataclasses.replace(pairs, value=value))
    far = np.where(drawn, np.float32(100), scores.rating)
    moved = dataclasses.replace(blind, scores=dataclasses.replace(scores, rating=far))
    one, other = _judge(metric, blind)[1], _judge(metric, moved)[1]
    require(np.isfinite(one), f"with pairs that have no value among others, the metric is {one}")
    require(_same(one, other), f"what is predicted for pairs without a value changes the metric from {one} to {other}")
    values, number = _judge(metric, dataclasses.replace(answers, scores=dataclasses.replace(scores, rating=None)))
    require(np.isnan(values).all() and np.isnan(number), f"without ratings, the metric is {number} instead of NaN")


@functools.lru_cache(maxsize=4)
def _traces(make: Make[Metric]) -> Traces:
    return observed_twice(lambda: _judge(make(), sample_answers("mixed")))


METRIC_CHECKS = (
    check_convention_is_said,
    check_values_have_shape,
    check_perfect_answer_is_best,
    check_only_the_first_k_places_count,
    check_short_lists_and_empty_truths,
    check_only_pairs_with_a_value_count,
    check_leaving_out_equals_weighing_zero,
    check_sums_are_what_is_estimated,
    check_order_of_queries_does_not_matter,
    *process_checks(_traces),
)

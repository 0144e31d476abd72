"""Top-k metrics against trec_eval, against the formulas word by word, and on lists small enough to check by hand."""

from __future__ import annotations

import dataclasses
import gc
import math
import weakref

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.data import EvaluationInput, Pairs, PairScores, Ragged, Rankings
from benchsuite.errors import ConfigError, DataError
from benchsuite_protocol.metrics import ranking
from benchsuite_protocol.metrics.hits import hits
from benchsuite_protocol.metrics.ranking import (
    AccuracyAtK,
    CoverageAtK,
    F1AtK,
    HitRateAtK,
    MAPAtK,
    MRRAtK,
    NDCGAtK,
    PrecisionAtK,
    RecallAtK,
    TopMetric,
)

PER_QUERY = [AccuracyAtK, PrecisionAtK, RecallAtK, F1AtK, NDCGAtK, MAPAtK, MRRAtK, HitRateAtK]


def by_the_book(metric: TopMetric, listed: list[int], relevant: set[int], catalogue: int) -> float:  # noqa: PLR0911 - one a metric
    """The formula of a docstring for one query, in plain Python."""
    k = metric.k
    if not relevant:
        return math.nan
    top = [item for item in listed[:k] if item >= 0]
    hit = [item in relevant for item in top]
    precision, recall = sum(hit) / k, sum(hit) / len(relevant)
    best = min(k, len(relevant))
    match metric:
        case AccuracyAtK():
            wrong = {item for item in range(catalogue) if (item in top) != (item in relevant)}
            return (catalogue - len(wrong)) / catalogue
        case PrecisionAtK():
            return precision
        case RecallAtK():
            return recall
        case F1AtK():
            return 2 * precision * recall / (precision + recall) if any(hit) else 0.0
        case NDCGAtK():
            gain = sum(1 / math.log2(place + 2) for place, right in enumerate(hit) if right)
            return gain / sum(1 / math.log2(place + 2) for place in range(best))
        case MAPAtK():
            return sum(sum(hit[: place + 1]) / (place + 1) for place, right in enumerate(hit) if right) / best
        case MRRAtK():
            return 1 / (hit.index(True) + 1) if any(hit) else 0.0
        case HitRateAtK():
            return float(any(hit))
    raise AssertionError(metric)


@pytest.mark.parametrize("cls", PER_QUERY, ids=lambda cls: cls.__name__)
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 12), k=st.integers(1, 9), items=st.integers(9, 14))
def test_by_the_book(cls: type[TopMetric], answers, seed: int, queries: int, k: int, items: int) -> None:
    evidence = answers(seed, queries, items, k=9)
    values = cls(k=k).measure(evidence)
    for query in range(queries):
        wanted = set(evidence.relevant[query].tolist())
        assert values[query] == pytest.approx(
            by_the_book(cls(k=k), evidence.rankings.item[query].tolist(), wanted, items), nan_ok=True
        )


@pytest.mark.parametrize("k", [1, 5, 10, 12])
@pytest.mark.parametrize("seed", range(5))
def test_trec_eval_agrees(answers, seed: int, k: int) -> None:
    evidence = answers(seed, queries=200, items=40)
    truth = [
        ir_measures.Qrel(str(query), str(item), 1)
        for query, item in zip(evidence.relevant.rows, evidence.relevant.item, strict=True)
    ]
    # trec_eval sorts by score and breaks ties in its own way, so the place in the list is handed over as the score.
    lists = [
        ir_measures.ScoredDoc(str(query), str(item), float(-place))
        for (query, place), item in np.ndenumerate(evidence.rankings.item)
        if item >= 0
    ]
    theirs = {
        measure: np.full(200, np.nan)
        for measure in (
            ir_measures.P @ k,
            ir_measures.R @ k,
            ir_measures.nDCG @ k,
            ir_measures.AP @ k,
            ir_measures.RR @ k,
            ir_measures.Success @ k,
        )
    }
    for value in ir_measures.iter_calc(list(theirs), truth, lists):
        theirs[value.measure][int(value.query_id)] = value.value
    precision, recall, gain, average, reciprocal, success = theirs.values()
    relevant = evidence.relevant.counts
    # Queries without truth are unknown to trec_eval; queries with an empty list it scores 0, as we do.
    assert np.array_equal(np.isnan(precision), relevant == 0)
    assert 0 < np.count_nonzero(relevant == 0) < 200
    assert ((evidence.rankings.item[:, 0] < 0) & (relevant > 0)).any()
    with np.errstate(invalid="ignore", divide="ignore"):
        harmonic = np.where(precision + recall > 0, 2 * precision * recall / (precision + recall), precision)
        # trec_eval divides average precision by all relevant items, we by as many as k places can hold.
        average = average * relevant / np.minimum(relevant, k)
    for cls, expected in (
        (PrecisionAtK, precision),
        (RecallAtK, recall),
        (NDCGAtK, gain),
        (MAPAtK, average),
        (MRRAtK, reciprocal),
        (HitRateAtK, success),
        (F1AtK, harmonic),
    ):
        np.testing.assert_allclose(cls(k=k).measure(evidence), expected, rtol=0, atol=1e-6, err_msg=cls.__name__)


def evidence_of(lists: list[list[int]], relevant: list[list[int]], catalogue: int) -> EvaluationInput:
    item = np.asarray(lists, np.int32)
    owner = np.repeat(np.arange(len(relevant)), [len(items) for items in relevant])
    nothing = np.zeros(0)
    return EvaluationInput(
        user=np.arange(len(lists), dtype=np.int32),
        relevant=Ragged.from_pairs(owner, [item for items in relevant for item in items], len(relevant)),
        rankings=Rankings(item, np.zeros(item.shape), np.zeros(item.shape, np.bool_)),
        pairs=Pairs(nothing, nothing, nothing, nothing),
        scores=PairScores(nothing, nothing, 0.0),
        catalogue=catalogue,
        popularity=np.ones(catalogue, np.int64),
        users=len(lists),
    )


def test_by_hand() -> None:
    evidence = evidence_of([[7, 1, 8, 2], [3, -1, -1, -1], [4, 5, 6, 0]], [[1, 2, 3], [3], []], 10)
    log3, log5 = math.log2(3), math.log2(5)
    expected = {
        AccuracyAtK: [1 - (4 + 3 - 4) / 10, 1.0],
        PrecisionAtK: [1 / 2, 1 / 4],
        RecallAtK: [2 / 3, 1.0],
        F1AtK: [4 / 7, 2 / 5],
        NDCGAtK: [(1 / log3 + 1 / log5) / (1 + 1 / log3 + 1 / 2), 1.0],
        MAPAtK: [(1 / 2 + 2 / 4) / 3, 1.0],
        MRRAtK: [1 / 2, 1.0],
        HitRateAtK: [1.0, 1.0],
    }
    for cls, values in expected.items():
        np.testing.assert_allclose(cls(k=4).measure(evidence), [*values, np.nan], err_msg=cls.__name__)
    coverage = CoverageAtK(k=4)
    np.testing.assert_allclose(coverage.measure(evidence), [0.4, 0.1, 0.4])
    ones = np.asarray([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(coverage.estimate(evidence, coverage.measure(evidence), ones), [0.9, 0.4, 0.5, 0.0])


@pytest.mark.parametrize("cls", PER_QUERY, ids=lambda cls: cls.__name__)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 12))
@settings(max_examples=20)
def test_perfect_lists_are_best_and_values_stay_in_range(cls: type[TopMetric], answers, seed: int, k: int) -> None:
    evidence = answers(seed)
    perfect = evidence.rankings.item.copy()
    for query in range(len(evidence)):
        wanted = evidence.relevant[query]
        rest = np.setdiff1d(np.arange(evidence.catalogue), wanted)
        perfect[query] = np.concatenate([wanted, rest])[: perfect.shape[1]]
    best = dataclasses.replace(evidence, rankings=dataclasses.replace(evidence.rankings, item=perfect))
    metric = cls(k=k)
    values, ideal = metric.measure(evidence), metric.measure(best)
    counted = evidence.relevant.counts > 0
    assert np.array_equal(np.isnan(values), ~counted)
    assert ((values[counted] >= 0) & (values[counted] <= 1 + 1e-12)).all()
    if cls is not AccuracyAtK:  # Accuracy prefers a shorter list to a longer one that no more hits can fill.
        assert (ideal[counted] >= values[counted] - 1e-12).all()
    if cls in {NDCGAtK, MAPAtK, MRRAtK, HitRateAtK}:
        np.testing.assert_allclose(ideal[counted], 1.0)


def test_a_metric_refuses_to_look_beyond_the_stored_lists(answers) -> None:
    with pytest.raises(DataError, match=r"first 13 places, the stored lists have 12; store lists of 13"):
        NDCGAtK(k=13).measure(answers(0, k=12, items=25))
    with pytest.raises(DataError, match="first 13 places"):
        CoverageAtK(k=13).measure(answers(0, k=12, items=25))
    # Lists that hold the whole catalogue have nothing beyond.
    whole = answers(0, k=12, items=12)
    np.testing.assert_array_equal(RecallAtK(k=50).measure(whole), RecallAtK(k=12).measure(whole))
    np.testing.assert_array_equal(PrecisionAtK(k=24).measure(whole), PrecisionAtK(k=12).measure(whole) / 2)
    ideal = NDCGAtK(k=50).measure(whole)
    assert np.nanmax(ideal) <= 1 + 1e-12


def test_no_queries_no_values() -> None:
    nobody = evidence_of([[1, 2]], [[1]], 5)
    nobody = dataclasses.replace(
        nobody,
        user=np.zeros(0, np.int32),
        relevant=Ragged.empty(0),
        rankings=Rankings(np.zeros((0, 5)), np.zeros((0, 5)), np.zeros((0, 5), np.bool_)),
    )
    for cls in (*PER_QUERY, CoverageAtK):
        assert cls(k=3).measure(nobody).shape == (0,)


def test_hits_are_found_once_and_forgotten_with_the_evidence(answers, monkeypatch) -> None:
    evidence = answers(3)
    assert hits(evidence) is hits(evidence)
    monkeypatch.setattr("benchsuite_protocol.metrics.hits._CELLS", 60)
    again = answers(3)
    assert hits(again) is not hits(evidence)
    # The same in many small tables as in one large.
    assert np.array_equal(hits(again).hit, hits(evidence).hit)
    gone = weakref.ref(evidence)
    del evidence
    gc.collect()
    assert gone() is None


def test_every_metric_says_its_convention_and_takes_k_from_settings() -> None:
    for cls in (*PER_QUERY, CoverageAtK):
        assert cls.convention
        assert "\n" not in cls.convention
        assert cls.task == "ranking"
        assert cls.higher_is_better
        assert cls.from_settings({"k": 3}) == cls(k=3)
        with pytest.raises(ConfigError, match='setting "k"'):
            cls.from_settings({"k": 0})
    assert not CoverageAtK.resampled
    found = {value for value in vars(ranking).values() if isinstance(value, type) and issubclass(value, TopMetric)}
    assert found == {TopMetric, CoverageAtK, *PER_QUERY}

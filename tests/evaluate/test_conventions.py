"""Conventions against the libraries themselves, and by hand where a library does not install next to current ones."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import pytrec_eval
from sklearn.metrics import ndcg_score

from benchsuite.errors import DataError, UsageError
from benchsuite_interchange.libraries import LIBRARIES, Library
from benchsuite_interchange.lists import Lists

LIBRARY = {library.name: library for library in LIBRARIES}


@pytest.fixture(scope="module")
def ranx() -> Any:
    """Return ranx, as plain Python: compiling it takes a minute, judging these few lists so takes none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        return importlib.import_module("ranx")


def lists(recs: list[tuple[str, str, float]], test: list[tuple[str, str, float]]) -> Lists:
    users = sorted({row[0] for row in recs + test})
    items = sorted({row[1] for row in recs + test})

    def columns(rows: list[tuple[str, str, float]]) -> Any:
        yield np.array([users.index(row[0]) for row in rows], np.int32)
        yield np.array([items.index(row[1]) for row in rows], np.int32)
        yield np.array([row[2] for row in rows], np.float64)

    return Lists(tuple(users), tuple(items), *columns(recs), *columns(test))


def invent(seed: int, *, ties: bool, values: int = 3) -> tuple[list[Any], list[Any]]:
    """Lists of up to 14 of 30 items, some missing, some foreign; 0 to 7 test rows with values from 0."""
    rng = np.random.default_rng(seed)
    recs, test = [], []
    for user in range(20):
        count = int(rng.integers(0, 15))
        score = rng.normal(size=count).round(1 if ties else 6)
        recs += [(f"u{user}", f"i{i}", float(s)) for i, s in zip(rng.permutation(30), score, strict=False)]
        rows = rng.permutation(30)[: rng.integers(0, 8)]
        test += [(f"u{user}", f"i{i}", float(rng.integers(0, values + 1))) for i in rows]
    recs.append(("stranger", "i1", 1.0))
    return recs, test


def nested(rows: list[tuple[str, str, float]], kind: type = float) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for user, item, value in rows:
        table.setdefault(user, {})[item] = kind(value)
    return table


def mean(name: str, metric: str, given: Lists, relevant_from: float | None = None) -> float:
    library = LIBRARY[name]
    return float(library.measure(library.judge(given, relevant_from), metric).mean())


@pytest.mark.slow
def test_ranx_agrees(ranx: Any) -> None:
    names = ("precision", "recall", "f1", "hit-rate", "mrr", "map", "ndcg")
    ours = [f"{name}{at}" for name in names for at in ("@5", "@10", "")]
    theirs = [metric.replace("hit-rate", "hit_rate") for metric in ours]
    for seed in range(15):
        recs, test = invent(seed, ties=False)
        given = lists(recs, test)
        qrels, run = ranx.Qrels(nested(test, int)), ranx.Run(nested(recs))
        expected = ranx.evaluate(qrels, run, theirs, make_comparable=True)
        found = {other: mean("ranx", metric, given) for metric, other in zip(ours, theirs, strict=True)}
        assert found == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-9)


@pytest.mark.slow
def test_ranx_keeps_the_order_of_the_file_in_ties(ranx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only compiled ranx has this order: its sort is numba's. So its function that sorts is compiled, and no other."""
    import numba

    common = importlib.import_module("ranx.data_structures.common")
    worlds = [invent(seed, ties=True) for seed in range(15)]

    def judge() -> list[float]:
        pairs = [(ranx.Qrels(nested(test, int)), ranx.Run(nested(recs))) for recs, test in worlds]
        return [float(ranx.evaluate(qrels, run, "map@10", make_comparable=True)) for qrels, run in pairs]

    plain = judge()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.config, "DISABLE_JIT", 0)
        compiled = numba.njit(common.typed_list_argosrt)
        compiled(np.zeros(1))
    monkeypatch.setattr(common, "typed_list_argosrt", lambda values: compiled(np.array(values, np.float64)))
    expected = judge()
    assert compiled.signatures
    assert plain != pytest.approx(expected, abs=1e-9), "the sort makes no difference here"
    assert [mean("ranx", "map@10", lists(*world)) for world in worlds] == pytest.approx(expected, abs=1e-9)


def test_ranx_takes_another_relevance_level(ranx: Any) -> None:
    recs, test = invent(1, ties=False)
    expected = ranx.evaluate(ranx.Qrels(nested(test, int)), ranx.Run(nested(recs)), "ndcg@10-l2", make_comparable=True)
    assert mean("ranx", "ndcg@10", lists(recs, test), 2.0) == pytest.approx(float(expected))


@pytest.mark.parametrize("ties", [False, True])
def test_trec_eval_agrees(ties: bool) -> None:
    names = {
        "precision": "P_{}",
        "recall": "recall_{}",
        "hit-rate": "success_{}",
        "map": "map_cut_{}",
        "ndcg": "ndcg_cut_{}",
    }
    measures = {"P", "recall", "success", "map_cut", "ndcg_cut", "map", "ndcg", "recip_rank"}
    for seed in range(30):
        recs, test = invent(seed, ties=ties)
        given = lists(recs, test)
        results = pytrec_eval.RelevanceEvaluator(nested(test, int), measures).evaluate(nested(recs))
        expected = {f"{m}@{k}": name.format(k) for m, name in names.items() for k in (5, 10)}
        expected |= {"map": "map", "ndcg": "ndcg", "mrr": "recip_rank"}
        for metric, name in expected.items():
            theirs = np.mean([values[name] for values in results.values()])
            assert mean("trec_eval", metric, given) == pytest.approx(theirs, abs=1e-9), metric


def test_trec_eval_takes_another_relevance_level_but_for_ndcg() -> None:
    recs, test = invent(2, ties=False)
    evaluator = pytrec_eval.RelevanceEvaluator(nested(test, int), {"map", "ndcg", "P"}, relevance_level=2)
    results = evaluator.evaluate(nested(recs))
    for metric, name in {"map": "map", "ndcg": "ndcg", "precision@5": "P_5"}.items():
        theirs = np.mean([values[name] for values in results.values()])
        assert mean("trec_eval", metric, lists(recs, test), 2.0) == pytest.approx(theirs, abs=1e-9), metric


def test_trec_eval_sorts_in_single_precision_and_breaks_ties_by_the_greater_id() -> None:
    """Two scores that differ by less than a float can say: b is greater than a, so it comes first."""
    given = lists([("u", "a", 1.0 + 1e-9), ("u", "b", 1.0)], [("u", "a", 1.0)])
    assert mean("trec_eval", "mrr", given) == 0.5
    assert mean("ranx", "mrr", given) == 1.0


def test_trec_eval_refuses_values_it_could_not_read() -> None:
    given = lists([("u", "a", 1.0)], [("u", "a", 3.5)])
    with pytest.raises(DataError, match=r"trec_eval reads whole numbers as values, not 3\.5; round them first"):
        mean("trec_eval", "map", given)


@pytest.mark.slow
@pytest.mark.parametrize("ties", [False, True])
def test_scikit_learn_agrees(ties: bool) -> None:
    """Its table has one score per item: what is not listed gets its place far behind, after 30 items worth nothing."""
    for seed in range(30):
        recs, test = invent(seed, ties=ties)
        given = lists(recs, test)
        scores, values = nested(recs), nested(test)
        judged = LIBRARY["scikit-learn"].judge(given)
        for k in (3, 10):
            found = LIBRARY["scikit-learn"].measure(judged, f"ndcg@{k}")
            for query, code in enumerate(judged.user):
                user = given.users[code]
                listed = scores.get(user, {})
                missing = [item for item in values[user] if item not in listed]
                truth = (
                    [values[user].get(item, 0.0) for item in listed] + [0.0] * 30 + [values[user][i] for i in missing]
                )
                score = [*listed.values(), *(-100.0 - np.arange(30)), *([-1000.0] * len(missing))]
                assert found[query] == pytest.approx(ndcg_score([truth], [score], k=k), abs=1e-9)


#: One user, five places, hits at 1, 3 and 4 with the values 5, 1 and 3; one relevant item (value 2) is not listed.
LISTED = [("u", item, 10.0 - place) for place, item in enumerate("axbcy")]
HELD = [("u", "a", 5.0), ("u", "b", 1.0), ("u", "c", 3.0), ("u", "d", 2.0)]
LOG = np.log2(np.arange(2, 8))


def test_recbole_by_hand() -> None:
    """RecBole 1.2.1, recbole/evaluator/metrics.py: binary nDCG; MAP by min(relevant, k); all test rows are positive."""
    given = lists(LISTED, HELD)
    gained = 1 / LOG[0] + 1 / LOG[2] + 1 / LOG[3]
    assert mean("recbole", "ndcg@5", given) == pytest.approx(gained / (1 / LOG[:4]).sum())
    assert mean("recbole", "map@5", given) == pytest.approx((1 + 2 / 3 + 3 / 4) / 4)
    assert mean("recbole", "map@3", given) == pytest.approx((1 + 2 / 3) / 3)
    assert mean("recbole", "recall@3", given) == pytest.approx(2 / 4)
    assert mean("recbole", "precision@5", given) == pytest.approx(3 / 5)
    assert mean("recbole", "mrr@5", given) == 1.0
    assert mean("recbole", "hit-rate@5", given) == 1.0
    with pytest.raises(UsageError, match="recbole has no f1@5; here it has precision@5, recall@5"):
        mean("recbole", "f1@5", given)


def test_elliot_by_hand() -> None:
    """Elliot 0.3.1, evaluation/relevance, metrics/accuracy: gain 2^(value - threshold + 1) - 1; MAP over all places."""
    given = lists(LISTED, HELD)
    for threshold in (0.0, 1.0):
        gain = {value: 2 ** (value - threshold + 1) - 1 for value in (5, 3, 2, 1)}
        ideal = sum(gain[value] / LOG[place] for place, value in enumerate((5, 3, 2, 1)))
        gained = gain[5] / LOG[0] + gain[1] / LOG[2] + gain[3] / LOG[3]
        assert mean("elliot", "ndcg@5", given, threshold) == pytest.approx(gained / ideal)
    assert mean("elliot", "ndcg@5", given) == mean("elliot", "ndcg@5", given, 0.0), "its default threshold is 0"
    assert mean("elliot", "map@5", given) == pytest.approx((1 / 1 + 1 / 2 + 2 / 3 + 3 / 4 + 3 / 5) / 5)
    assert mean("elliot", "map@2", given) == pytest.approx((1 / 1 + 1 / 2) / 2)
    assert mean("elliot", "f1@5", given) == pytest.approx(2 * (3 / 5) * (3 / 4) / (3 / 5 + 3 / 4))
    assert mean("elliot", "recall@5", given, 3.0) == pytest.approx(2 / 2), "only a and c reach 3"


def test_the_same_lists_have_other_values_elsewhere() -> None:
    """Why a number without a convention says little."""
    given = lists(LISTED, HELD)
    ndcg = {name: round(mean(name, "ndcg@5", given), 4) for name in LIBRARY}
    assert len(set(ndcg.values())) == 3, ndcg
    ap = {name: round(mean(name, "map@5", given), 4) for name in ("ranx", "recbole", "elliot")}
    assert ap["elliot"] != ap["ranx"] == ap["recbole"]
    cut = {name: round(mean(name, "map@3", given), 4) for name in ("ranx", "recbole", "elliot")}
    assert len(set(cut.values())) == 3


@pytest.mark.parametrize(
    ("name", "users"), [("ranx", 3), ("trec_eval", 2), ("recbole", 2), ("elliot", 1), ("scikit-learn", 3)]
)
def test_who_counts(name: str, users: int) -> None:
    """One user with a list and a hit, one without a list, one with values of 0 only, one without test rows."""
    recs = [("hit", "a", 1.0), ("zero", "a", 1.0), ("stranger", "a", 1.0)]
    given = lists(recs, [("hit", "a", 1.0), ("lost", "a", 1.0), ("zero", "a", 0.0)])
    library = LIBRARY[name]
    threshold = 1.0 if name in ("recbole", "elliot") else None
    values = library.measure(library.judge(given, threshold), "ndcg@1")
    assert len(values) == users
    assert sorted(values.tolist()) == [0.0] * (users - 1) + [1.0]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
@pytest.mark.parametrize("threshold", [None, 0.0, -5.0])
def test_rows_that_say_no_are_no_hits_and_gain_nothing(library: Library, threshold: float | None) -> None:
    """Whatever the threshold: with 0 and below in the file the values are those of a file without these rows."""
    recs, test = invent(4, ties=False)
    test = [(user, item, value - 1) for user, item, value in test]
    positive = [row for row in test if row[2] > 0]
    listed = {user for user, _, _ in positive}
    recs = [row for row in recs if row[0] in listed]
    test = [row for row in test if row[0] in listed]
    for metric in library.formulas:
        given = [
            library.measure(library.judge(lists(recs, rows), threshold), f"{metric}@5") for rows in (test, positive)
        ]
        assert given[0].tolist() == pytest.approx(given[1].tolist()), metric


def test_a_convention_without_a_relevant_row_has_no_number() -> None:
    given = lists([("u", "a", 1.0)], [("u", "a", 0.5), ("u", "b", 0.0)])
    with pytest.raises(DataError, match="no test row is relevant for ranx: none has a value of at least 1; say --rel"):
        mean("ranx", "map", given)
    assert mean("recbole", "recall@1", given) == 1.0


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_what_a_convention_asks_of_a_metric(library: Library) -> None:
    given = lists(LISTED, HELD)
    with pytest.raises(UsageError, match=f"{library.name} has no nonsense@3"):
        library.convention("nonsense@3")
    for wrong in ("ndcg@", "ndcg@x", "ndcg@0", "ndcg@-1"):
        with pytest.raises(UsageError, match="has no number after @; write ndcg@10"):
            library.measure(library.judge(given), wrong)
    if library.whole_lists:
        assert mean(library.name, "ndcg", given) == mean(library.name, "ndcg@100", given)
    else:
        with pytest.raises(UsageError, match="has no number after @"):
            mean(library.name, "ndcg", given)
    assert "mean over users" in library.convention("ndcg@10")


def test_nobody_counts() -> None:
    given = lists([("u", "a", 1.0)], [("v", "a", 1.0)])
    for name in ("trec_eval", "elliot"):
        assert LIBRARY[name].measure(LIBRARY[name].judge(given), "ndcg@5").shape == (0,)
    assert mean("ranx", "ndcg@5", given) == 0.0

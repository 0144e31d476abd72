"""Checks of a model's scores: their shapes, and that every way of asking gives the same scores."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from benchsuite.api import Model
from benchsuite.checks import check_finite, check_scores
from benchsuite.data import Dataset, Int32, Queries
from benchsuite_testing.fitted_models import (
    fitted_model,
    locked,
    require_equal,
    scores_equal,
    second_fit,
    third_fit,
)
from benchsuite_testing.outcome import ContractWarning, Make, contract, require, skip
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.reference_ranking import compare_lists
from benchsuite_testing.samples import cold_items, warm_items


def _shape(scores: Any, rows: int, width: int, what: str) -> None:
    require(isinstance(scores, np.ndarray), f"{what} is a {type(scores).__name__}, no NumPy array")
    with contract():
        check_finite(check_scores(scores, (rows, width), what), what)
    require(scores.dtype == np.float32, f"{what} has dtype {scores.dtype} instead of float32")


def check_fit_returns_self(make: Make[Model]) -> None:
    """``fit`` returns the model itself."""
    done = fitted_model(make)
    require(done.returned is done.model, f"fit returned {done.returned!r} instead of self")


def check_fit_keeps_settings(make: Make[Model]) -> None:
    """``fit`` changes no setting, and what it learns is in attributes that start with an underscore."""
    model = fitted_model(make).model
    before, after = make().settings(), model.settings()
    require(before == after, f"fit changed the settings from {before} to {after}")
    fields = {field.name for field in dataclasses.fields(model)}
    public = sorted(name for name in vars(model) if name not in fields and not name.startswith("_"))
    require(not public, f"learned attributes without an underscore: {', '.join(public)}")


def check_scores_have_shape(make: Make[Model]) -> None:
    """``score`` returns float32[queries, items] without infinities."""
    done = fitted_model(make)
    _shape(done.scores, len(done.fold.queries), len(done.fold.train.items), "score(queries, None)")


def check_none_means_all_items(make: Make[Model]) -> None:
    """``candidates=None`` gives the same as all item codes in order."""
    done = fitted_model(make)
    everything = locked(np.arange(len(done.fold.train.items)))
    require_equal(
        done.model.score(done.fold.queries, everything), done.scores, "all codes as candidates instead of None"
    )


def check_candidates_do_not_matter(make: Make[Model]) -> None:
    """An item's score does not depend on which other items are candidates, nor on their order."""
    done = fitted_model(make)
    items = len(done.fold.train.items)
    backwards = np.arange(items)[::-1]
    for subset in (np.arange(1, items, 3), np.asarray([items - 1]), cold_items(done.fold.train), backwards):
        chosen = locked(subset)
        scores = done.model.score(done.fold.queries, chosen)
        _shape(scores, len(done.fold.queries), len(chosen), f"score of {len(chosen)} candidates")
        what = "all items backwards as candidates" if subset is backwards else f"{len(chosen)} of {items} candidates"
        require_equal(scores, done.scores[:, chosen], what)


def check_blocks_of_queries_agree(make: Make[Model]) -> None:
    """A query's scores do not depend on which other queries are asked with it, nor on their order."""
    done = fitted_model(make)
    queries = done.fold.queries
    blocks = [(first, min(first + 7, len(queries))) for first in range(0, len(queries), 7)]
    scores = np.concatenate([done.model.score(queries.slice(first, last), None) for first, last in blocks])
    require_equal(scores, done.scores, "seven queries at a time instead of all at once")
    alone = done.model.score(queries.slice(5, 6), None)
    require_equal(alone, done.scores[5:6], "one query alone")
    require_equal(done.model.score(_backwards(queries), None), done.scores[::-1], "queries in the opposite order")


def check_scoring_twice_agrees(make: Make[Model]) -> None:
    """Scoring changes nothing: scoring twice gives the same scores."""
    done = fitted_model(make)
    again = done.model.score(done.fold.queries, None)
    require_equal(again, done.scores, "the second time", exact=True)


def check_pairs_agree(make: Make[Model]) -> None:
    """``score_pairs`` agrees with ``score``; an override may have its own answer, of the right shape and finite."""
    done = fitted_model(make)
    queries, items = done.fold.queries, len(done.fold.train.items)
    query = np.repeat(np.arange(len(queries), dtype=np.int32), 3)
    item = (np.arange(len(query), dtype=np.int32) * 7) % items
    pairs = done.model.score_pairs(queries, locked(query), locked(item))
    require(isinstance(pairs, np.ndarray), f"score_pairs returned a {type(pairs).__name__}, no NumPy array")
    with contract():
        check_finite(check_scores(pairs, (len(query),), "score_pairs()"), "score_pairs()")
    require(pairs.dtype == np.float32, f"score_pairs returned dtype {pairs.dtype} instead of float32")
    if type(done.model).score_pairs is Model.score_pairs:
        require_equal(pairs, done.scores[query, item], "score_pairs and score")
    else:
        half = len(queries) // 2
        later = query >= half
        part = done.model.score_pairs(
            queries.slice(half, len(queries)), locked(query[later] - half), locked(item[later])
        )
        require_equal(part, pairs[later], "score_pairs of the second half of the queries")


def check_inputs_are_untouched(make: Make[Model]) -> None:
    """Neither ``fit`` nor ``score`` writes into what it was given."""
    require(second_fit(make).untouched, "the data was changed")


def check_reads_nothing_held_out(make: Make[Model]) -> None:
    """Scores are the same whatever is held out, even if the model looks for it in the objects of its callers."""
    first, second = fitted_model(make), second_fit(make).done
    if scores_equal(second.scores, first.scores):
        return
    if not scores_equal(third_fit(make).scores, first.scores):
        skip("fits with the same seed differ anyway")
    require(False, "its scores change with what is held out and nothing else: it reads what it is not given")


def _backwards(queries: Queries) -> Queries:
    """Return the same queries in the opposite order."""
    last = len(queries) - 1
    return Queries.from_rows(
        queries.user[::-1].copy(),
        last - queries.rows,
        queries.history,
        None if queries.when is None else queries.when[::-1].copy(),
        group=None if queries.group is None else queries.group[::-1].copy(),
        groups=queries.groups,
    )


def check_unknown_users_and_empty_histories(make: Make[Model]) -> None:
    """A user without training rows, with or without a history, gets scores or NaN, never an error."""
    done = fitted_model(make)
    queries = done.fold.queries
    strangers = np.flatnonzero(~np.isin(queries.user, done.fold.train.interactions.user))
    require(len(strangers) > 0, "the small data has no unknown user")
    for row in strangers:
        one = queries.slice(int(row), int(row) + 1)
        _shape(
            done.model.score(one, None), 1, len(done.fold.train.items), f"an unknown user with {one.counts[0]} events"
        )


def check_cold_items(make: Make[Model]) -> None:
    """Items without training rows get scores or NaN, never an error."""
    done = fitted_model(make)
    cold = locked(cold_items(done.fold.train))
    require(len(cold) > 0, "the small data has no cold item")
    _shape(done.model.score(done.fold.queries, cold), len(done.fold.queries), len(cold), "scores of cold items")


def check_scores_on_warm_items(make: Make[Model]) -> None:
    """Users with a history get a score, not NaN, for every item with training rows."""
    done = fitted_model(make)
    asked = np.flatnonzero((done.fold.queries.counts > 0) & np.isin(done.fold.queries.user, _known(done.fold.train)))
    scores = done.scores[asked][:, warm_items(done.fold.train)]
    silent = int(np.isnan(scores).sum())
    require(silent < scores.size, "the model abstains everywhere")
    if silent and done.model.may_abstain:
        skip(f"may abstain by design; it abstains on {silent} of {scores.size} warm pairs here")
    require(silent == 0, f"the model abstains (NaN) on {silent} of {scores.size} pairs of a known user and a warm item")


def check_scores_tell_items_apart(make: Make[Model]) -> None:
    """A model that knows nothing of items abstains (NaN), so that the declared fallback answers, not the order of ties.

    One score for all items, or for all items without training rows, keeps the contract. The check warns of it.
    """
    done = fitted_model(make)
    cold = cold_items(done.fold.train)
    for scores, which in ((done.scores, "every item"), (done.scores[:, cold], "every item without training rows")):
        known = scores[~np.isnan(scores)]
        if len(known) > 1 and bool((known == known[0]).all()):
            raise ContractWarning(
                f"it answers {known[0]:g} for {which}, so that the order of ties decides its lists there; "
                "return NaN where it knows nothing"
            )


def check_recommend_equals_ranking(make: Make[Model]) -> None:
    """An own ``recommend`` gives what ranking ``score`` gives: blocked left out, ties to the smaller code."""
    done = fitted_model(make)
    if type(done.model).recommend is Model.recommend:
        skip("leaves ranking to the harness")
    items = len(done.fold.train.items)
    some = locked(np.arange(0, items, 2))
    answered = 0
    for candidates in (None, some):
        for k in (1, 5, items + 7):
            top = done.model.recommend(done.fold.queries, candidates, k, done.fold.blocked)
            if top is not None:
                answered += 1
                compare_lists(top, done.scores, done.fold.blocked, candidates, k)
    if not answered:
        skip("its recommend left every question to the harness")


def check_parameters_are_counted(make: Make[Model]) -> None:
    """``parameter_count`` returns a whole number from 0 on, or None for "not told"."""
    count: object = fitted_model(make).model.parameter_count()
    whole = count is None or (isinstance(count, int) and not isinstance(count, bool) and count >= 0)
    require(whole, f"parameter_count() returned {count!r}, no whole number from 0 on and not None")


def _known(train: Dataset) -> Int32:
    return np.unique(train.interactions.user)


MODEL_CHECKS = (
    check_fit_returns_self,
    check_fit_keeps_settings,
    check_scores_have_shape,
    check_none_means_all_items,
    check_candidates_do_not_matter,
    check_blocks_of_queries_agree,
    check_scoring_twice_agrees,
    check_pairs_agree,
    check_inputs_are_untouched,
    check_reads_nothing_held_out,
    check_unknown_users_and_empty_histories,
    check_cold_items,
    check_scores_on_warm_items,
    check_scores_tell_items_apart,
    check_recommend_equals_ranking,
    check_parameters_are_counted,
    *process_checks(lambda make: second_fit(make).traces),
)

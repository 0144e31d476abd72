"""Checks of a model's answers: types, shapes, codes, order, and lists against scores.

The runner refuses a cell whose model breaks one of these rules. The conformance kit uses the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import Model, TopK
from benchsuite.data import Bool, Float32, FoldView, Int32, Queries, Ragged, Rankings
from benchsuite.errors import BenchsuiteError

TOLERANCE = 1e-5
"""Tolerance between a list and its scores, as a share of the query's largest score: rounding."""

FINITE_REMEDY = "keep scores below 3.4e38; NaN means that the model abstains"

_MASK_BYTES = 4 * 2**20
"""Size of the table in which blocked items of some queries are marked."""

_NUMBERS = "fiu"
"""Kinds of NumPy types that are taken as scores: floats and integers."""


@dataclass(frozen=True, eq=False)
class AllowedItems:
    """What may be listed.

    Attributes:
        items: how many items there are.
        candidates: int32[c] codes that may be recommended, or None for all.
        blocked: items that must not be recommended, one list per query.
    """

    items: int
    candidates: Int32 | None
    blocked: Ragged


def check_fitted(returned: object) -> Model:
    """Return what ``fit`` returned, if it is a model.

    Raises:
        BenchsuiteError: when it is not.
    """
    if not isinstance(returned, Model):
        raise BenchsuiteError(f"fit() returned {_kind(returned)}, no model", remedy='end fit() with "return self"')
    return returned


def check_scores(scores: object, shape: tuple[int, ...], what: str) -> Float32:
    """Return scores as float32, if they are real numbers in this shape; infinity is for :func:`check_finite`.

    Args:
        scores: what the model returned.
        shape: the shape that is wanted.
        what: the method that returned them, for errors.

    Raises:
        BenchsuiteError: when they are not.
    """
    array = _array(scores, what)
    if array.dtype.kind not in _NUMBERS:
        raise BenchsuiteError(f"{what} returned {array.dtype} values", remedy="return float32 numbers")
    if array.shape != shape:
        raise BenchsuiteError(
            f"{what} returned shape {array.shape} instead of {shape}", remedy="return one score for each that is asked"
        )
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def check_finite(scores: Float32, what: str) -> Float32:
    """Return float32 scores, if none is infinite; NaN means that the model abstains.

    Raises:
        BenchsuiteError: when one is.
    """
    bad = np.isinf(scores)
    if bad.any():
        raise BenchsuiteError(
            f"{what} returned infinite scores as float32 ({int(bad.sum())} of {scores.size})",
            remedy=FINITE_REMEDY,
        )
    return scores


def check_top(top: object, k: int, allowed: AllowedItems, first: int = 0) -> TopK:
    """Return the lists that a model's own ``recommend`` made, as int32 and float32, if they keep the rules.

    Args:
        top: what the model returned.
        k: the length that was asked for; shorter lists are left to the caller.
        allowed: what may be listed, for the queries that were asked.
        first: number of the first query, for errors.

    Raises:
        BenchsuiteError: when they do not.
    """
    what = "recommend()"
    if not isinstance(top, TopK):
        raise BenchsuiteError(f"{what} returned {_kind(top)}", remedy="return a TopK, or None to leave it to score()")
    item, score = _array(top.item, f"{what} item"), _array(top.score, f"{what} score")
    rows = len(allowed.blocked)
    if item.ndim != 2 or len(item) != rows or item.shape[1] > k:  # noqa: PLR2004 - queries and places
        raise BenchsuiteError(
            f"{what} returned lists of shape {item.shape} for {rows} queries and k = {k}",
            remedy="return one list for each query, with k places",
        )
    if item.dtype.kind not in "iu":
        raise BenchsuiteError(f"{what} returned item codes of type {item.dtype}", remedy="return int32 item codes")
    score = check_scores(score, item.shape, f"{what} score")
    _check_places(item, score, np.zeros(item.shape, np.bool_), allowed, (what, first))
    return TopK(item.astype(np.int32, copy=False), score)


def check_lists(lists: Rankings, k: int, allowed: AllowedItems) -> None:
    """Check finished lists, places that the fallback filled included.

    Args:
        lists: one for each query.
        k: the length that was asked for.
        allowed: what may be listed.

    Raises:
        BenchsuiteError: when they break a rule.
    """
    width = allowed.items if allowed.candidates is None else len(allowed.candidates)
    wanted = len(allowed.blocked), min(k, width)
    if lists.item.shape != wanted:
        raise BenchsuiteError(f"lists of shape {lists.item.shape} instead of {wanted}")
    _check_places(lists.item, lists.score, lists.fallback, allowed, ("the list", 0))


def _check_places(
    item: NDArray[Any], score: Float32, fallback: Bool, allowed: AllowedItems, told: tuple[str, int]
) -> None:
    """Raise BenchsuiteError for the first rule that a list breaks; ``told`` are source and first query, for errors."""
    filled, left, right = item >= 0, slice(None, -1), slice(1, None)
    listed = filled & ~fallback
    known = score[:, left], score[:, right]
    _refuse(
        (item < -1) | (item >= allowed.items), item, told, f"there are codes from 0 to {allowed.items - 1}, -1 for none"
    )
    _refuse(_later(filled[:, right] & ~filled[:, left]), item, told, "it comes after an empty place")
    _refuse(_later(listed[:, right] & fallback[:, left]), item, told, "it comes after the fallback's items")
    _refuse(listed & ~np.isfinite(score), item, told, "its score is no finite number")
    _refuse(~listed & ~np.isnan(score), item, told, "a place without a scored item has a score, where NaN belongs")
    both = listed[:, left] & listed[:, right]
    _refuse(_later(both & (known[0] < known[1])), item, told, "its score is higher than that of the place before")
    tied = both & (known[0] == known[1]) & (item[:, left] > item[:, right])
    _refuse(_later(tied), item, told, "of equal scores (float32), the smaller code comes first")
    order = np.argsort(item, axis=1, kind="stable")
    ranked = np.take_along_axis(item, order, axis=1)
    twice = np.zeros(item.shape, np.bool_)
    np.put_along_axis(twice, order, _later((ranked[:, left] == ranked[:, right]) & (ranked[:, right] >= 0)), axis=1)
    _refuse(twice, item, told, "it is listed twice for one query")
    if allowed.candidates is not None:
        open_ = np.zeros(allowed.items, np.bool_)
        open_[allowed.candidates] = True
        _refuse(filled & ~open_[np.where(filled, item, 0)], item, told, "it is no candidate")
    _refuse(filled & _is_blocked(item, allowed), item, told, "it is blocked, for instance because the user took it")


def _later(bad: Bool) -> Bool:
    """Return a mask of places 2, 3 .. as a mask of all places."""
    return np.pad(bad, ((0, 0), (1, 0)))


def _is_blocked(item: NDArray[Any], allowed: AllowedItems) -> Bool:
    """Return bool[q, k]: whether the item is blocked for its query; some queries at a time are marked in a table."""
    found = np.zeros(item.shape, np.bool_)
    step = max(1, _MASK_BYTES // max(allowed.items, 1))
    table = np.zeros((min(step, len(item)), allowed.items), np.bool_)
    for first in range(0, len(item), step):
        codes = item[first : first + step]
        part = allowed.blocked.slice(first, first + len(codes))
        table[part.rows, part.item] = True
        found[first : first + step] = np.take_along_axis(table[: len(codes)], np.maximum(codes, 0), axis=1)
        table[part.rows, part.item] = False
    return found


def _refuse(bad: Bool, item: NDArray[Any], told: tuple[str, int], why: str) -> None:
    if not bad.any():
        return
    row, place = np.argwhere(bad)[0].tolist()
    what, first = told
    raise BenchsuiteError(
        f"{what} of query {first + row} holds item {int(item[row, place])} in place {place + 1}: {why}",
        remedy="lists must equal a ranking of score(); without a recommend() of its own the harness ranks them",
    )


def check_agreement(model: Model, fold: FoldView, lists: Rankings, rows: list[int]) -> None:
    """Compare lists with a ranking of the model's own scores, up to rounding.

    Args:
        model: a fitted model.
        fold: who asked.
        lists: made by the model's own ``recommend``.
        rows: numbers of the queries to compare.

    Raises:
        BenchsuiteError: when a list and the scores differ.
    """
    items = len(fold.train.items)
    codes = np.arange(items, dtype=np.int32) if fold.candidates is None else fold.candidates
    for row in rows:
        asked = fold.queries.slice(row, row + 1)
        scores = _row_of_scores(model, asked, fold.candidates, len(codes))
        scores[np.isin(codes, fold.blocked[row])] = np.nan
        scored = lists.item[row][(lists.item[row] >= 0) & ~lists.fallback[row]]
        _compare(f"query {row}", codes, scores, scored, lists.score[row][: len(scored)], lists.k)


def _row_of_scores(model: Model, asked: Queries, candidates: Int32 | None, width: int) -> Float32:
    scores = check_scores(model.score(asked, candidates), (1, width), "score()")
    row: Float32 = check_finite(scores, "score()")[0].copy()
    return row


def _compare(where: str, codes: Int32, scores: Float32, scored: Int32, told: Float32, k: int) -> None:
    """Compare one list with float32[c] scores of the candidates ``codes``, NaN where blocked."""
    known = scores[~np.isnan(scores)]
    wanted = min(k, len(known))
    remedy = "recommend() must equal a ranking of score(); without one of its own the harness ranks"
    if len(scored) != wanted:
        what = f"recommend() and score() differ for {where}: {len(scored)} items with a score instead of {wanted}"
        raise BenchsuiteError(what, remedy=remedy)
    if not wanted:
        return
    found = scores[np.searchsorted(codes, scored)].astype(np.float64)
    room = TOLERANCE * float(np.abs(known).max())
    bound = float(np.partition(known, len(known) - wanted)[len(known) - wanted])
    for place in range(wanted):
        what = f"recommend() and score() differ for {where}, place {place + 1}, item {int(scored[place])}:"
        score = float(found[place])
        if np.isnan(score):
            raise BenchsuiteError(f"{what} score() abstains", remedy=remedy)
        if score < bound - room:
            what = f"{what} its score is {score:.6g}, that of number {wanted} is {bound:.6g}"
            raise BenchsuiteError(what, remedy=remedy)
        if abs(float(told[place]) - score) > room:
            raise BenchsuiteError(f"{what} beside it stands {float(told[place]):.6g}, not {score:.6g}", remedy=remedy)


def _array(values: object, what: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        raise BenchsuiteError(f"{what} returned no array: {error}", remedy="return a NumPy array") from None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"

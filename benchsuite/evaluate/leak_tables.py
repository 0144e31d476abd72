"""Checks that user and item tables are not built from held-out rows: what they declare, and totals that they hold.

What a table declares as derived (:attr:`benchsuite.data.Entities.derived`) must come from the fold's own training rows.
What it does not declare must equal the data set's table, and must not hold totals that include held-out rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from benchsuite.data import Entities, Float64, Int32, Int64, Interactions
from benchsuite.evaluate.leak_rows import FoldIndex

_SURE = 1e-6
"""Probability that a statistical check reports a leak where there is none."""

_HALF = 0.5
_FEWEST = 10
_FEWEST_FEATURES = 30
_DIFFERENT = 5
_EXACT = 1 - 1e-6
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")

Check = tuple[str, tuple[int, str]]


def table_checks(view: FoldIndex) -> Iterator[Check]:
    """Yield the checks of both tables: their names, what was compared, and the leak or ""."""
    train = view.fold.train
    whole = None if view.whole is None else (view.whole.users, view.whole.items)
    for side, table in enumerate((train.users, train.items)):
        kind = "items" if side else "users"
        if table.derived:
            yield f"what is derived of {kind} comes from training rows", _declared(table, train.interactions, kind)
        if whole is not None:
            yield f"the table of {kind} is the data's own", _unchanged(table, whole[side], kind)
        if table.features is not None or any(texts(table).values()):
            yield f"no totals over held-out rows in the table of {kind}", _totals(view, table, side, kind)


def texts(table: Entities) -> dict[str, tuple[str, ...]]:
    """Return every different text of a table by the name of its column; ``text`` only where no column equals it."""
    named = dict(table.columns)
    if table.text is not None and table.text not in named.values():
        named["text"] = table.text
    return named


def beyond_chance(hits: int, expected: float) -> bool:
    """Say whether so many hits happen less than once in a million times where ``expected`` is the mean (Poisson)."""
    from scipy.special import gammainc

    return hits > 0 and (expected <= 0 or float(gammainc(hits, expected)) < _SURE)


def _declared(table: Entities, train: Interactions, kind: str) -> tuple[int, str]:
    stale = sorted(name for name, rows in table.derived.items() if rows != train.digest)
    if not stale:
        return len(table.derived), ""
    what = f"{', '.join(stale)} of the {kind} was computed from other rows than the training part, held-out rows among"
    return len(table.derived), f"{what} them; leave it out, or compute it in the split from the training rows of a fold"


def _unchanged(table: Entities, own: Entities, kind: str) -> tuple[int, str]:
    """Check that what the fold does not declare as derived equals the data set's table."""
    if table is own:
        return len(table), ""
    changed = [] if table.ids == own.ids else ["ids"]
    given: tuple[Mapping[str, object], ...] = tuple(
        {**one.columns, "text": one.text, "feature names": one.feature_names} for one in (table, own)
    )
    changed += [name for name in {**given[0], **given[1]} if given[0].get(name) != given[1].get(name)]
    pair = table.features, own.features
    if (pair[0] is None) != (pair[1] is None) or not (pair[0] is None or np.array_equal(*pair, equal_nan=True)):  # type: ignore[arg-type]  # both are arrays here
        changed.append("features")
    secret = sorted(name for name in changed if name not in table.derived)
    leak = f"the split changes {', '.join(secret)} of the {kind} and does not say from which rows" if secret else ""
    return len(table), leak


def _totals(view: FoldIndex, table: Entities, side: int, kind: str) -> tuple[int, str]:
    """Look for the number of rows and the mean value of each entity, counted over all rows, where training differs."""
    rows = view.fold.train.interactions
    train = _sums(rows, side, len(table))
    if view.whole is None:
        whole = {"number of rows": train["number of rows"] + np.bincount(_unseen(view)[side], minlength=len(table))}
    else:
        whole = _sums(view.whole.interactions, side, len(table))
    told = {name: [frozenset(_NUMBER.findall(text)) for text in column] for name, column in texts(table).items()}
    compared = 0
    for total in whole:
        differs = np.flatnonzero((whole[total] != train[total]) & ~np.isnan(whole[total]))
        words = {int(code): _words(whole[total][code]) - _words(train[total][code]) for code in differs}
        for name, column in texts(table).items():
            codes = [code for code in words if column[code]]
            compared += len(codes)
            hits, expected = _hits([told[name][code] for code in codes], [words[code] for code in codes])
            if hits >= _FEWEST and hits >= _HALF * len(codes) and beyond_chance(hits, expected):
                what = f"{name} tells the {total} of {hits} of {len(codes)} {kind}, counted over held-out rows too"
                return compared, f"{what}; by chance it would tell {expected:.1f}"
        if table.features is not None:
            compared += len(differs)
            found = _linear(table.features[differs].astype(np.float64), whole[total][differs])
            if len(found):
                name = table.feature_names[int(found[0])]
                return compared, f"feature {name} holds the {total} of the {kind}, counted over held-out rows too"
    return compared, ""


def _unseen(view: FoldIndex) -> tuple[Int64, Int32]:
    """Return users and items of the pairs that the fold holds beyond its training rows."""
    user, item = np.divmod(np.setdiff1d(view.everything, view.train, assume_unique=True), view.items)
    return user, item.astype(np.int32)


def _sums(rows: Interactions, side: int, size: int) -> dict[str, Float64]:
    """Return float64[size] for each total; a mean is NaN where there is no row, or where all values are 1."""
    code = rows.item if side else rows.user
    count = np.bincount(code, minlength=size).astype(np.float64)
    if not (rows.value != 1).any():
        return {"number of rows": count, "mean value": np.full(size, np.nan)}
    mean = np.bincount(code, weights=rows.value, minlength=size) / np.where(count > 0, count, np.nan)
    return {"number of rows": count, "mean value": mean}


def _words(value: float) -> frozenset[str]:
    """Return the usual spellings of a number: whole, or with one, two or three digits; none for NaN."""
    if np.isnan(value):
        return frozenset()
    if value == int(value):
        return frozenset({f"{value:.0f}", f"{value:.1f}", f"{value:.2f}"})
    return frozenset({f"{value:.1f}", f"{value:.2f}", f"{value:.3f}"})


def _hits(told: list[frozenset[str]], wanted: list[frozenset[str]]) -> tuple[int, float]:
    """Return how many texts tell their entity's total, and how many would if texts were assigned at random.

    Args:
        told: the numbers in each entity's text.
        wanted: each entity's total, without what the training rows alone add up to.
    """
    hits = sum(not numbers.isdisjoint(words) for numbers, words in zip(told, wanted, strict=True))
    if not hits:
        return 0, 0.0
    common = Counter(word for words in wanted for word in words)
    return hits, sum(min(1.0, sum(common[number] for number in numbers) / len(told)) for numbers in told)


def _linear(features: Float64, total: Float64) -> Int64:
    """Return the columns of float64[m, f] that are an exact linear function of the total, or of its logarithm."""
    if len(total) < _FEWEST_FEATURES or len(np.unique(total)) < _DIFFERENT:
        return np.zeros(0, np.int64)
    found = np.zeros(features.shape[1], np.bool_)
    for target in (total, np.log1p(np.maximum(total, 0))):
        spread = features.std(axis=0) * target.std()
        together = ((features - features.mean(axis=0)) * (target - target.mean())[:, None]).mean(axis=0)
        found |= np.abs(together) > _EXACT * np.where(spread > 0, spread, np.inf)
    return np.flatnonzero(found)

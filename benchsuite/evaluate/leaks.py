"""Leak checks: a fold that shows a model held-out data is refused before any model is fitted.

Every check counts what it compared. :func:`iter_findings` yields all findings, :func:`check_fold` raises at the
first leak.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold, Int32
from benchsuite.errors import LeakError
from benchsuite.evaluate.leak_rows import FoldIndex, common, fingerprints, missing, row_fingerprints, strangers, surplus
from benchsuite.evaluate.leak_tables import table_checks
from benchsuite.evaluate.leak_texts import text_checks

Group = Literal["pairs", "histories", "lists", "time", "cold", "rows", "texts", "validation", "folds", "store"]
GROUPS: tuple[Group, ...] = ("pairs", "histories", "lists", "time", "cold", "rows", "texts", "validation", "folds")
"""Kinds of checks, in the order of tables; ``store`` is used by the audit only."""

_NO_TIME = "promises an order in time on data without time"

Result = tuple[int, str]
"""The number of compared things, and the leak in one clause, or ""."""


@dataclass(frozen=True)
class LeakFinding:
    """What one check found.

    Attributes:
        group: the kind of check.
        check: what should hold, with ``validation:`` in front for the inner fold.
        compared: how many things were compared; shown, so that a reader sees that the check did something.
        leak: what was found instead, or "" without a leak.
        where: data set, split, seed, fold.
    """

    group: Group
    check: str
    compared: int
    leak: str = ""
    where: str = ""


def check_fold(fold: Fold, split: Split, where: str = "", whole: Dataset | None = None) -> dict[str, int]:
    """Check a fold, its validation fold included, against every promise of its split.

    Args:
        fold: what the split made.
        split: whose promises count.
        where: names the fold in an error.
        whole: what was cut; with it, rows and tables are compared with the data set's own.

    Returns:
        How many things were compared, by check.

    Raises:
        LeakError: naming the first leak found.
    """
    evidence = {}
    for finding in iter_findings(fold, split, where, whole):
        raise_finding(finding)
        evidence[finding.check] = finding.compared
    return evidence


def raise_finding(finding: LeakFinding) -> None:
    """Raise LeakError when the finding is a leak."""
    if finding.leak:
        raise LeakError(finding.leak, where=finding.where)


def iter_findings(fold: Fold, split: Split, where: str = "", whole: Dataset | None = None) -> Iterator[LeakFinding]:
    """Yield what every check found, leaks included; see :func:`check_fold`."""
    yield from _findings(FoldIndex(fold, split, whole), where or f"fold {fold.name}")


def _findings(view: FoldIndex, place: str) -> Iterator[LeakFinding]:
    for group, check, look in _checks(view):
        compared, leak = look(view)
        yield LeakFinding(group, check, compared, leak, place)
    for check, (compared, leak) in (*table_checks(view), *text_checks(view)):
        yield LeakFinding("texts", check, compared, leak, place)
    if view.fold.validation is not None:
        inner = view.inner(view.fold.validation)
        compared, leak = _nested(view, inner)
        yield LeakFinding("validation", "validation pairs in training", compared, leak, place)
        for finding in _findings(inner, f"{place}, validation"):
            yield dataclasses.replace(finding, check=f"validation: {finding.check}")


def _checks(view: FoldIndex) -> Iterator[tuple[Group, str, Callable[[FoldIndex], Result]]]:
    """Yield the checks that apply to this fold; a check without anything to compare is left out."""
    split = view.split
    yield "pairs", "held-out pairs not in training", _held_out
    yield "pairs", "held-out pairs asked once", _asked_once
    yield "histories", "held-out pairs in no history", _not_shown
    yield "lists", "history items blocked", _history
    yield "lists", "held-out pairs not blocked", _blocked
    if view.fold.candidates is not None:
        yield "lists", "held-out items among the candidates", _inside
    if split.ordered:
        yield "time", "training rows not younger than held-out rows", _ordered
    if split.ordered or split.ordered_users:
        yield "time", "histories not younger than what is asked", _ordered_users
    if split.cold_items:
        yield "cold", "cold items without training rows", _cold_items
        yield "cold", "cold items in no history", _cold_history
    if split.cold_users:
        yield "cold", "cold users without training rows", _cold_users
    if view.whole is not None:
        yield "rows", "training rows are the data's own", _train_rows
        yield "rows", "history rows are the data's own", _history_rows
        yield "rows", "blocked pairs are the data's own", _blocked_rows
        yield "rows", "held-out rows are the data's own", _truth_rows


def _held_out(view: FoldIndex) -> Result:
    both = common(view.truth, view.train)
    return len(view.truth), _tell(len(both), f"held-out pairs are also in the training part{view.first(both)}")


def _asked_once(view: FoldIndex) -> Result:
    asked = len(view.fold.truth.item)
    return asked, _tell(asked - len(view.asked), "held-out pairs are asked twice by one query")


def _not_shown(view: FoldIndex) -> Result:
    """No history shows a held-out item of its own query, or of any other query of the user."""
    both = common(view.truth, view.history)
    return len(view.history), _tell(len(both), f"held-out pairs are shown in a history{view.first(both)}")


def _blocked(view: FoldIndex) -> Result:
    both = common(view.asked, view.closed)
    return len(view.asked), _tell(len(both), "held-out pairs are blocked and could never be recommended")


def _history(view: FoldIndex) -> Result:
    free = missing(view.shown, view.closed)
    return len(view.shown), _tell(len(free), "items of a history could be recommended again")


def _inside(view: FoldIndex) -> Result:
    candidates = view.fold.candidates
    outside = ~np.isin(view.fold.truth.item, [] if candidates is None else candidates)
    return len(outside), _tell(outside.sum(), "held-out items are no candidates")


def _ordered(view: FoldIndex) -> Result:
    rows, held = view.fold.train.interactions.timestamp, view.fold.truth.timestamp
    if rows is None or held is None:
        return 0, _NO_TIME
    late = (rows > held.min()).sum() if len(held) else 0
    return len(rows), _tell(late, "training rows are younger than the first held-out row")


def _ordered_users(view: FoldIndex) -> Result:
    """With ``ordered`` no history reaches past the first held-out row of all users, else of its own query."""
    queries, truth = view.fold.queries, view.fold.truth
    shown = queries.history.timestamp
    if shown is None and view.fold.train.ordered and not view.split.ordered:
        return _ordered_rows(view)
    if shown is None or truth.timestamp is None:
        return 0, _NO_TIME
    first = np.full(len(queries), np.iinfo(np.int64).max)
    np.minimum.at(first, truth.rows, truth.timestamp)
    if view.split.ordered and len(first):
        first[:] = first.min()
    late = (shown > first[queries.rows]).sum()
    return len(shown), _tell(late, "events of histories are younger than what their query is asked")


def _ordered_rows(view: FoldIndex) -> Result:
    """Where the order of rows is the order of time, no history shows a row behind the first that its query is asked.

    Of a pair with several rows the earliest is taken as shown and the latest as asked, which finds fewest leaks.
    """
    if view.whole is None:
        return 0, ""
    rows, queries, truth = view.whole.interactions, view.fold.queries, view.fold.truth
    pair = rows.user.astype(np.int64) * view.items + rows.item
    order = np.argsort(pair, kind="stable")
    ordered = pair[order]
    shown, asked = (
        queries.user[part.rows].astype(np.int64) * view.items + item
        for part, item in ((queries, queries.history.item), (truth, truth.item))
    )
    last = len(order) - 1
    earliest = order[np.minimum(np.searchsorted(ordered, shown), last)]
    latest = order[np.maximum(np.searchsorted(ordered, asked, side="right") - 1, 0)]
    first = np.full(len(queries), len(order))
    np.minimum.at(first, truth.rows, latest)
    late = (earliest > first[queries.rows]).sum()
    return len(shown), _tell(late, "events of histories are younger than what their query is asked")


def _cold_items(view: FoldIndex) -> Result:
    cold = _promised_items(view)
    warm = np.intersect1d(cold, view.fold.train.interactions.item)
    return len(cold), _tell(len(warm), "items promised to be cold have training rows")


def _cold_history(view: FoldIndex) -> Result:
    shown = view.fold.queries.history.item
    warm = np.isin(shown, _promised_items(view))
    return len(shown), _tell(warm.sum(), "events of histories show items promised to be cold")


def _promised_items(view: FoldIndex) -> Int32:
    candidates = view.fold.candidates
    return np.unique(view.fold.truth.item) if candidates is None else candidates


def _cold_users(view: FoldIndex) -> Result:
    users = np.unique(view.fold.queries.user)
    warm = np.intersect1d(users, view.fold.train.interactions.user)
    return len(users), _tell(len(warm), "users promised to be cold have training rows")


def _train_rows(view: FoldIndex) -> Result:
    rows = view.fold.train.interactions
    strange = surplus(view.train_rows, view.source_rows)
    return len(rows), _tell(strange, "training rows are no rows of the data: changed, repeated or made up")


def _history_rows(view: FoldIndex) -> Result:
    rows, queries = view.fold.queries.history, view.fold.queries
    owned = dataclasses.replace(rows, user=queries.user[queries.rows])
    strange = strangers(row_fingerprints(owned), view.source_rows)
    return len(rows), _tell(strange, "events of histories are no rows of the data")


def _blocked_rows(view: FoldIndex) -> Result:
    """Every blocked pair is in the data: to block any other could only remove wrong candidates."""
    strange = missing(view.blocked, view.everything)
    return len(view.blocked), _tell(len(strange), f"blocked pairs never happened in the data{view.first(strange)}")


def _truth_rows(view: FoldIndex) -> Result:
    truth, rows = view.fold.truth, view.source.interactions
    held: dict[str, NDArray[Any] | None] = {"user": view.fold.queries.user[truth.rows], "item": truth.item}
    held |= {"value": truth.value, "label": truth.label, "timestamp": truth.timestamp}
    strange = strangers(fingerprints(held), np.sort(row_fingerprints(rows, skip=("behaviour", "part"))))
    return len(truth.item), _tell(strange, "held-out rows are no rows of the data")


def _nested(view: FoldIndex, inner: FoldIndex) -> Result:
    """All of a validation fold comes from the training part: queries, histories and training rows."""
    parts = {
        "validation pairs come from outside the training part": inner.truth,
        "pairs are in the inner training part, which reaches outside the training part": inner.train,
        "pairs of validation histories come from outside the training part": inner.history,
    }
    compared = 0
    for what, part in parts.items():
        compared += len(part)
        outside = missing(part, view.train)
        test = len(common(outside, view.truth))
        if len(outside):
            return compared, _tell(len(outside), f"{what}, {test} of them are test pairs{view.first(outside)}")
    return compared, ""


def _tell(count: int | np.int64, what: str) -> str:
    return f"{count:,} {what}" if count else ""

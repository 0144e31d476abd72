"""What is wrong with anybody's split: overlap, repeats, future rows, cold users and items, drift, negatives."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from benchsuite.data import Bool, Float64, Int64
from benchsuite.errors import DataError
from benchsuite_interchange.drift import popularity_drift
from benchsuite_interchange.foreign_rows import ForeignRows, codes
from benchsuite_tables.id_matching import Met, meet

Verdict = Literal["fine", "note", "warning", "leak"]

PROMISES = ("cold-items", "cold-users", "ordered", "ordered-users")
"""What a split may be said to promise; what breaks a promise is a leak."""

_UNITS = 100
_SAMPLED = 20
"""So many test rows for each of the users, the same number for all, look like sampled candidates."""


@dataclass(frozen=True)
class AuditLine:
    """One line of the diagnosis.

    Attributes:
        check: what was looked at.
        found: how many rows, pairs, users or items were found.
        of: out of how many that were compared.
        verdict: ``leak`` (a model learns what it is asked, or a promise is broken), ``warning``, ``note`` or ``fine``.
        meaning: in one sentence.
    """

    check: str
    found: int
    of: int
    verdict: Verdict
    meaning: str


class ForeignSplit:
    """Both parts with common codes."""

    def __init__(self, train: ForeignRows, test: ForeignRows) -> None:
        self.train = train
        self.test = test
        users, (self.train_user, self.test_user) = codes([train.user, test.user])
        items, (self.train_item, self.test_item) = codes([train.item, test.item])
        self.users, self.items = len(users), len(items)

    @cached_property
    def train_pair(self) -> Int64:
        """int64[n]: one number for each different pair."""
        return self.train_user.astype(np.int64) * self.items + self.train_item

    @cached_property
    def test_pair(self) -> Int64:
        """int64[m]: the same numbers for test rows."""
        return self.test_user.astype(np.int64) * self.items + self.test_item

    @property
    def times(self) -> tuple[Float64, Float64] | None:
        """The times of both parts, or None."""
        return None if self.train.time is None or self.test.time is None else (self.train.time, self.test.time)


def diagnose(train: ForeignRows, test: ForeignRows, promises: Collection[str] = ()) -> list[AuditLine]:
    """Look at a split from all sides.

    Args:
        train: the training rows.
        test: the test rows.
        promises: which of :data:`PROMISES` the split is said to keep.

    Raises:
        DataError: when an order is promised and a part has no times, or the parts have neither users nor items in
            common.
    """
    meetings = _meetings(train, test, promises)
    cut = ForeignSplit(train, test)
    ordered = sorted({"ordered", "ordered-users"} & set(promises))
    if ordered and cut.times is None:
        missing = test.path if test.time is None else train.path
        what = f"has no column of times, which {ordered[0]} needs"
        raise DataError(what, where=str(missing), remedy="name it: --timestamp COL")
    return [
        *(_met(one) for one in meetings),
        *_overlap(cut),
        _twice(cut.train, cut.train_pair, "training"),
        _twice(cut.test, cut.test_pair, "test"),
        *_order(cut, promises),
        _strangers(cut.train_user, cut.test_user, "users", "cold-users" in promises),
        _strangers(cut.train_item, cut.test_item, "items", "cold-items" in promises),
        _drift(cut),
        _negatives(cut),
    ]


def _meetings(train: ForeignRows, test: ForeignRows, promises: Collection[str]) -> list[Met]:
    """Return how many users and items of the test are in training.

    Cold users or cold items are disjoint on purpose, so one kind of ids that does not meet proves nothing.

    Raises:
        DataError: when neither kind meets, unless both are promised to be new and no other way of writing makes them
            meet: then nothing could be compared. Also when fewer than half of one kind meet and another way of writing
            makes most of them meet.
    """
    where = str(train.path)
    users = meet(test.user.categories, train.user.categories, "users of the test", where)
    items = meet(test.item.categories, train.item.categories, "items of the test", where)
    for met, promise in ((users, "cold-users"), (items, "cold-items")):
        if met.way and 2 * met.found < min(met.of, met.others) and (users.found or items.found):
            new_ones = f", or say --promise {promise} if they are new" if promise not in promises else ""
            if new_ones or met.found:
                raise dataclasses.replace(met, remedy=f"{met.remedy}{new_ones}").error()
    new = {"cold-users", "cold-items"} <= set(promises) and not users.way and not items.way
    if not users.found and not items.found and not new:
        told = max(users, items, key=lambda one: one.reached)
        what = f"neither users nor items of {test.path} are there, so that nothing can be compared: {told.clause}"
        both = "" if told.way else ", or say --promise cold-users --promise cold-items if all are new on purpose"
        raise DataError(what, where=where, remedy=f"{told.remedy}{both}")
    return [users, items]


def _met(met: Met) -> AuditLine:
    verdict: Verdict = "warning" if met.way else "fine" if met.found else "note"
    meaning = "the ids of both files are written alike" if met.found else "these are all new, or written otherwise"
    if met.way:
        meaning = f"{met.reached:,} of {met.of:,} meet after {met.way}: {met.remedy}"
    return AuditLine(f"{met.what} found in training", met.found, met.of, verdict, meaning)


def _overlap(cut: ForeignSplit) -> Iterator[AuditLine]:
    """Test rows whose user and item are a training row too; with times, a later one may be a repeat."""
    order = np.argsort(cut.train_pair, kind="stable")
    known = cut.train_pair[order]
    shared = np.isin(cut.test_pair, known)
    first = ""
    if shared.any():
        row = int(np.flatnonzero(shared)[0])
        twin = int(order[np.searchsorted(known, cut.test_pair[row])])
        pair = f"user {cut.test.user[row]}, item {cut.test.item[row]}"
        first = f"; the first is {pair}: {cut.test.where(row, '')} and {cut.train.where(twin, '')}"
    repeat = np.zeros(len(shared), np.bool_)
    if cut.times is not None:
        latest = np.full(len(known), -np.inf)
        edge = np.flatnonzero(np.concatenate([[True], known[1:] != known[:-1]]))
        latest = np.maximum.reduceat(cut.times[0][order], edge)
        at = np.searchsorted(known[edge], cut.test_pair[shared])
        repeat[shared] = cut.times[1][shared] > latest[at]
    copied = int((shared & ~repeat).sum())
    meaning = f"training tells these answers{first}" if copied else "no answer is a training row"
    yield AuditLine("test pairs in training", copied, len(shared), "leak" if copied else "fine", meaning)
    if cut.times is not None:
        again = int(repeat.sum())
        meaning = "no test row repeats an older training row"
        if again:
            meaning = "taken again later: where seen items are hidden, these answers can never be given"
        yield AuditLine("test pairs repeated later", again, len(shared), "warning" if again else "fine", meaning)


def _twice(part: ForeignRows, pair: Int64, which: str) -> AuditLine:
    extra = len(pair) - len(np.unique(pair))
    if not extra:
        return AuditLine(f"{which} rows that repeat a pair", 0, len(pair), "fine", "each pair is there once")
    exact = extra
    if part.time is not None:
        exact = len(pair) - len(np.unique(np.column_stack([pair.astype(np.float64), part.time]), axis=0))
    meaning = f"{exact:,} of them at the same time" if part.time is not None else "no time tells them apart"
    if which == "test":
        meaning += "; metrics may count them twice"
    return AuditLine(f"{which} rows that repeat a pair", extra, len(pair), "warning" if exact else "note", meaning)


def _order(cut: ForeignSplit, promises: Collection[str]) -> Iterator[AuditLine]:
    """What lies in the future of what, for all and for each user."""
    if cut.times is None:
        lacking = cut.test.path if cut.test.time is None else cut.train.path
        yield AuditLine(
            "order in time", 0, 0, "note", f"not checked: {lacking} has no column of times; name it with --timestamp"
        )
        return
    train, test = cut.times
    middle = sorted(float(np.median(np.abs(times))) for times in cut.times)
    if middle[1] > _UNITS * max(middle[0], 1):
        meaning = f"the middle times, {middle[0]:.0f} and {middle[1]:.0f}, cannot be in one unit"
        verdict: Verdict = "leak" if {"ordered", "ordered-users"} & set(promises) else "warning"
        yield AuditLine("impossible times", len(train) + len(test), len(train) + len(test), verdict, meaning)
        return
    odd = int((train <= 0).sum() + (test <= 0).sum())
    meaning = "times of zero or below are no times" if odd else "all times are above zero"
    yield AuditLine("impossible times", odd, len(train) + len(test), "warning" if odd else "fine", meaning)
    late = int((train > test.min()).sum())
    meaning = f"the test window begins at {test.min():.0f}; " if late else ""
    meaning += "these are younger, so models learn from the future" if late else "all training is older than the test"
    yield AuditLine(
        "training rows after the first test row", late, len(train), _broken(late, "ordered" in promises), meaning
    )
    newest, oldest = np.full(cut.users, -np.inf), np.full(cut.users, np.inf)
    np.maximum.at(newest, cut.train_user, train)
    np.minimum.at(oldest, cut.test_user, test)
    before = test < newest[cut.test_user]
    strict = bool({"ordered", "ordered-users"} & set(promises))
    meaning = "their own user's training rows go on after them" if before.any() else "users are asked after they showed"
    yield AuditLine("test rows before a user's training", *_count(before), _broken(before.any(), strict), meaning)
    eldest, youngest = np.full(cut.users, np.inf), np.full(cut.users, -np.inf)
    np.minimum.at(eldest, cut.train_user, train)
    np.maximum.at(youngest, cut.test_user, test)
    both = np.isfinite(newest) & np.isfinite(oldest)
    backwards = both & (youngest < eldest)
    many = backwards.sum() * 2 > max(both.sum(), 1)
    meaning = (
        "all their test rows are older than all their training rows" if backwards.any() else "nobody's time runs back"
    )
    if many:
        meaning += ": the parts seem to be exchanged"
    verdict = "leak" if many else "warning" if backwards.any() else "fine"
    yield AuditLine("users whose time runs backwards", int(backwards.sum()), int(both.sum()), verdict, meaning)


def _broken(found: int | np.bool_, promised: bool) -> Verdict:
    if not found:
        return "fine"
    return "leak" if promised else "warning"


def _count(found: Bool) -> tuple[int, int]:
    return int(found.sum()), len(found)


def _strangers(train: np.ndarray, test: np.ndarray, kind: str, promised: bool) -> AuditLine:
    """Count users or items of the test that training does not know; or, where all should be new, those it knows."""
    asked = np.unique(test)
    new = ~np.isin(asked, train)
    rows = float((~np.isin(test, train)).mean())
    if promised:
        warm = int((~new).sum())
        meaning = "promised to be new, they have training rows" if warm else "all are new, as promised"
        return AuditLine(f"known {kind} in the test", warm, len(asked), _broken(warm, promised=True), meaning)
    meaning = f"they hold {rows:.1%} of the test rows"
    if new.any():
        meaning += "; a model that abstains on them, or a harness that drops them, changes the numbers"
    return AuditLine(f"new {kind} in the test", int(new.sum()), len(asked), "note" if new.any() else "fine", meaning)


def _drift(cut: ForeignSplit) -> AuditLine:
    user, item = np.concatenate([cut.train_user, cut.test_user]), np.concatenate([cut.train_item, cut.test_item])
    drift = popularity_drift(user, item, np.arange(len(user)) >= len(cut.train))
    how = "dealt among each user's rows" if drift.within_users else "dealt among all rows"
    far = drift.reached == 0
    meaning = "the test asks for other items than training shows" if far else "the test is about as popular as training"
    meaning += f": Jensen-Shannon divergence {drift.distance:.4f} bits; {drift.expected:.4f} on average and at most"
    meaning += f" {drift.highest:.4f} in random cuts of {drift.rows:,} rows, {how}"
    check = "random cuts whose popularity drifts as far"
    return AuditLine(check, drift.reached, drift.deals, "warning" if far else "fine", meaning)


def _negatives(cut: ForeignSplit) -> AuditLine:
    """Say what negatives the test holds: none, sampled ones, or labelled ones."""
    check, value, rows = "negatives in the test", cut.test.value, len(cut.test)
    per_user = np.bincount(cut.test_user, minlength=cut.users)
    asked = per_user > 0
    if value is None or (value > 0).all():
        same = np.unique(per_user[asked])
        if len(same) == 1 and same[0] >= _SAMPLED:
            meaning = f"every user has exactly {same[0]} test rows: are these sampled candidates? Say --value"
            return AuditLine(check, 0, rows, "warning", meaning)
        meaning = "no column tells values" if value is None else "none: all values are above 0"
        return AuditLine(
            check, 0, rows, "note", f"{meaning}; accuracy and AUC need negatives, and whoever draws them decides"
        )
    bad = np.bincount(cut.test_user[value <= 0], minlength=cut.users)[asked]
    good = per_user[asked] - bad
    ratio = np.unique(bad[good > 0] / good[good > 0])
    if len(ratio) == 1 and ratio[0] >= 1 and ratio[0] == round(ratio[0]) and len(good) > 1:
        meaning = (
            f"sampled: exactly {ratio[0]:.0f} for each positive of every user; ranks among so few do not agree with"
        )
        return AuditLine(check, int(bad.sum()), rows, "warning", f"{meaning} ranks in the whole catalogue")
    alone = int(((bad == 0) | (good == 0)).sum())
    meaning = f"labelled; {alone:,} of {len(good):,} users have only one kind, and no AUC of their own"
    return AuditLine(check, int(bad.sum()), rows, "note", meaning)

"""Folds of new users: none of their rows is in training; they show a short history, the rest is ground truth."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from benchsuite.data import Bool, Dataset, Fold, GroundTruth, Int32, Int64, Queries, Ragged
from benchsuite.data.arrays import starts
from benchsuite.errors import DataError
from benchsuite_protocol.splits.fold_builder import (
    AskingTime,
    Cutter,
    asking_time,
    build_truth,
    chronological,
    count_rows,
    occurring,
    require_rows,
)


def new_user_fold(
    dataset: Dataset,
    *,
    train: Bool,
    late: Bool,
    early: Bool,
    groups: Mapping[str, Bool],
    left_out: Mapping[str, Bool],
    name: str,
    where: str,
    asked: AskingTime = "at its truth",
    candidates: Int32 | None = None,
    validate: Cutter | None = None,
    counts: Mapping[str, int] | None = None,
) -> Fold:
    """Build the fold in which every user with a ``late`` row asks once per group.

    The truth is the same in all groups, and so are the blocked items: those of all ``early`` rows, whether the group
    shows them or not. So the lists of all groups can hold the same items.

    Args:
        dataset: what to cut.
        train: bool[n], the training rows, none of an asking user.
        late: bool[n], the rows that become ground truth.
        early: bool[n], the rows set aside for the histories, all of asking users.
        groups: which rows each group shows, bool[n] inside ``early``, by the group's name.
        left_out: the rest of the rows (bool[n], disjoint), by the reason shown in the counts.
        name: name of the fold.
        where: name of the split, for errors.
        asked: when the queries are asked, see :func:`asking_time`.
        candidates: int32[c] sorted item codes that may be recommended, or None for the whole catalogue.
        validate: cuts the validation fold out of the training part.
        counts: more counts of the fold.

    Raises:
        DataError: when the training part or the test part would be empty.
    """
    rows, users, copies = dataset.interactions, len(dataset.users), len(groups)
    require_rows(late, train, name, f"{where} of {dataset.name}")
    asking = occurring(rows.user[late], users)
    query_of = np.full(users, -1, np.int64)
    query_of[asking] = np.arange(len(asking))
    truth_rows, shown = rows.take(late), rows.take(early)
    truth_query = query_of[truth_rows.user]
    held = build_truth(
        truth_rows,
        truth_query,
        taken=shown,
        taken_query=query_of[shown.user],
        queries=len(asking),
        items=len(dataset.items),
    )
    part = dataset.cut(train)
    when = asking_time(asked, truth_rows, truth_query, len(asking), part)
    seen = [np.flatnonzero(visible) for visible in groups.values()]
    history = rows.take(np.concatenate(seen))
    owner = query_of[history.user] + np.repeat(np.arange(copies) * len(asking), [len(chosen) for chosen in seen])
    queries = Queries(
        user=np.tile(asking, copies).astype(np.int32),
        start=starts(owner, copies * len(asking)),
        history=history.take(chronological(owner, history.timestamp)),
        when=None if when is None else np.tile(when, copies),
        group=np.repeat(np.arange(copies, dtype=np.int8), len(asking)),
        groups=tuple(groups),
    )
    row_counts = {
        "held-out rows": len(truth_rows),
        "rows reserved for the history of new users": len(shown),
        **{reason: int(np.count_nonzero(chosen)) for reason, chosen in left_out.items()},
    }
    return Fold(
        name=name,
        train=part,
        queries=queries,
        truth=_repeat_truth(held.truth, copies),
        blocked=_repeat_lists(held.blocked, copies),
        candidates=candidates,
        validation=None if validate is None else validate(part),
        counts={**count_rows(dataset, part, held, queries=queries, rows=row_counts, copies=copies), **(counts or {})},
    )


def new_user_counts(drawn: Bool, asking: Bool) -> dict[str, int]:
    """Return how many users (bool[users]) were drawn, are asked, and have too few events for that."""
    return {
        "new users": int(np.count_nonzero(drawn)),
        "new users asked": int(np.count_nonzero(asking)),
        "new users with too few events, not asked": int(np.count_nonzero(drawn & ~asking)),
    }


def require_askers(drawn: Bool, asking: Bool, what: str, where: str) -> None:
    """Check that at least one of the drawn users (bool[users]) can be asked.

    Raises:
        DataError: when none can.
    """
    if not asking.any():
        raise DataError(
            f"none of {np.count_nonzero(drawn)} drawn users has {what}",
            where=where,
            remedy="show shorter histories or use a larger data set",
        )


def require_rising(lengths: tuple[int, ...]) -> None:
    """Check that history lengths rise.

    Raises:
        ValueError: when they do not.
    """
    if any(late <= early for early, late in pairwise(lengths)):
        raise ValueError(f"history lengths {list(lengths)} do not rise")


def _repeat_start(start: Int64, copies: int) -> Int64:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.tile(np.diff(start), copies), dtype=np.int64)])


def _repeat_lists(lists: Ragged, copies: int) -> Ragged:
    return Ragged(_repeat_start(lists.start, copies), np.tile(lists.item, copies))


def _repeat_truth(truth: GroundTruth, copies: int) -> GroundTruth:
    return GroundTruth(
        _repeat_start(truth.start, copies),
        np.tile(truth.item, copies),
        np.tile(truth.value, copies),
        None if truth.label is None else np.tile(truth.label, copies),
        None if truth.timestamp is None else np.tile(truth.timestamp, copies),
    )

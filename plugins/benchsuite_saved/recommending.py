"""Recommendations of a saved model for a history, each with the history items that mattered."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchsuite.data import Dataset, Entities, FoldView, Interactions, Queries, Ragged
from benchsuite.errors import UsageError
from benchsuite.evaluate import rank
from benchsuite_saved.folder import Saved


@dataclass(frozen=True)
class Reason:
    """An item of the history, and how much the recommended item's score falls without it.

    Attributes:
        item: its code.
        fall: None where the model abstains without it.
    """

    item: int
    fall: float | None


@dataclass(frozen=True)
class RecommendedItem:
    """A recommended item.

    Attributes:
        item: its code.
        score: the model's.
        because: every item of the history, the one that mattered most first.
    """

    item: int
    score: float
    because: tuple[Reason, ...]


def find_title(saved: Saved, title: str) -> int:
    """Return the code of the item with this title: exact, else ignoring case, else the only title that begins with it.

    Raises:
        UsageError: when there is none, or more than one; it names the closest.
    """
    titles, where = saved.titles, "--history"
    plain, folded = title.casefold().strip(), [one.casefold() for one in titles]
    found = [code for code, one in enumerate(titles) if one == title]
    found = found or [code for code, one in enumerate(folded) if one == plain]
    if len(found) > 1:
        ids = " or ".join(saved.items.ids[code] for code in found)
        what = f'{len(found)} items are called "{titles[found[0]]}"'
        raise UsageError(what, where=where, remedy=f"say which with --history-id {ids}")
    begun = found or [code for code, one in enumerate(folded) if plain and one.startswith(plain)]
    if len(begun) == 1:
        return begun[0]
    names = [titles[code] for code in begun[:3] or _near(plain, folded)]
    what = f'{len(begun)} titles begin with "{title}"' if begun else f'no item is called "{title}"'
    options = " or ".join(f'"{name}"' for name in names)
    raise UsageError(what, where=where, remedy=f"did you mean {options}?" if names else "items.json has all titles")


def _near(title: str, folded: Sequence[str]) -> list[int]:
    """Return the codes of up to three titles that may be meant: with all the words of this one, else alike."""
    words = set(re.findall(r"\w+", title))
    holding = [code for code, one in enumerate(folded) if words and words <= set(re.findall(r"\w+", one))]
    if holding:
        return sorted(holding, key=lambda code: len(folded[code]))[:3]
    close = difflib.get_close_matches(title, folded, n=3, cutoff=0.5)
    return [folded.index(one) for one in dict.fromkeys(close)]


def find_id(saved: Saved, name: str) -> int:
    """Return the code of the item with this id.

    Raises:
        UsageError: when there is none.
    """
    if name in saved.items.ids:
        return saved.items.ids.index(name)
    close = difflib.get_close_matches(name, saved.items.ids, n=1)
    remedy = f'did you mean "{close[0]}"?' if close else "items.json has all ids"
    raise UsageError(f'no item has the id "{name}"', where="--history-id", remedy=remedy)


def recommend(saved: Saved, history: Sequence[int], k: int) -> list[RecommendedItem]:
    """Return the best k items that are not in the history, as the harness ranks them.

    Items without a score are left out, so there may be fewer than k.

    Args:
        saved: an opened folder.
        history: item codes, oldest first; of repeats the last one counts.
        k: how many.
    """
    shown = list(dict.fromkeys(reversed(history)))[::-1]
    fold = _ask(saved, [shown])
    best = rank(saved.model, fold, k)
    codes = best.item[0][(best.item[0] >= 0) & ~best.fallback[0]]
    if not len(codes):
        return []
    columns = np.sort(codes).astype(np.int32)
    without = [[one for one in shown if one != left] for left in shown]
    scores = np.asarray(saved.model.score(_ask(saved, [shown, *without]).queries, columns), np.float64)
    falls = scores[0] - scores[1:]  # float64[h, c]
    answers = []
    for code, column in zip(codes.tolist(), np.searchsorted(columns, codes).tolist(), strict=True):
        reasons = [
            Reason(item, None if np.isnan(fall) else fall)
            for item, fall in zip(shown, falls[:, column].tolist(), strict=True)
        ]
        reasons.sort(key=lambda reason: -np.inf if reason.fall is None else -reason.fall)
        answers.append(RecommendedItem(code, float(scores[0, column]), tuple(reasons)))
    return answers


def _ask(saved: Saved, histories: Sequence[Sequence[int]]) -> FoldView:
    """Return a query of an unknown user for each history; its items are blocked."""
    asker, size = saved.about["asker"], len(histories)
    user = np.full(size, asker["user"])
    owner = np.repeat(np.arange(size), [len(one) for one in histories])
    item = np.array([code for one in histories for code in one], np.int32)
    # One second apart, after the last training row.
    second = np.array([number for one in histories for number in range(1, len(one) + 1)], np.int64)
    rows = Interactions(
        user=np.full(len(item), asker["user"]),
        item=item,
        value=np.full(len(item), asker["value"]),
        label=None if asker["label"] is None else np.full(len(item), asker["label"]),
        timestamp=None if asker["timestamp"] is None else asker["timestamp"] + second,
        behaviour=np.full(len(item), asker["behaviour"]),
        behaviours=tuple(asker["behaviours"]),
    )
    users = Entities(tuple(str(code) for code in range(asker["user"] + 1)))
    train = Dataset(saved.about["data"]["name"], rows.take(np.zeros(0, np.int64)), users, saved.items)
    queries = Queries.from_rows(user, owner, rows)
    return FoldView("asked", train, queries, Ragged.from_pairs(owner, item, size))

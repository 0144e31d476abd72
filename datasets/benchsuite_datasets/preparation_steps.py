"""Steps of preparation: declared, typed, counted. Each takes a frame of events and returns a frame and what it did.

A frame has the columns ``user`` and ``item`` (categories of raw ids), ``value`` (float64), ``behaviour`` (int8), and,
where known, ``timestamp`` (int64, UTC seconds), ``part`` and any text column. Rows keep their order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchsuite.data import Bool, Int64, Step
from benchsuite.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

Values = Literal["given", "weights", "binary"]
"""A row's own value, or its behaviour's weight where the set has no values; the weight in any case; 1 in any case."""

Keep = Literal["all", "first", "last", "strongest", "sum"]
"""Which of several rows of one user and item stay."""


@dataclass(frozen=True)
class Action(ABC):
    """Base of all steps. The fields are the step's settings."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the step does, with its settings."""

    @abstractmethod
    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Return the changed frame and a note, or "" for none. The given frame is not touched."""

    def apply(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Step]:
        """Return the changed frame and the counted step."""
        changed, note = self.change(frame)
        return changed, Step(self.name, len(frame), len(changed), note)


def prepare(frame: pd.DataFrame, actions: Iterable[Action]) -> tuple[pd.DataFrame, tuple[Step, ...]]:
    """Apply steps one after the other and return what is left and what each did."""
    steps = []
    for action in actions:
        frame, step = action.apply(frame)
        steps.append(step)
    return frame, tuple(steps)


def sentence(step: Step) -> str:
    """Return one line for people: ``99,287 of 100,000 rows kept: drop repeated pairs, keep the last (...)``."""
    note = f" ({step.note})" if step.note else ""
    return f"{step.after:,} of {step.before:,} rows kept: {step.name}{note}"


def count(number: int, thing: str) -> str:
    """Return ``1 row``, ``713 rows``."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


@dataclass(frozen=True)
class DropMissing(Action):
    """Drop rows without a user or an item."""

    @property
    def name(self) -> str:
        """What the step does."""
        return "drop rows without a user or an item"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop the rows."""
        user, item = frame["user"].isna(), frame["item"].isna()
        lost = user | item
        if not lost.any():
            return frame, ""
        return frame[
            ~lost
        ], f"{count(int(user.sum()), 'row')} without a user, {int((item & ~user).sum())} without an item"


@dataclass(frozen=True)
class DropMarked(Action):
    """Drop rows that reading has marked as no events.

    Attributes:
        why: the mark, in the column ``drop``.
    """

    why: str

    @property
    def name(self) -> str:
        """What the step does."""
        return f"drop {self.why}"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop the rows."""
        return (frame[(frame["drop"] != self.why).to_numpy()] if "drop" in frame else frame), ""


@dataclass(frozen=True)
class Duplicates(Action):
    """Let each user and item have one row.

    Attributes:
        keep: ``first`` or ``last`` in time (in the file where there is no time), ``strongest`` behaviour (ties: largest
            value, then the last), ``sum`` of the values in the last row, or ``all`` rows.
    """

    keep: Keep = "last"

    @property
    def name(self) -> str:
        """What the step does."""
        if self.keep == "all":
            return "keep repeated pairs"
        return f"drop repeated pairs, keep the {'last with the sum' if self.keep == 'sum' else self.keep}"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop the rows that do not stay."""
        pair = pairs(frame)
        repeated = _repeated(pair)
        if not len(repeated):
            return frame, "no pair is repeated"
        # only rows of repeated pairs are sorted: most sets have few
        own = pair[repeated]
        time = frame["timestamp"].to_numpy()[repeated] if "timestamp" in frame else repeated
        value, behaviour = frame["value"].to_numpy()[repeated], frame["behaviour"].to_numpy()[repeated]
        keys = (repeated, time, value, behaviour, own) if self.keep == "strongest" else (repeated, time, own)
        order = np.lexsort(keys)
        edge = own[order][1:] != own[order][:-1]
        begins, ends = np.append(True, edge), np.append(edge, True)
        chosen = repeated[order[begins if self.keep == "first" else ends]]
        dropped = len(repeated) - len(chosen)
        if self.keep == "all":
            return frame, f"{count(dropped, 'row')} repeat a pair"
        if self.keep == "sum":
            total = np.bincount(np.cumsum(begins) - 1, weights=value[order])
            summed = frame["value"].to_numpy().copy()
            summed[chosen] = total
            frame = frame.assign(value=summed)
        stays = np.ones(len(frame), np.bool_)
        stays[repeated] = False
        stays[chosen] = True
        return frame[stays], f"{count(dropped, 'row')} repeated a pair"


def pairs(frame: pd.DataFrame) -> Int64:
    """Return int64[n], one number for each different user and item."""
    user = frame["user"].cat.codes.to_numpy().astype(np.int64)
    return user * len(frame["item"].cat.categories) + frame["item"].cat.codes.to_numpy()


def _repeated(numbers: Int64) -> Int64:
    """int64[r]: the rows whose number occurs more than once, in order; sorting takes a tenth of hashing's time."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    same = ordered[1:] == ordered[:-1]
    twice = np.zeros(len(numbers), np.bool_)
    twice[1:] |= same
    twice[:-1] |= same
    return np.sort(order[twice])


@dataclass(frozen=True)
class Core(Action):
    """Keep only users and items with enough partners, again and again until nothing changes.

    Attributes:
        user: how many different items a user must have.
        item: how many different users an item must have.
    """

    user: int = 1
    item: int = 1

    @property
    def name(self) -> str:
        """What the step does."""
        if self.user == self.item:
            return f"{self.user}-core: only users and items with at least {self.user} partners"
        return f"only users with at least {count(self.user, 'item')} and items with at least {count(self.item, 'user')}"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop rows until all are left with enough."""
        user, item = (frame[side].cat.codes.to_numpy() for side in ("user", "item"))
        _, first = np.unique(pairs(frame), return_index=True)
        users, items = user[first], item[first]
        sizes = (int(user.max(initial=-1)) + 1, int(item.max(initial=-1)) + 1)
        rounds = 0
        while True:
            poor_user = np.bincount(users, minlength=sizes[0]) < self.user
            poor_item = np.bincount(items, minlength=sizes[1]) < self.item
            good = ~poor_user[users] & ~poor_item[items]
            if good.all():
                break
            users, items = users[good], items[good]
            rounds += 1
        stays: Bool = ~poor_user[user] & ~poor_item[item]
        return frame[stays], f"after {count(rounds, 'round')}" if rounds else ""


@dataclass(frozen=True)
class Label(Action):
    """Turn ratings into labels: 1 from a bound on, else 0.

    Attributes:
        positive_from: the smallest value that means "liked".
    """

    positive_from: float

    @property
    def name(self) -> str:
        """What the step does."""
        return f"label 1 where the value is at least {self.positive_from:g}, else 0"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Add the column ``label`` (int8)."""
        label = (frame["value"].to_numpy() >= self.positive_from).astype(np.int8)
        return frame.assign(label=label), f"{int(label.sum()):,} liked, {int((label == 0).sum()):,} not"


@dataclass(frozen=True)
class Weigh(Action):
    """Give each row its behaviour's weight as value.

    Attributes:
        names: the behaviours, in the order of their codes.
        weights: their weights.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """What the step does."""
        said = ", ".join(f"{name} {weight:g}" for name, weight in zip(self.names, self.weights, strict=True))
        return f"behaviours to weights: {said}"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Set the values."""
        return frame.assign(value=np.asarray(self.weights, np.float64)[frame["behaviour"].to_numpy()]), ""


@dataclass(frozen=True)
class Binary(Action):
    """Let every row count the same: what a user took becomes a vector of ones and zeros."""

    @property
    def name(self) -> str:
        """What the step does."""
        return "values to 1: taken or not"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Set the values."""
        other = int((frame["value"] != 1).sum())
        return frame.assign(value=np.ones(len(frame))), f"{count(other, 'value')} other than 1" if other else ""


@dataclass(frozen=True)
class ShuffleTies(Action):
    """Put the rows of one user and one time in random order: the file's own may be one that all users share.

    Attributes:
        seed: of the order.
    """

    seed: int

    @property
    def name(self) -> str:
        """What the step does."""
        return f"rows of one user and time in random order, seed {self.seed}"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Let the rows of each tie change places; no row is dropped."""
        if "timestamp" not in frame:
            raise ConfigError("shuffle_ties needs timestamps, which the data does not have")
        user, time = frame["user"].cat.codes.to_numpy(), frame["timestamp"].to_numpy()
        given = np.lexsort((time, user))
        drawn = np.lexsort((np.random.default_rng(self.seed).random(len(frame)), time, user))
        rows = np.empty(len(frame), np.int64)
        rows[given] = drawn
        same = (user[given][1:] == user[given][:-1]) & (time[given][1:] == time[given][:-1])
        tied = int(np.count_nonzero(np.append(same, False) | np.append(False, same)))
        return frame.iloc[rows], f"{count(tied, 'row')} share user and time"

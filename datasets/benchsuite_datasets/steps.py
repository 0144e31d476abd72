"""Steps of preparation: declared, typed, counted. Each takes a frame of events and returns a frame and what it did.

A frame has the columns ``user`` and ``item`` (categories of raw ids), ``value`` (float64), ``behaviour`` (int8), and,
where known, ``timestamp`` (int64, UTC seconds), ``part`` and any text column. Rows keep their order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchsuite.data import Bool, Int64, Step
from benchsuite.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

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
class KeepBehaviours(Action):
    """Keep only some behaviours.

    Attributes:
        names: all behaviours, in the order of their codes.
        kept: which of them stay.
    """

    names: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the step does."""
        return f"keep only {', '.join(self.kept)}"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop the other behaviours' rows; the codes stay as they were."""
        codes = frame["behaviour"].to_numpy()
        counts = np.bincount(codes, minlength=len(self.names))
        lost = [f"{count(int(n), 'row')} of {name}" for name, n in zip(self.names, counts, strict=True) if n]
        stays = np.isin(codes, [self.names.index(name) for name in self.kept])
        dropped = [line for line in lost if line.rpartition(" of ")[2] not in self.kept]
        return frame[stays], f"dropped {', '.join(dropped)}" if dropped else ""


@dataclass(frozen=True)
class NetCancellations(Action):
    """Subtract rows of negative value (returns, cancellations) from what the same user took of the same item before.

    The youngest rows before the cancellation give way first; a row that is used up is dropped. What exceeds everything
    taken before (it was bought before the data begins) is dropped too, and counted. Rows of value 0 are dropped.
    """

    @property
    def name(self) -> str:
        """What the step does."""
        return "net cancellations against what was taken before"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Net the rows of each pair, in the order of time (of the file where there is no time)."""
        value = frame["value"].to_numpy().copy()
        negative = value < 0
        if not negative.any():
            return frame[value > 0], ""
        pair = pairs(frame)
        touched = np.flatnonzero(np.isin(pair, pair[negative]))
        time = frame["timestamp"].to_numpy() if "timestamp" in frame else np.zeros(len(frame), np.int64)
        # a cancellation at the very minute of the purchase comes after it
        order = touched[np.lexsort((touched, negative[touched], time[touched], pair[touched]))]
        open_rows: list[int] = []
        last_pair, unmatched = -1, 0
        for row in order.tolist():
            if pair[row] != last_pair:
                open_rows, last_pair = [], pair[row]
            if value[row] > 0:
                open_rows.append(row)
                continue
            owed = -value[row]
            while owed > 0 and open_rows:
                youngest = open_rows[-1]
                taken = min(owed, value[youngest])
                value[youngest] -= taken
                owed -= taken
                if value[youngest] <= 0:
                    open_rows.pop()
            unmatched += owed > 0
        kept = value > 0
        used_up = int((~kept & (frame["value"].to_numpy() > 0)).sum())
        note = (
            f"{count(int(negative.sum()), 'cancellation')}, {int(unmatched)} of them with nothing left to cancel; "
            f"{count(used_up, 'row')} cancelled in full"
        )
        return frame.assign(value=value)[kept], note


@dataclass(frozen=True)
class BoundValues(Action):
    """Drop or clip rows whose value lies outside bounds.

    Attributes:
        low: smallest value that is kept, or None.
        high: largest value, or None.
        clip: move outliers to the bound rather than drop them.
    """

    low: float | None = None
    high: float | None = None
    clip: bool = False

    @property
    def name(self) -> str:
        """What the step does."""
        bounds = [f"below {self.low:g}"] if self.low is not None else []
        bounds += [f"above {self.high:g}"] if self.high is not None else []
        return f"{'clip' if self.clip else 'drop'} values {' or '.join(bounds)}"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop or clip the rows."""
        value = frame["value"].to_numpy()
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        outside = (value < low) | (value > high)
        if not self.clip:
            return frame[~outside], ""
        return frame.assign(value=np.clip(value, low, high)), f"{count(int(outside.sum()), 'value')} clipped"


@dataclass(frozen=True)
class DropBusyUsers(Action):
    """Drop users with more events than a person can have: robots, shared accounts.

    Attributes:
        most: the largest number of events that is believed.
    """

    most: int

    @property
    def name(self) -> str:
        """What the step does."""
        return f"drop users with more than {self.most:,} events"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop their rows."""
        codes = frame["user"].cat.codes.to_numpy()
        events = np.bincount(codes, minlength=1)
        busy = events > self.most
        return frame[~busy[codes]], f"{count(int(busy.sum()), 'user')} dropped"


@dataclass(frozen=True)
class TimeWindow(Action):
    """Keep only rows of a span of time.

    Attributes:
        since: ISO date or time of the first moment kept, "" for no bound.
        until: ISO date or time of the first moment not kept.
    """

    since: str = ""
    until: str = ""

    @property
    def name(self) -> str:
        """What the step does."""
        span = [f"from {self.since}"] if self.since else []
        span += [f"before {self.until}"] if self.until else []
        return f"keep only rows {' and '.join(span)} (UTC)"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Drop the rows outside."""
        if "timestamp" not in frame:
            raise ConfigError("since and until need timestamps, which the data does not have")
        time = frame["timestamp"].to_numpy()
        inside = np.ones(len(frame), np.bool_)
        if self.since:
            inside &= time >= moment(self.since)
        if self.until:
            inside &= time < moment(self.until)
        return frame[inside], ""


def moment(iso: str) -> int:
    """Return UTC seconds of an ISO date or time; without a zone it is UTC.

    Raises:
        ConfigError: when it is none.
    """
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        raise ConfigError(f'"{iso}" is not a date', remedy="write it like 1998-01-31") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


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
        row = np.arange(len(frame))
        time = frame["timestamp"].to_numpy() if "timestamp" in frame else row
        if self.keep == "all":
            repeated = len(frame) - len(np.unique(pair))
            return frame, f"{count(repeated, 'row')} repeat a pair" if repeated else ""
        keys: tuple[np.ndarray, ...] = (row, time, pair)
        if self.keep == "strongest":
            keys = (row, time, frame["value"].to_numpy(), frame["behaviour"].to_numpy(), pair)
        order = np.lexsort(keys)
        edge = pair[order][1:] != pair[order][:-1]
        ones = np.ones(min(1, len(order)), np.bool_)
        chosen = order[np.concatenate([ones, edge])] if self.keep == "first" else order[np.concatenate([edge, ones])]
        dropped = len(frame) - len(chosen)
        if not dropped:
            return frame, "no pair is repeated"
        if self.keep == "sum":
            group = np.cumsum(np.concatenate([~ones, edge]))
            total = np.bincount(group, weights=frame["value"].to_numpy()[order])
            value = frame["value"].to_numpy().copy()
            value[chosen] = total
            frame = frame.assign(value=value)
        return frame.iloc[np.sort(chosen)], f"{count(dropped, 'row')} repeated a pair"


def pairs(frame: pd.DataFrame) -> Int64:
    """Return int64[n], one number for each different user and item."""
    user = frame["user"].cat.codes.to_numpy().astype(np.int64)
    return user * len(frame["item"].cat.categories) + frame["item"].cat.codes.to_numpy()


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

"""Steps that take out what should not count: other behaviours, cancellations, outliers, other times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from benchsuite.errors import ConfigError
from benchsuite_datasets.preparation_steps import Action, count, pairs

if TYPE_CHECKING:
    import pandas as pd


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
class Sessions(Action):
    """Let each session count as a user of its own: a user's events with no longer pause between them than a bound.

    Session number n of user ``u`` gets the id ``u/n``.

    Attributes:
        minutes: the longest pause inside a session.
    """

    minutes: int

    @property
    def name(self) -> str:
        """What the step does."""
        return f"users to sessions, which end with a pause of more than {self.minutes} minutes"

    def change(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Rename the users; no row is dropped."""
        import pandas as pd

        if "timestamp" not in frame:
            raise ConfigError("session_minutes needs timestamps, which the data does not have")
        user, time = frame["user"].cat.codes.to_numpy(), frame["timestamp"].to_numpy()
        order = np.lexsort((np.arange(len(frame)), time, user))
        begins = np.ones(len(frame), np.bool_)
        new_user = user[order][1:] != user[order][:-1]
        begins[1:] = new_user | (np.diff(time[order]) > 60 * self.minutes)
        number = np.cumsum(begins) - 1
        first = np.flatnonzero(begins)
        names = frame["user"].cat.categories[user[order][first]]
        # the number of the session within its user: sessions of one user follow each other
        own = np.arange(len(first)) - np.searchsorted(user[order][first], user[order][first], side="left")
        codes = np.empty(len(frame), np.int64)
        codes[order] = number
        ids = pd.Index([f"{name}/{at + 1}" for name, at in zip(names, own.tolist(), strict=True)], dtype=str)
        sessions = pd.Categorical.from_codes(codes, ids)
        return frame.assign(user=sessions), f"{count(len(first), 'session')} of {count(len(np.unique(user)), 'user')}"

"""A toy data set and models that misbehave in every way, used through ``./toy.py:Name``."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from benchsuite.api import Context, Model, Need, Place, Search, Source
from benchsuite.data import Dataset, Entities, Interactions


@dataclass
class Toy(Source):
    """Two tastes, forty users, thirty items, made on the spot."""

    users: int = 40
    licence = "public domain"

    def load(self, place: Place) -> Dataset:
        rng = np.random.default_rng(0)
        taste = np.arange(self.users) % 2
        pairs = [
            (u, i) for u in range(self.users) for i in range(30) if rng.random() < (0.5 if i % 2 == taste[u] else 0.1)
        ]
        user, item = (np.array(column) for column in zip(*pairs, strict=True))
        rows = Interactions(user, item, np.ones(len(user)), None, np.arange(len(user)), np.zeros(len(user)), ("take",))
        place.say("toy data made")
        return Dataset(
            "toy",
            rows,
            Entities(tuple(f"u{j}" for j in range(self.users))),
            Entities(tuple(f"i{j}" for j in range(30))),
        )


@dataclass
class Counts(Model):
    """Popularity with a power; writes a mark each time it is fitted, so that a test can count."""

    power: Annotated[float, Search(0.1, 2.0)] = 1.0

    def fit(self, train: Dataset, context: Context) -> Counts:
        marks = os.environ.get("TOY_MARKS")
        if marks:
            with Path(marks).open("a") as file:
                file.write(f"{self.power}\n")
        self._score = np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.float32) ** self.power
        context.progress(1, 1, "done")
        return self

    def score(self, queries: Any, candidates: Any) -> Any:
        row = self._score if candidates is None else self._score[candidates]
        return np.tile(row, (len(queries), 1))

    def facts(self) -> dict[str, Any]:
        return {"parameters": len(self._score)}


@dataclass
class Raises(Counts):
    """Raises while it is fitted."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        print("so far so good")
        raise ValueError("two\nlines")


@dataclass
class Dies(Counts):
    """Is killed while it is fitted."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        os.kill(os.getpid(), signal.SIGKILL)
        return self


@dataclass
class Exits(Counts):
    """Leaves the interpreter."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        print("the last words", flush=True)
        os._exit(7)


@dataclass
class Sleeps(Counts):
    """Never comes back."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        time.sleep(600)
        return self


@dataclass
class Writes(Counts):
    """Writes into its input."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        train.interactions.item[0] = 0
        return self


@dataclass
class Wants(Counts):
    """Wants what the data does not have."""

    needs = frozenset({Need.ITEM_TEXT, Need.LINKS})


@dataclass
class Told(Counts):
    """Tells how many numbers it learnt."""

    def parameter_count(self) -> int:
        return len(self._score)


@dataclass
class Babbles(Counts):
    """Tells what is no number."""

    def parameter_count(self) -> Any:
        return "many"

"""Models that write down when each of their fits begins, so that work that is done twice is found from outside."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

FITS = "ATTACK_FITS"
"""The environment variable that names the file to which each fit adds a line: seconds since 1970, and which fit."""

PLUGIN = '''"""The classics; each fit says when it begins, and its results name the fit."""

import hashlib
import os
import time
from dataclasses import asdict, dataclass

from benchsuite_classic.als import ALS as _ALS
from benchsuite_classic.ease import EASE as _EASE
from benchsuite_classic.item_knn import ItemKNN as _ItemKNN
from benchsuite_classic.popular import Popular as _Popular
from benchsuite_classic.user_knn import UserKNN as _UserKNN


class _Counted:
    def fit(self, train, context):
        what = hashlib.sha256(repr((type(self).__name__, sorted(asdict(self).items()), context.seed)).encode())
        for column in (train.interactions.user, train.interactions.item):
            what.update(column.tobytes())
        self._which = what.hexdigest()
        file = os.open(os.environ["ATTACK_FITS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, f"{time.time()} {self._which}\\n".encode())
        os.close(file)
        return super().fit(train, context)

    def facts(self):
        return {**super().facts(), "fit": self._which}


@dataclass
class Popular(_Counted, _Popular):
    """Popularity."""


@dataclass
class ItemKNN(_Counted, _ItemKNN):
    """Items by their neighbours."""


@dataclass
class UserKNN(_Counted, _UserKNN):
    """Items of similar users."""


@dataclass
class ALS(_Counted, _ALS):
    """Factors."""


@dataclass
class EASE(_Counted, _EASE):
    """A linear autoencoder."""
'''

EXPERIMENT = """
name = "chaos"
seeds = [1, 2, 3]
sources = [{{ use = "demo", with = {{ users = {users}, items = {items}, events_per_user = 16 }} }}]
splits = ["random-holdout", {{ use = "item-cold", with = {{ items = 0.2, validation_items = 0.2 }} }}]
models = [{{ use = "./counted.py:Popular", label = "popular" }}, {{ use = "./counted.py:ItemKNN", label = "item-knn" }},
          {{ use = "./counted.py:UserKNN", label = "user-knn" }}, {{ use = "./counted.py:ALS", label = "als" }},
          {{ use = "./counted.py:EASE", label = "ease" }}]
metrics = ["f1", "ndcg@10", "recall@20"]
tune = {{ on = "ndcg@10", trials = 4 }}
"""
"""60 cells, test and validation, behind the trials of four searched models."""

SMALL = """
name = "chaos"
sources = [{{ use = "demo", with = {{ users = {users}, items = {items}, events_per_user = 16 }} }}]
splits = ["random-holdout"]
models = [{{ use = "./counted.py:Popular", label = "popular" }}, {{ use = "./counted.py:ItemKNN", label = "item-knn" }},
          {{ use = "./counted.py:EASE", label = "ease" }}]
metrics = ["f1", "ndcg@10", "recall@20"]
tune = {{ on = "ndcg@10", trials = 3 }}
"""

_CLOCK = 0.05
"""Seconds by which the time of a file may lag behind the clock."""


def begun(file: Path) -> list[tuple[float, str]]:
    """Return when fits began, and which: one line each."""
    lines = file.read_text("ascii").splitlines() if file.exists() else []
    return [(float(moment), which) for moment, _, which in (line.partition(" ") for line in lines)]


def finished(store: Path) -> dict[str, float]:
    """Return when the result of each fit came into the store, in seconds since 1970."""
    found = {}
    for path in sorted(store.glob("cell/*/*/manifest.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):  # it is damaged just now
            told = json.loads(path.read_text("utf-8"))
            if told["state"] == "ok":
                found[told["facts"]["fit"]] = path.stat().st_mtime
    return found


def done_again(file: Path, store: Path) -> Iterator[str]:
    """Yield each fit that began when its result was in the store already.

    A result that was damaged and set aside does not count: the new one is younger than all its fits.
    """
    there = finished(store)
    for moment, which in begun(file):
        if which in there and moment > there[which] + _CLOCK:
            yield f"{which[:12]} began {moment - there[which]:.2f} s after its result was stored"

"""A source, a split, a metric and a report that each leave the working folder behind, and are right otherwise."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchsuite.api import Metric, Report, Source, Split
from benchsuite_testing import last_events, small_dataset


@dataclass
class CarelessSource(Source):
    """Makes the kit's data, elsewhere."""

    domain: ClassVar[str] = "books"
    licence: ClassVar[str] = "free"
    simulated: ClassVar[bool] = True

    def load(self, place):
        os.chdir("/")
        return small_dataset()


@dataclass
class CarelessSplit(Split):
    """Holds out each user's last event, elsewhere."""

    def split(self, dataset, seed):
        os.chdir("/")
        yield last_events(dataset, strangers=False)


@dataclass
class CarelessMetric(Metric):
    """Share of queries whose first item is relevant, elsewhere."""

    convention: ClassVar[str] = "1 where the first item is relevant; queries without a relevant item do not count"

    def measure(self, evidence):
        os.chdir("/")
        first = evidence.rankings.item[:, 0]
        hit = [float(item in evidence.relevant[query]) for query, item in enumerate(first)]
        return np.where(evidence.relevant.counts > 0, np.asarray(hit, np.float64), np.nan)


@dataclass
class CarelessReport(Report):
    """Lists what it is given, elsewhere."""

    def render(self, comparison):
        os.chdir("/")
        rows = "\n".join(map(repr, comparison.rows))
        return {"all.txt": f"{comparison.name}\n{rows}\n".encode()}


CARELESS: dict[Any, Any] = {
    "sources": CarelessSource,
    "splits": CarelessSplit,
    "metrics": CarelessMetric,
    "reports": CarelessReport,
}

"""About how long fits take: by what the store measured, else by typical times; and by that, cheap ones first."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from benchsuite.errors import StoreError
from benchsuite.interface import count
from benchsuite.keys import content_key
from benchsuite.store import Store

if TYPE_CHECKING:
    from benchsuite.plan import Cell, Plan

_MOST_READ = 1000
"""So many stored cells are looked at."""

_CHEAP, _MIDDLE = 5.0, 60.0
_START = 0.5
"""Seconds for starting a process, loading its data and keeping its answers, which are no cost of the model."""

_LEAST = 0.2
"""No fit is taken for faster than this share of its typical time, however small the data."""


class TimeEstimate:
    """Seconds of fitting and scoring, by cell.

    Args:
        plan: whose cells are asked for.
        store: whose costs are read.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self._store = store
        self._rows = {info.fingerprint: info.interactions or 0 for info in plan.datasets}
        self._data = {info.label: info.fingerprint for info in plan.datasets}
        self._language = {info.label for info in plan.models if info.uses_language_model}
        self._same: dict[object, list[float]] = {}
        self._per_row: dict[str, list[float]] = {}
        self._fold_data: dict[str, str] = {}
        typical = json.loads((files("benchsuite.runner") / "typical_times.json").read_text("utf-8"))
        self._typical: dict[str, float] = typical["models"]
        self._typical_rows = int(typical["rows"])
        self._rows = {info.fingerprint: info.interactions or self._typical_rows for info in plan.datasets}
        for cell in plan.cells:
            self._fold_data[cell.fold_key] = self._data.get(cell.dataset, "")
        self._read()

    def seconds(self, cell: Cell) -> tuple[float | None, str]:
        """Return the seconds, None where nothing is known, and where they are from: ``store``, ``typical`` or ""."""
        plugin, data = cell.identity["model"]["plugin"], self._data.get(cell.dataset, "")
        if known := self._same.get(_same(cell.identity["model"], data)):
            return statistics.median(known), "store"
        rows = self._rows.get(data) or self._typical_rows
        if scaled := self._per_row.get(plugin):
            return statistics.median(scaled) * rows, "store"
        typical = self._typical.get(plugin.rpartition("/")[2])
        if typical is None:
            return None, ""
        share = rows / self._typical_rows
        return typical * max(share, 1.0 if cell.model in self._language else _LEAST), "typical"

    def tier(self, cell: Cell) -> int:
        """Return 0 for cheap fits, 1 for others, 2 for those of a minute and more; what is not known comes second."""
        seconds, _ = self.seconds(cell)
        if seconds is None:
            return 2 if cell.model in self._language else 1
        if seconds < _CHEAP:
            return 1 if cell.model in self._language else 0
        return 1 if seconds < _MIDDLE else 2

    def cheap_first(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return cells by tier, else in their order, so that folds which are read once serve several fits."""
        return sorted(cells, key=self.tier)

    def total(self, cells: Iterable[Cell]) -> float | None:
        """Return the seconds of all that are known, with the start of their processes; None where none is known."""
        known = [seconds + _START for cell in cells if (seconds := self.seconds(cell)[0]) is not None]
        return sum(known) if known else None

    def sentence(self, cells: Sequence[Cell], workers: int) -> str:
        """Return ``about 4 minutes for 34 fits``, where that is from, and of how many nothing is known; or ""."""
        found = [self.seconds(cell) for cell in cells]
        total = self.total(cells)
        if total is None:
            return ""
        kinds = [kind for _, kind in found]
        stored, typical, unknown = (kinds.count(kind) for kind in ("store", "typical", ""))
        sources = [f"{stored:,} by what this store measured"] if stored else []
        sources += [f"{typical:,} by typical times of two cores without a GPU"] if typical else []
        sources += [f"{unknown:,} not counted, of unknown length"] if unknown else []
        return f"about {duration(total / workers)} for {count(len(cells), 'fit')}: {', '.join(sources)}"

    def _read(self) -> None:
        for key in self._store.keys("cell")[:_MOST_READ]:
            try:
                manifest = self._store.get("cell", key).manifest
                identity, costs = manifest["identity"], manifest["costs"]
                data = self._data_of(identity["fold"])
            except (StoreError, KeyError):
                continue  # an estimate needs no damaged cell
            if manifest["state"] != "ok":
                continue
            # What was made once for all fits is there already.
            seconds = costs["fit_seconds"] + costs["score_seconds"] - costs.get("shared_seconds", 0.0)
            self._same.setdefault(_same(identity["model"], data), []).append(seconds)
            if rows := self._rows.get(data):
                self._per_row.setdefault(identity["model"]["plugin"], []).append(seconds / rows)

    def _data_of(self, fold: str) -> str:
        if fold not in self._fold_data:
            self._fold_data[fold] = str(self._store.get("fold", fold).manifest["data"])
        return self._fold_data[fold]


def about_missing(plan: Plan, store: Store, workers: int = 1) -> str:
    """Return about how long the cells of a plan take that have no result yet; "" where nothing is known or missing."""
    missing = {cell.key: cell for cell in plan.cells if not cell.reason and not store.has("cell", cell.key)}
    return TimeEstimate(plan, store).sentence(list(missing.values()), workers) if missing else ""


def duration(seconds: float) -> str:
    """Return ``20 seconds``, ``4 minutes`` or ``2.5 hours``; never nothing."""
    if seconds < 50:  # noqa: PLR2004 - from here on it reads better in minutes
        return count(max(1, round(seconds / 5) * 5 or round(seconds)), "second")
    if seconds < 90 * 60:
        return count(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"


def _same(model: Any, data: str) -> str:
    return content_key("model on data", {"model": model, "data": data})


def typical_seconds(model: str) -> float:
    """Return how long one fit of a built-in model takes on 100,000 rows; a model that nobody timed takes a minute."""
    typical = json.loads((files("benchsuite.runner") / "typical_times.json").read_text("utf-8"))
    return float(typical["models"].get(model.rpartition("/")[2], _MIDDLE))

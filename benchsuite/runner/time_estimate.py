"""About how long fits take: by what the store measured, else by typical times; and by that, cheap ones first."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from benchsuite.errors import StoreError
from benchsuite.interface import count
from benchsuite.keys import content_key
from benchsuite.runner.typical_times import LONG, Size, Typical, by_items, measured, typical, usual
from benchsuite.store import Store
from benchsuite.tune import Budget

if TYPE_CHECKING:
    from benchsuite.plan import Cell, Plan

_MOST_READ = 1000
"""So many stored cells are looked at."""

_CHEAP, _MIDDLE = 5.0, LONG
_START = 0.5
"""Seconds for starting a process, loading its data and keeping its answers, which are no cost of the model."""


class TimeEstimate:
    """Seconds of fitting and scoring, by cell.

    Args:
        plan: whose cells are asked for.
        store: whose costs are read.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan, self._store = plan, store
        base = usual()
        self._sizes = {
            info.fingerprint: Size(info.interactions or base.rows, info.items or base.items) for info in plan.datasets
        }
        self._data = {info.label: info.fingerprint for info in plan.datasets}
        self._language = {info.label for info in plan.models if info.uses_language_model}
        self._same: dict[object, list[float]] = {}
        self._by_size: dict[str, list[float]] = {}
        self._made: set[tuple[str, str]] = set()
        self._fold_data: dict[str, str] = {}
        for cell in plan.cells:
            self._fold_data[cell.fold_key] = self._data.get(cell.dataset, "")
        self._scale: float | None = None
        self._scale = self._measured_scale()
        self._read()

    def _measured_scale(self) -> float | None:
        """Return by what typical times are multiplied to come to what the whole experiment took, None where unknown."""
        cells = {cell.key: cell for cell in self._plan.cells if not cell.reason}
        whole = measured(self._plan.name, len(cells))
        if whole is None:
            return None
        self._scale = 1.0  # those that nobody timed count, too: the whole holds them
        found = (self.total(cells.values()) or 0.0) + self.tuning(cells.values())[1]
        starts = _START * len(cells)  # which no model is slower at
        return max(whole - starts, 1.0) / max(found - starts, 1.0)

    def seconds(self, cell: Cell) -> tuple[float | None, str]:
        """Return the seconds, None where nothing is known, and where they are from: ``store``, ``typical`` or ""."""
        plugin, data = cell.identity["model"]["plugin"], self._data.get(cell.dataset, "")
        if known := self._same.get(_same(cell.identity["model"], data)):
            return statistics.median(known), "store"
        if scaled := self._by_size.get(plugin):
            return statistics.median(scaled) * self._size(plugin, data), "store"
        found = self._typical(cell)
        return (None, "") if found is None else (found.own, "typical")

    def _typical(self, cell: Cell) -> Typical | None:
        model, data = cell.identity["model"], self._data.get(cell.dataset, "")
        found = typical(model["plugin"], model["settings"], self._sizes.get(data) or usual())
        if self._scale is None:
            return found
        found = found or Typical(LONG)
        return Typical(found.own * self._scale, found.shared * self._scale, found.of)

    def _size(self, plugin: str, data: str) -> int:
        """Return by what the time of a model grows."""
        size = self._sizes.get(data) or usual()
        return size.items if by_items(plugin) else size.rows

    def _shared(self, cells: Iterable[Cell]) -> float:
        """Return the seconds of what several fits share, and no fit in the store has made yet."""
        found = {}
        for cell in cells:
            one, data = self._typical(cell), self._data.get(cell.dataset, "")
            if one is not None and one.of and (one.of, data) not in self._made:
                found[one.of, data] = one.shared
        return sum(found.values())

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
        """Return the seconds of all that are known, with the start of their processes; None where none is known.

        What fits share is counted once, and not where the store holds a fit that needed it.
        """
        asked = list(cells)
        known = [seconds + _START for cell in asked if (seconds := self.seconds(cell)[0]) is not None]
        return sum(known) + self._shared(asked) if known else None

    def tuning(self, cells: Iterable[Cell]) -> tuple[int, float]:
        """Return how many trials come before these cells at most, and about how many seconds they take."""
        budget = self._plan.settings.get("tune")
        if budget is None:
            return 0, 0.0
        searched = {info.label for info in self._plan.models if info.space}
        first = [cell for cell in cells if cell.stage == "validation" and not cell.reason]
        own = Budget(**budget)
        most = sum(own.most(searched=cell.model in searched) for cell in first)
        each = [((self.seconds(cell)[0] or 0.0) + _START, cell.model in searched) for cell in first]
        return most, sum(own.longest(seconds, searched=one) for seconds, one in each)

    def sentence(self, cells: Sequence[Cell], workers: int, tuning: float = 0.0) -> str:
        """Return ``about 4 minutes for 34 fits``, where that is from, and of how many nothing is known; or "".

        Args:
            cells: to be fitted.
            workers: how many are fitted at a time.
            tuning: seconds of trials before them.
        """
        found = [self.seconds(cell) for cell in cells]
        total = self.total(cells)
        if total is None:
            return ""
        total += tuning
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
            plugin = identity["model"]["plugin"]
            if data in self._sizes:
                self._by_size.setdefault(plugin, []).append(seconds / max(self._size(plugin, data), 1))
                one = typical(plugin, identity["model"]["settings"], self._sizes[data])
                self._made |= {(one.of, data)} if one is not None and one.of else set()

    def _data_of(self, fold: str) -> str:
        if fold not in self._fold_data:
            self._fold_data[fold] = str(self._store.get("fold", fold).manifest["data"])
        return self._fold_data[fold]


def about_missing(plan: Plan, store: Store, workers: int = 1) -> str:
    """Return about how long the cells of a plan take that have no result yet; "" where nothing is known of them."""
    missing = missing_cells(plan, store)
    if not missing:
        return "nothing is left to fit: a run takes a few seconds"
    estimate = TimeEstimate(plan, store)
    trials, seconds = estimate.tuning(missing)
    told = estimate.sentence(missing, workers, seconds)
    if told and trials:
        told += f"; {duration(seconds / workers)} of it for at most {count(trials, 'tuning trial')} before them"
    return told


def missing_cells(plan: Plan, store: Store) -> list[Cell]:
    """Return the cells that can be fitted and have no result yet, each once."""
    cells = {cell.key: cell for cell in plan.cells if not cell.reason and not store.has("cell", cell.key)}
    return list(cells.values())


def duration(seconds: float) -> str:
    """Return ``20 seconds``, ``4 minutes`` or ``2.5 hours``; never nothing."""
    if seconds < 50:  # noqa: PLR2004 - from here on it reads better in minutes
        return count(max(1, round(seconds / 5) * 5 or round(seconds)), "second")
    if seconds < 90 * 60:
        return count(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f}".removesuffix(".0") + " hours"


def _same(model: Any, data: str) -> str:
    return content_key("model on data", {"model": model, "data": data})

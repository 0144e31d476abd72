"""What each row cost: means over seeds and folds of what the harness measured, and estimates of energy and CO2e."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from benchsuite.analysis import energy
from benchsuite.data import MetricInfo, Row

_WATT_HOURS, _GRAMS = "energy_wh", "co2e_g"

COSTS = {
    "fit_seconds": "seconds to fit on the whole training part, wall clock, mean over folds and seeds",
    "score_seconds": "seconds to rank all queries and score all pairs, wall clock, mean over folds and seeds",
    "peak_memory_mb": "peak resident memory of the process in MB (10^6 bytes), libraries and data included",
    "parameters": (
        "numbers that the fitted model learnt or came with pretrained, as it tells itself, a language model's frozen "
        "weights included, zeros of sparse matrices left out; mean over folds and seeds"
    ),
    _WATT_HOURS: "estimated energy in Wh",
    _GRAMS: "estimated grams of CO2e",
    "fallback_share": "share of list places filled by popularity because the model had no opinion",
}
"""What each cost is, in the order of the tables."""

_HEADS = {
    "fit_seconds": ("Fit (s)", "seconds"),
    "score_seconds": ("Score (s)", "seconds"),
    "peak_memory_mb": ("Peak memory (MB)", "MB"),
    "parameters": ("Parameters", "count"),
    _WATT_HOURS: ("Energy (Wh, est.)", "Wh"),
    _GRAMS: ("CO2e (g, est.)", "g"),
    "fallback_share": ("Fallback", "share"),
}
"""Heading and unit of each cost, in the same order."""

_OLD = "not measured: stored before it was counted"


class CellCost(Protocol):
    """What one cell cost."""

    @property
    def costs(self) -> Mapping[str, float]:
        """Seconds, megabytes and shares by name."""

    @property
    def spent(self) -> Mapping[str, Any]:
        """``parameters`` and ``power`` of the manifest; an old cell has neither."""


@dataclass
class Costs:
    """Makes the cost rows of cells, and collects the assumptions of the estimates.

    Attributes:
        country: whose electricity was used: three letters, or "" for the world's average.
        tables: what processors and countries draw and emit.
    """

    country: str = ""
    tables: energy.EnergyTables = field(default_factory=energy.EnergyTables)
    _watts: set[str] = field(default_factory=set)
    _shared: dict[str, list[float]] = field(default_factory=dict)

    def rows(self, dataset: str, split: str, model: str, cells: Sequence[CellCost]) -> Iterator[Row]:
        """Yield one row for each cost: its mean, or why there is none."""
        for cell in cells:
            if seconds := cell.costs.get("shared_seconds", 0.0):
                self._shared.setdefault(model, []).append(seconds)
        for name in COSTS:
            values = [self._value(name, cell) for cell in cells]
            reason = next((value for value in values if isinstance(value, str)), "")
            if reason:
                yield Row(dataset, split, model, name, None, None, None, 0, "not applicable", reason)
            else:
                mean = float(np.mean([value for value in values if not isinstance(value, str)]))
                yield Row(dataset, split, model, name, mean, None, None, len(cells), "ok")

    def infos(self) -> tuple[MetricInfo, ...]:
        """Return what each cost is; call it after :meth:`rows`."""
        said = dict(COSTS)
        if self._shared:
            each = ", ".join(f"{model} {np.mean(seconds):.1f}" for model, seconds in sorted(self._shared.items()))
            said["fit_seconds"] += (
                "; in them, as if each fit had made it, what a frozen language model makes of the texts, which is made "
                f"once and shared (seconds that it took when it was made, mean over cells: {each})"
            )
        if self._watts:
            grams, where = self.tables.grams(self.country)
            said[_WATT_HOURS] = (
                "estimated energy in Wh of one fit and all its answers, tuning left out: processor seconds of the "
                f"process times the watts of one logical processor ({'; '.join(sorted(self._watts))}; tables of "
                f"{energy.library()}), plus the energy counter of the GPU's whole board where one was used; without "
                "memory, disks and idle power, PUE 1.0; mean over folds and seeds"
            )
            said[_GRAMS] = (
                f"estimated grams of CO2e: the estimated energy times {grams:.0f} g per kWh, {where} in "
                f"{energy.library()}; mean over folds and seeds"
            )
        return tuple(
            MetricInfo(name, name, text, title=title, unit=unit, task="cost", higher_is_better=False, convention=text)
            for (name, text), (title, unit) in zip(said.items(), _HEADS.values(), strict=True)
        )

    def _value(self, name: str, cell: CellCost) -> float | str:
        """Return one cell's value, or why there is none."""
        if name == "parameters":
            count = cell.spent.get("parameters", _OLD)
            return "the model does not tell" if count is None else count if isinstance(count, str) else float(count)
        if name in (_WATT_HOURS, _GRAMS):
            return self._energy(cell, grams=name == _GRAMS)
        return cell.costs[name]

    def _energy(self, cell: CellCost, *, grams: bool) -> float | str:
        power = cell.spent.get("power")
        if power is None:
            return _OLD
        if power["gpu"] and power["gpu_joules"] is None:
            return f"the energy counter of the GPU cannot be read: {power['gpu']}"
        watts, told = self.tables.watts(power)
        self._watts.add(told)
        spent = energy.watt_hours(cell.costs["cpu_seconds"], power, watts)
        return spent * self.tables.grams(self.country)[0] / 1000 if grams else spent

"""How step sizes change while a model trains."""

from __future__ import annotations

import math
from typing import Any

from benchsuite_flm.settings import Schedule

_START = 0.04  # first step size of a cycle, as a share of the largest
_SHRINK = 0.1  # what a plateau or a loss below the threshold leaves of a step size
_LEAST = 1e-3  # a plateau leaves at least this share


def one_cycle(step: int, total: int, rise: float) -> float:
    """Return the size of a step (from 0 to ``total`` - 1) as a share of the largest: up, then down to zero, both along
    a cosine (Smith 2018)."""  # noqa: D205, D209 - one sentence
    top = rise * total
    if step < top:
        return _START + (1 - _START) * (1 - math.cos(math.pi * step / top)) / 2
    return (1 + math.cos(math.pi * min(1.0, (step - top) / (total - top)))) / 2


def warmup_cosine(step: int, total: int, rise: float) -> float:
    """Return the size of a step as a share of the largest: up along a line, then down along a cosine.

    With w = ceil(``rise`` * ``total``) steps of warm-up it is (step + 1) / (w + 1) for step < w, then
    (1 + cos(pi * (step - w) / (total - w))) / 2.
    """
    warm = math.ceil(rise * total)
    if step < warm:
        return (step + 1) / (warm + 1)
    return (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm)))) / 2


class Pace:
    """The share of the largest step size that each step gets.

    Args:
        schedule: ``one-cycle`` and ``warmup-cosine`` look at the step alone. ``constant`` is always 1. ``plateau``
            divides by ten each time the loss has not improved for ``patience`` epochs, down to a thousandth.
            ``threshold`` divides by ten, once, when the loss of an epoch first falls below ``below``.
        total: how many steps there will be.
        rise: share of the steps that rise.
        patience: epochs that ``plateau`` waits.
        below: the loss that ``threshold`` waits for.
    """

    def __init__(self, schedule: Schedule, total: int, rise: float, patience: int = 3, below: float = 0.0) -> None:
        self._schedule, self._total, self._rise = schedule, total, rise
        self._patience, self._below = patience, below
        self._factor = 1.0
        self._best: float | None = None
        self._bad = 0

    def share(self, step: int) -> float:
        """Return the share for a step, counted from 0."""
        if self._schedule == "one-cycle":
            return one_cycle(step, self._total, self._rise)
        if self._schedule == "warmup-cosine":
            return warmup_cosine(step, self._total, self._rise)
        return self._factor

    def observe(self, loss: float) -> None:
        """Hear the mean loss of an epoch."""
        if self._schedule == "threshold" and loss < self._below:
            self._factor = _SHRINK
        if self._schedule != "plateau":
            return
        if self._best is None or loss < self._best:
            self._best, self._bad = loss, 0
            return
        self._bad += 1
        if self._bad >= self._patience:
            self._factor, self._bad = max(_LEAST, self._factor * _SHRINK), 0

    def state(self) -> dict[str, Any]:
        """Return what :meth:`observe` changed, JSON-like."""
        return {"factor": self._factor, "best": self._best, "bad": self._bad}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` returned."""
        self._factor, self._best, self._bad = state["factor"], state["best"], state["bad"]

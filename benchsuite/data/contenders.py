"""Who competes in each table of a comparison, who leads it, and which row the others are held against: one rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchsuite.data.comparison import Role
from benchsuite.data.infos import MetricInfo, ModelInfo
from benchsuite.data.rows import NOT_ITS_OWN, Row

FALLBACK = "fallback_share"
"""The cost that holds the share of list places which the fallback filled."""

_RANDOM = "random"
_FROZEN = "-frozen"

Key = tuple[str, str, str, str]
"""Labels of data set and split, group ("" is everybody), metric."""


class Contenders:
    """The rows of a comparison that compete, by table.

    Args:
        rows: all rows, costs included.
        models: what is known of the models; one that only the rows know is a reference.
        metrics: what is known of the metrics.
    """

    def __init__(self, rows: Iterable[Row], models: Sequence[ModelInfo], metrics: Sequence[MetricInfo]) -> None:
        self._about = {info.label: info for info in models}
        self._metrics = {info.label: info for info in metrics}
        self._rows: dict[Key, list[Row]] = {}
        self._fallback: dict[tuple[str, str, str], float] = {}
        for row in rows:
            self._rows.setdefault((row.dataset, row.split, row.group, row.metric), []).append(row)
            if row.metric == FALLBACK and row.mean is not None and not row.group:
                self._fallback[row.dataset, row.split, row.model] = row.mean

    def fallback(self, row: Row) -> float:
        """Return the share of list places behind a value that the fallback filled, 0 where that is not known.

        Metrics of labelled pairs and of values rest on no lists, so the share of the lists says nothing of them.
        """
        if row.fallback_share is not None:
            return row.fallback_share
        about = self._metrics.get(row.metric)
        if about is not None and about.task != "ranking":
            return 0.0
        return self._fallback.get((row.dataset, row.split, row.model), 0.0)

    def competes(self, row: Row) -> bool:
        """Whether a row has a value that its model, which is no oracle, decided for the most part by itself."""
        about = self._about.get(row.model)
        if row.state != "ok" or row.mean is None or not math.isfinite(row.mean):
            return False
        if about is not None and about.is_oracle:
            return False
        return row.competes and self.fallback(row) + (row.tie_share or 0.0) <= NOT_ITS_OWN

    def is_reference(self, model: str) -> bool:
        """Whether others may be held against a model: it is not put to the test, no oracle and not chance."""
        about = self._about.get(model)
        return about is None or not (about.is_candidate or about.is_oracle or about.name == _RANDOM)

    def leader(self, key: Key) -> str | None:
        """Return the model with the best value of those that compete; the first of equals; None where none does."""
        return self._best(key, [row for row in self._rows.get(key, ()) if self.competes(row)])

    def reference(self, key: Key) -> str | None:
        """Return the best reference that competes, None where there is none or the metric is a cost.

        Chance is the reference only where nothing else is.
        """
        about = self._metrics.get(key[-1])
        if about is not None and about.task == "cost":
            return None
        rows = [row for row in self._rows.get(key, ()) if self.competes(row)]
        there = [row for row in rows if self.is_reference(row.model)]
        return self._best(key, there or [row for row in rows if self._is_chance(row.model)])

    def _is_chance(self, model: str) -> bool:
        about = self._about.get(model)
        return about is not None and about.name == _RANDOM and not about.is_candidate

    def frozen(self, key: Key) -> list[tuple[str, str, Role]]:
        """Return what the gain of fine-tuning is told against: (model, other, ``frozen twin`` or ``frozen vectors``).

        The twin of the plugin ``NAME`` is ``NAME-frozen``; the best row of each speaks for its plugin. The other is the
        best reference that reads texts with a language model as it is.
        """
        rows = [row for row in self._rows.get(key, ()) if self.competes(row)]
        plugins: dict[str, list[Row]] = {}
        for row in rows:
            about = self._about.get(row.model)
            if about is not None and about.is_candidate:
                plugins.setdefault(about.name, []).append(row)
        vectors = self._best(key, [row for row in rows if self._reads_frozen(row.model)])
        pairs: list[tuple[str, str, Role]] = []
        for name, own in plugins.items():
            model, twin = self._best(key, own), self._best(key, plugins.get(name + _FROZEN, []))
            if model is not None and twin is not None:
                pairs.append((model, twin, "frozen twin"))
                pairs += [(model, vectors, "frozen vectors")] if vectors is not None else []
        return pairs

    def _reads_frozen(self, model: str) -> bool:
        about = self._about.get(model)
        return about is not None and about.uses_language_model and self.is_reference(model)

    def _best(self, key: Key, rows: Iterable[Row]) -> str | None:
        values = {row.model: row.mean for row in rows if row.mean is not None}
        about = self._metrics.get(key[-1])
        best = min if about is not None and not about.higher_is_better else max
        return best(values, key=lambda model: values[model]) if values else None

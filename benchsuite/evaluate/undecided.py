"""What a value rests on, and how much of it the model itself did not decide: the fallback's part, and that of ties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchsuite.api import Metric
from benchsuite.data import Bool, EvaluationInput, Float64


@dataclass(frozen=True)
class Undecided:
    """Shares of what a value rests on, list places or pairs.

    Attributes:
        fallback: what the fallback answered, because the model abstained.
        ties: what a tie among the model's scores decided.
    """

    fallback: float
    ties: float


class Basis:
    """What the values of metrics on some queries rest on; counted once for all metrics that judge the same answers.

    Args:
        evidence: the answers and the truth.
        chosen: bool[q], the queries that count.
    """

    def __init__(self, evidence: EvaluationInput, chosen: Bool) -> None:
        self._evidence, self._chosen = evidence, chosen
        self._undecided: dict[tuple[str, object], Undecided | None] = {}
        self._sizes: dict[str, int] = {}

    def undecided(self, metric: Metric) -> Undecided | None:
        """Return what the model did not decide, see :func:`undecided`."""
        answers = metric.task, metric.settings().get("k") if metric.task == "ranking" else None
        if answers not in self._undecided:
            self._undecided[answers] = undecided(self._evidence, metric, self._chosen)
        return self._undecided[answers]

    def size(self, metric: Metric, values: Float64) -> int:
        """Count what a value rests on: queries that count (``values`` are float64[q]), or pairs."""
        if metric.task == "ranking":
            return int((self._chosen & ~np.isnan(values)).sum())
        if metric.task not in self._sizes:
            counts = self._chosen[self._evidence.pairs.query]
            if metric.task == "rating":
                counts &= ~np.isnan(self._evidence.pairs.value) & (self._evidence.scores.rating is not None)
            self._sizes[metric.task] = int(counts.sum())
        return self._sizes[metric.task]


def undecided(evidence: EvaluationInput, metric: Metric, chosen: Bool) -> Undecided | None:
    """Return what the model did not decide of the answers that a metric judges, None where there are none.

    A metric with a cut-off k judges the first k places of each list. Labelled pairs are tied where all that the model
    answers have one score: then no threshold and no order tells them apart. A rating that is the same for all pairs
    is an answer, not a tie.

    Args:
        evidence: the answers.
        metric: what judges them.
        chosen: bool[q], the queries that count.
    """
    if metric.task == "ranking":
        k = metric.settings().get("k")
        lists = evidence.rankings
        places = (lists.item[:, :k] >= 0) & chosen[:, None]
        return _shares(places, places & lists.fallback[:, :k], places & lists.tied[:, :k])
    pairs = chosen[evidence.pairs.query]
    filled = pairs & evidence.scores.fallback
    own = evidence.scores.score[pairs & ~filled]
    same = metric.task == "classification" and len(own) > 1 and bool((own == own[0]).all())
    return _shares(pairs, filled, pairs & ~filled if same else np.zeros(len(pairs), np.bool_))


def _shares(asked: Bool, filled: Bool, tied: Bool) -> Undecided | None:
    total = int(asked.sum())
    return Undecided(float(filled.sum() / total), float(tied.sum() / total)) if total else None

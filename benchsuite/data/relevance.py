"""Relevance: which held-out rows count as right in a ranking. The one place that holds the rule.

It is apart from training and from filtering: all training rows stay, whatever is relevant. It is apart from the labels
of the pointwise task, too; only ``relevant = "liked"`` looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from benchsuite.data.arrays import Bool
from benchsuite.errors import DataError

Relevant = Literal["taken", "liked"]


def explicit_negatives(value: ArrayLike) -> Bool:
    """Return bool[n]: which rows say no, by a value (float[n]) of 0 (or False) or below; NaN is no value.

    Where the data has no values every value is 1, so that none says no.
    """
    found: Bool = np.asarray(value) <= 0
    return found


def relevant_rows(
    value: ArrayLike,
    label: ArrayLike | None = None,
    *,
    relevant_from: float | None = None,
    relevant: Relevant = "taken",
) -> Bool:
    """Return bool[n]: which rows count as right.

    - By default all but explicit negatives: a value of 0 or below never counts.
    - With ``relevant_from`` those with at least this value, if it is above 0.
    - With ``relevant="liked"`` those with label 1.

    Args:
        value: float[n], the rows' ratings, counts, amounts or 0/1 marks; 1 where the data has no values. NaN counts as
            right by default, as a row without a value, and never with ``relevant_from``.
        label: int[n], 1 liked and 0 disliked; None where the data has no dislikes.
        relevant_from: the smallest value that counts.
        relevant: ``taken`` or ``liked``; ``relevant_from`` is for ``taken``.

    Raises:
        DataError: when likes are asked for and there are no labels.
    """
    if relevant == "liked":
        if label is None:
            remedy = 'say from which value on a row is liked (positive_from of the source), or relevant = "taken"'
            raise DataError('relevant = "liked" needs labels, and the data has none', remedy=remedy)
        liked: Bool = np.asarray(label) == 1
        return liked
    right = ~explicit_negatives(value)
    if relevant_from is not None:
        right &= np.asarray(value) >= relevant_from
    return right


@dataclass(frozen=True)
class Relevance:
    """The rule that an experiment declares.

    Attributes:
        relevant: ``taken`` or ``liked``.
        relevant_from: the smallest value that counts, or None.
    """

    relevant: Relevant = "taken"
    relevant_from: float | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the rule in the settings of a plan; plans from before there was ``relevant_from`` have none."""
        return cls(settings["relevant"], settings.get("relevant_from"))

    @property
    def is_default(self) -> bool:
        """Whether nothing was declared."""
        return self == Relevance()

    def settings(self) -> dict[str, Any]:
        """Return the rule as a plan keeps it; what is not set is left out, so that older keys stay."""
        return {"relevant": self.relevant} | (
            {} if self.relevant_from is None else {"relevant_from": self.relevant_from}
        )

    def identity(self, *, negatives: bool) -> dict[str, Any]:
        """Return the rule as a part of a key.

        Args:
            negatives: whether the rows that are judged have explicit negatives. Under the default these once counted as
                right, so such numbers have a key of their own.
        """
        return self.settings() | ({"negatives": "not relevant"} if negatives and self.is_default else {})

    def rows(self, value: ArrayLike, label: ArrayLike | None) -> Bool:
        """Return bool[n]: which rows count as right, see :func:`relevant_rows`."""
        return relevant_rows(value, label, relevant_from=self.relevant_from, relevant=self.relevant)

    def words(self) -> str:
        """Return the rule in words."""
        if self.relevant == "liked":
            return "held-out items with label 1"
        if self.relevant_from is None:
            return "held-out items, but for those with a value of 0 or below"
        return f"held-out items with a value of at least {self.relevant_from:g}"

"""Random hold-out: rows drawn from the whole log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Lt

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import holdout, random_stream


@dataclass
class RandomHoldout(Split):
    """Holds out a random share of all rows; the same is done inside the training part for validation.

    Every row has the same chance. A user or an item may lose all training rows by chance; the counts tell how often.
    The draw does not look at time, so a model may learn from events that came after the ones it is asked about.

    Attributes:
        test: share of all rows that is held out.
        validation: share of the training rows that the validation fold holds out.
    """

    test: Annotated[float, Gt(0), Lt(1)] = 0.1
    validation: Annotated[float, Gt(0), Lt(1)] = 0.1

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows = len(dataset.interactions)
        share = self.validation if depth else self.test
        held = np.zeros(rows, np.bool_)
        held[random_stream(seed, depth).permutation(rows)[: round(share * rows)]] = True
        return holdout(
            dataset,
            held,
            name="validation" if depth else "test",
            where="random-holdout",
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
        )

"""K-fold cross-validation over rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from benchsuite.api import Split
from benchsuite.data import Bool, Dataset, Fold
from benchsuite.errors import DataError
from benchsuite_protocol.splits.fold_builder import as_mask, holdout, random_stream


@dataclass
class KFold(Split):
    """Deals all rows into k parts and holds out each in turn: every row is tested exactly once.

    Part sizes differ by at most one row. The deal does not look at time, users or items, see ``random-holdout``. Each
    fold's validation holds out a random share of its training rows.

    Attributes:
        folds: how many parts.
        validation: share of the training rows that the validation fold holds out.
    """

    partition: ClassVar[bool] = True

    folds: Annotated[int, Ge(2), Le(100)] = 5
    validation: Annotated[float, Gt(0), Lt(1)] = 0.1

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield ``folds`` folds, named ``"1"`` and so on."""
        rows = len(dataset.interactions)
        if rows < self.folds:
            raise DataError(
                f"{rows} rows cannot be dealt into {self.folds} parts",
                where=f"k-fold of {dataset.name}",
                remedy="use a larger data set or fewer folds",
            )
        shuffled = random_stream(seed, 0).permutation(rows)
        for number, part in enumerate(np.array_split(shuffled, self.folds), 1):
            yield self._cut(dataset, as_mask(part, rows), seed, number)

    def _cut(self, dataset: Dataset, test: Bool, seed: int, number: int) -> Fold:
        return holdout(
            dataset,
            test,
            name=str(number),
            where="k-fold",
            validate=lambda train: self._validation(train, seed, number),
        )

    def _validation(self, train: Dataset, seed: int, number: int) -> Fold:
        rows = len(train.interactions)
        held = random_stream(seed, number).permutation(rows)[: round(self.validation * rows)]
        return holdout(train, as_mask(held, rows), name="validation", where="k-fold")

"""Global temporal: one point in time for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from benchsuite.api import Requirement, Split
from benchsuite.data import Dataset, Fold, Int64
from benchsuite.errors import DataError
from benchsuite_protocol.splits.fold_builder import holdout, timestamps


@dataclass
class GlobalTemporal(Split):
    """Trains on everything before one point in time and asks about everything from it on.

    The validation fold cuts the training part in the same way: its window lies right before the test window. All
    queries are asked at the first event of their window. Events of one second stay together, so a window may be a
    little larger or smaller than its share. Users and items that appear in the window only are cold: they stay in the
    test, are answered with the declared fallback where a model abstains, and are counted. The split draws
    nothing; all seeds give the same fold.

    Attributes:
        test: share of all rows that the test window should hold.
        validation: share of the training rows that the validation window should hold.
    """

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.TIMESTAMPS})
    ordered: ClassVar[bool] = True
    ordered_users: ClassVar[bool] = True

    test: Annotated[float, Gt(0), Lt(1)] = 0.1
    validation: Annotated[float, Gt(0), Lt(1)] = 0.1

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, 0)

    def _cut(self, dataset: Dataset, depth: int) -> Fold:
        times = timestamps(self, dataset)
        name = "validation" if depth else "test"
        point = _point(times, self.validation if depth else self.test, f"global-temporal of {dataset.name}")
        return holdout(
            dataset,
            times >= point,
            name=name,
            where="global-temporal",
            asked="at once",
            validate=None if depth else lambda train: self._cut(train, depth + 1),
        )


def _point(times: Int64, share: float, where: str) -> int:
    """Return the time that splits the rows closest to ``share`` at or after it, with rows on both sides.

    Raises:
        DataError: when all rows have the same time.
    """
    moments, counts = np.unique(times, return_counts=True)
    if len(moments) < 2:  # noqa: PLR2004 - one before, one after
        raise DataError(
            f"all {len(times)} rows have the same time", where=where, remedy="use a larger data set or another split"
        )
    after = len(times) - np.cumsum(counts)[:-1]  # rows from moments[1:] on
    return int(moments[1:][np.argmin(np.abs(after - share * len(times)))])

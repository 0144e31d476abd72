"""Few-shot item cold start: items with a handful of training rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import as_mask, draw_share, event_ranks, holdout, random_stream


@dataclass
class FewShotItemCold(Split):
    """Leaves each of a random share of the items its first few rows and ranks these items among themselves.

    Of each chosen item ``reserved`` rows are set aside: the first in time, as a new item gathers them (drawn at random
    where the data has no time or several happened at one second). The first ``shots`` of them are training rows, the
    rest are left out and counted, and all later rows are held out. So the same seed asks the same questions for every
    ``shots`` up to ``reserved``, and only what is known about the items changes.

    Items are drawn from those with more than ``reserved`` rows, since others could not be asked about; the counts tell
    how many items that leaves out. The chosen items have training rows, so the split does not promise ``cold_items``.
    The validation fold chooses another share of the training items in the same way.

    Attributes:
        items: share of the items with enough rows that is chosen for the test.
        shots: training rows that each chosen item keeps; 0 makes it cold.
        reserved: rows of each chosen item that are never asked about.
        validation_items: share of the training items with enough rows that is chosen for the validation fold.
    """

    draws_items: ClassVar[bool] = True

    items: Annotated[float, Gt(0), Lt(1)] = 0.2
    shots: Annotated[int, Ge(0), Le(1000)] = 5
    reserved: Annotated[int, Ge(1), Le(1000)] = 10
    validation_items: Annotated[float, Gt(0), Lt(1)] = 0.2

    def __post_init__(self) -> None:
        """Refuse to keep more rows than are set aside."""
        if self.shots > self.reserved:
            raise ValueError(f"shots = {self.shots} is more than reserved = {self.reserved}")

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows, where, generator = dataset.interactions, "few-shot-item-cold", random_stream(seed, depth)
        share = self.validation_items if depth else self.items
        events = np.bincount(rows.item, minlength=len(dataset.items))
        enough, what = np.flatnonzero(events > self.reserved), f"items with more than {self.reserved} rows"
        chosen = draw_share(enough, share, generator, what, f"{where} of {dataset.name}")
        place, _ = event_ranks(rows.item, rows.timestamp, len(dataset.items), generator)
        new = as_mask(chosen, len(dataset.items))[rows.item]
        return holdout(
            dataset,
            new & (place >= self.reserved),
            name="validation" if depth else "test",
            where=where,
            left_out={"rows of chosen items set aside": new & (place >= self.shots) & (place < self.reserved)},
            candidates=chosen,
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts={
                "chosen items": len(chosen),
                "items with too few rows to be chosen": int(np.count_nonzero((events > 0) & (events <= self.reserved))),
            },
        )

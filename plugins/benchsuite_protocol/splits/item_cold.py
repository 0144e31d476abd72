"""Item cold start: new items, known users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Gt, Lt

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import as_mask, draw_share, holdout, occurring, random_stream


@dataclass
class ItemCold(Split):
    """Holds out every row of a random share of the items and ranks these new items among themselves.

    Every item with at least one row has the same chance to be drawn, however popular it is. The validation fold holds
    out another share of the training items in the same way; the test items are no candidates there.

    Attributes:
        items: share of the items that is new in the test.
        validation_items: share of the training items that is new in the validation fold.
    """

    cold_items: ClassVar[bool] = True
    draws_items: ClassVar[bool] = True

    items: Annotated[float, Gt(0), Lt(1)] = 0.2
    validation_items: Annotated[float, Gt(0), Lt(1)] = 0.2

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows = dataset.interactions
        share = self.validation_items if depth else self.items
        known = occurring(rows.item, len(dataset.items))
        cold = draw_share(known, share, random_stream(seed, depth), "items", f"item-cold of {dataset.name}")
        return holdout(
            dataset,
            as_mask(cold, len(dataset.items))[rows.item],
            name="validation" if depth else "test",
            where="item-cold",
            candidates=cold,
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts={"cold items": len(cold), "warm items": len(known) - len(cold)},
        )

"""Fixed: the split that the data was published with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from benchsuite.api import Requirement, Split
from benchsuite.data import Bool, Dataset, Fold
from benchsuite.errors import ConfigError, NotApplicable, did_you_mean
from benchsuite_protocol.splits.fold_builder import holdout, random_stream


@dataclass
class Fixed(Split):
    """Holds out the part that the publishers of the data set apart as test, so that results compare with papers.

    The test rows are the same for every seed. Published splits seldom have a validation part of their own, so the
    validation fold holds out a random share of the training part, drawn by the seed. Rows of any third part are neither
    trained on nor asked; the counts tell how many there are. Whether the published split looks at time, and which users
    and items have no training row, is up to its publishers.

    Attributes:
        train: name of the part to train on.
        test: name of the part to hold out.
        validation: share of the training rows that the validation fold holds out.
    """

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.PARTS})

    train: str = "train"
    test: str = "test"
    validation: Annotated[float, Gt(0), Lt(1)] = 0.1

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold.

        Raises:
            NotApplicable: when the data was published without a split.
            ConfigError: when it has no part of such a name.
        """
        train, test = self._part(dataset, self.train), self._part(dataset, self.test)
        other = ~train & ~test
        yield holdout(
            dataset,
            test,
            name="test",
            where="fixed",
            left_out={"rows of other parts": other} if other.any() else None,
            validate=lambda part: self._validation(part, seed),
        )

    def _validation(self, train: Dataset, seed: int) -> Fold:
        rows = len(train.interactions)
        held = np.zeros(rows, np.bool_)
        held[random_stream(seed, 1).permutation(rows)[: round(self.validation * rows)]] = True
        return holdout(train, held, name="validation", where="fixed")

    def _part(self, dataset: Dataset, name: str) -> Bool:
        """Return bool[n]: the rows of a part."""
        rows = dataset.interactions
        if rows.part is None:
            raise NotApplicable("Fixed needs a published split", where=dataset.name)
        if self.train == self.test:
            raise ConfigError(f'train and test are both "{name}"', where="split fixed", remedy="name two parts")
        if name not in rows.parts:
            raise ConfigError(
                f'{dataset.name} has no part "{name}"', where="split fixed", remedy=did_you_mean(name, rows.parts)
            )
        chosen: Bool = rows.part == rows.parts.index(name)
        return chosen

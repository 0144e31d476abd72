"""The contract of a split: cut a data set into training parts, queries and truths."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from benchsuite.api.model import Requirement
from benchsuite.api.plugin import Plugin
from benchsuite.data import Dataset, Fold


@dataclasses.dataclass
class Split(Plugin):
    """Base of all splits."""

    needs: ClassVar[frozenset[Requirement]] = frozenset()
    """What the split cannot work without, usually timestamps."""

    cold_items: ClassVar[bool] = False
    """True when the split promises that candidates have no training row; the harness checks it."""

    draws_items: ClassVar[bool] = False
    """True where each seed chooses other items to ask about: then a difference must hold over seeds' choices, too, not
    only over users."""

    cold_users: ClassVar[bool] = False
    """True when the split promises that asking users have no training row; the harness checks it."""

    ordered: ClassVar[bool] = False
    """True when the split promises that nothing a model sees, training rows and histories, is younger than any held-out
    row; the harness checks it."""

    ordered_users: ClassVar[bool] = False
    """True when the split promises that no query's history is younger than what it is asked; the harness checks it."""

    partition: ClassVar[bool] = False
    """True when the split promises that its folds together hold out every row exactly once; the harness checks it."""

    @abstractmethod
    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one or more folds, each with a validation fold made inside its training part.

        No row is dropped silently: ``Fold.counts`` tells what fell where. The same seed gives the same folds.

        Raises:
            DataError: when the data is too small for the cut.
        """

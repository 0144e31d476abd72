"""Strong generalization: held-out users answer from part of their history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite_protocol.splits.fold_builder import as_mask, draw_share, event_ranks, occurring, random_stream
from benchsuite_protocol.splits.new_users import new_user_counts, new_user_fold, require_askers


@dataclass
class StrongGeneralization(Split):
    """Holds out every row of a random share of the users, who then show a random part of them and are asked the rest.

    The protocol of Marlin (2004, "Collaborative filtering: a machine learning perspective") as Liang et al. (2018,
    "Variational autoencoders for collaborative filtering") and many after them use it: a model must answer
    for users it was not trained on. Of ``n`` events ``round(shown * n)`` are shown, at least one and never all. Users
    with a single event are counted and not asked. Users are drawn blind to activity and events blind to time. The
    validation fold holds out another share of the training users in the same way.

    Attributes:
        users: share of the users that is held out in the test.
        shown: share of a held-out user's events that is shown.
        validation_users: share of the training users that is held out in the validation fold.
    """

    cold_users: ClassVar[bool] = True
    cite: ClassVar[tuple[str, ...]] = (
        (
            "@inproceedings{liang2018variational, title={Variational autoencoders for collaborative filtering}, "
            "author={Liang, Dawen and Krishnan, Rahul G. and Hoffman, Matthew D. and Jebara, Tony}, "
            "booktitle={Proceedings of the 2018 World Wide Web Conference}, pages={689--698}, year={2018}}"
        ),
    )

    users: Annotated[float, Gt(0), Lt(1)] = 0.2
    shown: Annotated[float, Gt(0), Lt(1)] = 0.8
    validation_users: Annotated[float, Gt(0), Lt(1)] = 0.2

    def split(self, dataset: Dataset, seed: int) -> Iterator[Fold]:
        """Yield one fold."""
        yield self._cut(dataset, seed, 0)

    def _cut(self, dataset: Dataset, seed: int, depth: int) -> Fold:
        rows, users, where = dataset.interactions, len(dataset.users), "strong-generalization"
        generator = random_stream(seed, depth)
        share = self.validation_users if depth else self.users
        drawn = as_mask(
            draw_share(occurring(rows.user, users), share, generator, "users", f"{where} of {dataset.name}"), users
        )
        place, events = event_ranks(rows.user, None, users, generator)  # without times the generator draws the order
        asking = drawn & (events > 1)
        require_askers(drawn, asking, "more than one event", f"{where} of {dataset.name}")
        visible = np.minimum(np.maximum(np.rint(self.shown * events), 1), events - 1)
        asked = asking[rows.user]
        early = asked & (place < visible[rows.user])
        return new_user_fold(
            dataset,
            train=~drawn[rows.user],
            late=asked & ~early,
            early=early,
            groups={"all": early},
            left_out={"rows of new users with too few events": drawn[rows.user] & ~asked},
            name="validation" if depth else "test",
            where=where,
            asked="at the end",
            validate=None if depth else lambda train: self._cut(train, seed, depth + 1),
            counts=new_user_counts(drawn, asking),
        )

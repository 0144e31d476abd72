"""Parts of a test shown apart: what each is, how much is in it, and every model's numbers there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchsuite.data.rows import Row

StratumFamily = Literal["item novelty", "user novelty", "item popularity", "user activity"]


@dataclass(frozen=True)
class Stratum:
    """One part of the test of one data set and split, cut by what the training part says of its items or users.

    Only parts that are neither empty nor the whole test are made. Parts by item keep all queries and restrict what is
    right (and the labelled pairs) to some items, lists stay whole; parts by user keep some queries whole.

    Attributes:
        dataset: label of the data set.
        split: label of the whole split.
        family: what it is cut by. ``item novelty``: warm and cold items; ``user novelty``: warm and cold users (those
            who ask); ``item popularity``: warm items in thirds of the training rows; ``user activity``: queries in
            thirds by the length of their history.
        name: ``cold items``, ``tail items``, ...
        meaning: what belongs to it on the first fold, in a few words.
        held_out: its held-out rows, over all seeds and folds.
        of_held_out: all held-out rows.
        queries: queries with a held-out row in it.
        of_queries: all queries with a held-out row.
        rows: one for each model and metric, whose ``group`` is the part's name. Nothing here is tested,
            so it adds nothing to any family of tests. ``n`` is as in the other rows.
        fallback: by model, the share of the part's labelled pairs of which the model abstained, so that the
            declared fallback answered. Models without answers are absent.
    """

    dataset: str
    split: str
    family: StratumFamily
    name: str
    meaning: str
    held_out: int
    of_held_out: int
    queries: int
    of_queries: int
    rows: tuple[Row, ...] = ()
    fallback: Mapping[str, float] = field(default_factory=dict)

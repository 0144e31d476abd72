"""Random order: the lower bound that every model must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from benchsuite.api import Context, Model, Reproducibility
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite.data.numeric import mix64


@dataclass
class Random(Model):
    """Scores by a hash of seed, user and item.

    The score of a pair depends on nothing else, so blocks, single queries and pairs agree. The hash is the finalizer
    of SplitMix64 (Steele, Lea and Flood 2014), applied once per input word.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    is_personalized: ClassVar[bool] = False

    cite = (
        """@inproceedings{steele2014splitmix,
  title = {Fast Splittable Pseudorandom Number Generators},
  author = {Steele, Jr., Guy L. and Lea, Doug and Flood, Christine H.},
  booktitle = {Proceedings of the 2014 ACM International Conference on Object Oriented Programming Systems Languages \\&
    Applications (OOPSLA)},
  pages = {453--472},
  year = {2014},
  doi = {10.1145/2660193.2660195}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Keep the seed."""
        self._seed = mix64(np.array([context.seed % 2**64], np.uint64))
        self._items = len(train.items)
        return self

    def parameter_count(self) -> int:
        """Nothing is learnt."""
        return 0

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], evenly spread over [0, 1)."""
        items = np.arange(self._items, dtype=np.int32) if candidates is None else candidates
        return self._draw(queries.user[:, None], items[None, :])

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the same numbers as :meth:`score`."""
        return self._draw(queries.user[query], item)

    def _draw(self, user: NDArray[np.int32], item: NDArray[np.int32]) -> Float32:
        word = mix64(mix64(self._seed ^ user.astype(np.uint64)) ^ item.astype(np.uint64))
        return (word >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)

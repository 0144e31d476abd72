"""User kNN: what similar users took."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Categorical, Context, Model, Range
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_classic.support import blocks, has_known_history, mask_unscored, parallel_for, warm_items

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class UserKNN(Model):
    """Scores an item by the share of the most similar users who took it.

    Users are compared by the cosine of their item sets, u.v / (|u| |v| + shrinkage). The asking user is described by
    the visible history alone, so a new user with k items is answered like any other, and is never a neighbour of their
    own. A neighbour counts with ``similarity ** amplification`` (case amplification, Breese, Heckerman and Kadie 1998);
    the score is the counted share, from 0 to 1. All users as similar as the last neighbour take part, so no tie is
    broken by chance. Items without training rows and queries whose history is shared by nobody get no score.

    Attributes:
        neighbours: how many similar users enter the score, at least.
        similarity: ``"cosine"`` of the sets, or ``"tfidf"``, which lets rare items count more.
        shrinkage: distrust of cosines of short histories, in units of items; it hardly changes those of long ones.
        amplification: exponent of the similarity; 1 is the plain sum, larger values give the nearest more weight.
    """

    neighbours: Annotated[int, Ge(1), Range(10, 500, log=True)] = 80
    similarity: Annotated[Literal["cosine", "tfidf"], Categorical("cosine", "tfidf")] = "cosine"
    shrinkage: Annotated[float, Ge(0), Range(0, 100)] = 5.0
    amplification: Annotated[float, Gt(0), Range(1, 5)] = 2.5

    may_abstain: ClassVar[bool] = True
    """A history may be shared by nobody."""

    cite = (
        """@inproceedings{breese1998empirical,
  title = {Empirical Analysis of Predictive Algorithms for Collaborative Filtering},
  author = {Breese, John S. and Heckerman, David and Kadie, Carl},
  booktitle = {Proceedings of the Fourteenth Conference on Uncertainty in Artificial Intelligence (UAI)},
  pages = {43--52},
  year = {1998}
}""",
        """@inproceedings{herlocker1999algorithmic,
  title = {An Algorithmic Framework for Performing Collaborative Filtering},
  author = {Herlocker, Jonathan L. and Konstan, Joseph A. and Borchers, Al and Riedl, John},
  booktitle = {Proceedings of the 22nd Annual International ACM SIGIR Conference on Research and Development in
    Information Retrieval},
  pages = {230--237},
  year = {1999},
  doi = {10.1145/312624.312682}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Keep who took what, and the length of each user's vector."""
        self._warm, self._threads = warm_items(train), context.threads
        self._taken = train.matrix()
        takers = np.bincount(self._taken.indices, minlength=len(train.items))
        rarity = (
            np.log((1 + len(train.users)) / (1 + takers)) + 1 if self.similarity == "tfidf" else np.ones(len(takers))
        )
        self._weight = rarity.astype(np.float32)
        vectors, self._length = self._vectors(self._taken)
        self._by_item = vectors.T.tocsr()
        return self

    def parameter_count(self) -> int:
        """Return the stored rows of who took what: neighbours are looked up in them when asked."""
        return int(self._taken.nnz)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the weighted share of neighbours who took the item."""
        taken = self._taken if candidates is None else self._taken[:, candidates]
        scores = np.empty((len(queries), taken.shape[1]), np.float32)
        answered = has_known_history(queries, self._warm)

        def work(first: int, last: int) -> None:
            weights = self._neighbours(queries.slice(first, last))
            total = np.asarray(weights.sum(axis=1)).ravel()
            answered[first:last] &= total > 0
            weights.data /= np.repeat(total, np.diff(weights.indptr))
            scores[first:last] = (weights @ taken).toarray()

        parallel_for(work, blocks(len(queries), 16 * self._threads * max(self._taken.shape)), self._threads)
        return mask_unscored(scores, answered, self._warm, candidates)

    def _vectors(self, taken: csr_matrix) -> tuple[csr_matrix, Float32]:
        """Weigh the items of csr[n, items]; return the vectors and their lengths (float32[n])."""
        vectors = taken.multiply(self._weight[None, :]).tocsr()
        length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        return vectors, length.astype(np.float32)

    def _neighbours(self, queries: Queries) -> csr_matrix:
        """Return float32 csr[q, users], how much each neighbour counts."""
        vectors, length = self._vectors(queries.matrix(len(self._warm)))
        near = (vectors @ self._by_item).tocsr()
        row = np.repeat(np.arange(len(queries)), np.diff(near.indptr))
        near.data /= length[row] * self._length[near.indices] + np.float32(self.shrinkage)
        near.data[near.indices == queries.user[row]] = 0.0
        for begin, end in itertools.pairwise(near.indptr.tolist()):
            values = near.data[begin:end]
            if len(values) > self.neighbours:
                last = len(values) - self.neighbours
                values[values < np.partition(values, last)[last]] = 0.0
        near.eliminate_zeros()
        near.data **= np.float32(self.amplification)
        return near

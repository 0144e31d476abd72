"""User kNN: what similar users took."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Categorical, Context, Model, Range, Reproducibility
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_classic.similarity import Similarity, TermWeights, Weighting, powers, squared_sizes
from benchsuite_classic.support import (
    CITE_AIOLLI,
    SAME,
    blocks,
    has_known_history,
    mask_unscored,
    parallel_for,
    warm_items,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class UserKNN(Model):
    """Scores an item by the share of the most similar users who took it.

    The similarity of the asking user u and a neighbour v is c / (n_u^alpha n_v^beta + shrinkage). c is the sum over the
    items i that both took of w_ui w_vi p_i^-item_exponent, n_u the sum of w_ui^2 over the items of u, p_i the users of
    i, and w_ui is 1 unless ``weighting`` says otherwise. alpha = beta = 1/2 is the cosine; the asymmetric cosine
    with an exponent x (Aiolli 2013) is alpha = x, beta = 1 - x. By ``"tversky"`` it is
    c / (c + alpha (n_u - c) + beta (n_v - c) + shrinkage): Jaccard for alpha = beta = 1, Dice for alpha = beta = 1/2.

    The asking user is described by the visible history alone, so a new user with k items is answered like any other,
    and is never a neighbour of their own. A neighbour counts with ``similarity ** amplification`` (case amplification,
    Breese, Heckerman and Kadie 1998; locality, Aiolli 2013); the score is the counted share, from 0 to 1. All users as
    similar as the last neighbour, to a millionth, take part, so no tie is broken by chance. Items without training rows
    and queries whose history is shared by nobody get no score.

    Attributes:
        neighbours: how many similar users enter the score, at least.
        similarity: ``"cosine"`` with exponents, or ``"tversky"``.
        alpha: exponent (weight, for ``"tversky"``) of the size of the asking user's history.
        beta: the same of the neighbour's.
        shrinkage: distrust of similarities of short histories; in units of what it is added to.
        weighting: ``"tf-idf"`` lets rare items count more, ``"bm25"`` long histories less as well.
        item_exponent: how much less an item counts the more users took it: users ** -item_exponent.
        amplification: exponent of the similarity; 1 is the plain sum, larger values give the nearest more weight.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    neighbours: Annotated[int, Ge(1), Range(10, 1000, log=True)] = 80
    similarity: Literal["cosine", "tversky"] = "cosine"
    alpha: Annotated[float, Ge(0), Range(0, 1)] = 0.5
    beta: Annotated[float, Ge(0), Range(0, 1)] = 0.5
    shrinkage: Annotated[float, Ge(0), Range(0, 100)] = 5.0
    weighting: Annotated[Weighting, Categorical("none", "tf-idf", "bm25")] = "none"
    item_exponent: Annotated[float, Ge(0), Range(0, 1)] = 0.0
    amplification: Annotated[float, Gt(0), Range(0.5, 5)] = 2.5

    version: ClassVar[str] = "3"
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
        CITE_AIOLLI,
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
        """Keep who took what, and the size of each user's vector."""
        self._warm, self._threads = warm_items(train), context.threads
        self._taken = train.matrix()
        self._terms = TermWeights.learn(self._taken, self.weighting)
        vectors = self._terms.apply(self._taken)
        self._size, self._by_item = squared_sizes(vectors), vectors.T.tocsr()
        users = np.bincount(self._taken.indices, minlength=len(train.items)).astype(np.float32)
        self._discount = powers(users, -self.item_exponent)
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

    def _neighbours(self, queries: Queries) -> csr_matrix:
        """Return float32 csr[q, users], how much each neighbour counts."""
        vectors = self._terms.apply(queries.matrix(len(self._warm)))
        size = squared_sizes(vectors)
        vectors.data *= self._discount[vectors.indices]
        near = (vectors @ self._by_item).tocsr()
        Similarity(self.similarity, self.alpha, self.beta, self.shrinkage).apply(near, size, self._size)
        row = np.repeat(np.arange(len(queries)), np.diff(near.indptr))
        near.data[near.indices == queries.user[row]] = 0.0
        for begin, end in itertools.pairwise(near.indptr.tolist()):
            values = near.data[begin:end]
            if len(values) > self.neighbours:
                last = len(values) - self.neighbours
                values[values < np.partition(values, last)[last] * np.float32(1 - SAME)] = 0.0
        near.eliminate_zeros()
        near.data **= np.float32(self.amplification)
        return near

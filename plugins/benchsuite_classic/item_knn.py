"""Item kNN: items similar to those in the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from benchsuite.api import Categorical, Range, Reproducibility, TopK
from benchsuite.data import Dataset, Float32, Int32, Queries, Ragged
from benchsuite_classic.similar_items import SimilarItems, nearest, normalized_rows
from benchsuite_classic.similarity import Similarity, TermWeights, Weighting, powers, squared_sizes
from benchsuite_classic.support import CITE_AIOLLI

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class ItemKNN(SimilarItems):
    """Scores an item by how similar its nearest items in the history are.

    The similarity of an item i of the history and a candidate j is c_ij / (n_i^alpha n_j^beta + shrinkage). c_ij is the
    sum over the users u who took both of w_ui w_uj a_u^-user_exponent, n_i the sum of w_ui^2 over the users of i, a_u
    how many items u took, and w_ui is 1 unless ``weighting`` says otherwise. alpha = beta = 1/2 is the cosine; the
    asymmetric cosine with an exponent x (Aiolli 2013; Ferrari Dacrema et al. 2021) is alpha = 1 - x, beta = x;
    Deshpande and Karypis (2004) is alpha = 1, user_exponent = 1/2 and their exponent as beta. Exponents need not sum to
    1: small ones let popular items keep part of their lead. By ``"tversky"`` it is
    c / (c + alpha (n_i - c) + beta (n_j - c) + shrinkage): Jaccard for alpha = beta = 1, Dice for alpha = beta = 1/2.

    Each candidate looks for its own nearest items in the history (Sarwar et al. 2001); the library *implicit*, and
    libraries that wrap it, sum over the neighbours of the history's items instead: ``side = "history"``. Items without
    training rows and queries without a known item get no score.

    Attributes:
        neighbours: how many similar items each item looks at; itself does not count.
        similarity: ``"cosine"`` with exponents, or ``"tversky"``.
        alpha: exponent (weight, for ``"tversky"``) of the size of the history's item.
        beta: the same of the candidate.
        shrinkage: distrust of similarities of items that few users took; in units of what it is added to.
        weighting: ``"tf-idf"`` lets users with few items count more, ``"bm25"`` popular items less as well.
        weighted_history: whether BM25's discount of popular items holds in the asking history, too.
        user_exponent: how much less a user counts the more items they took: items ** -user_exponent.
        normalize: whose similarities are made to sum to 1: those of each ``"candidate"``, those of each item of the
            ``"history"``, or ``"none"``.
        mean_centering: whether a history is what it has more or less than each item's mean, the share of users who took
            it, and the candidate's mean is added, as where ratings are predicted.
        side: whose neighbours count: those of each ``"candidate"``, or those of each item of the ``"history"``.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    neighbours: Annotated[int, Ge(1), Range(10, 1000, log=True)] = 200
    similarity: Literal["cosine", "tversky"] = "cosine"
    alpha: Annotated[float, Ge(0), Range(0, 1)] = 0.5
    beta: Annotated[float, Ge(0), Range(0, 1)] = 0.3
    shrinkage: Annotated[float, Ge(0), Range(0, 100)] = 0.0
    weighting: Annotated[Weighting, Categorical("none", "tf-idf", "bm25")] = "none"
    weighted_history: bool = False
    user_exponent: Annotated[float, Ge(0), Range(0, 1)] = 0.4
    normalize: Literal["none", "candidate", "history"] = "none"
    mean_centering: bool = False
    side: Literal["candidate", "history"] = "candidate"

    version: ClassVar[str] = "3"

    cite = (
        """@inproceedings{sarwar2001item,
  title = {Item-Based Collaborative Filtering Recommendation Algorithms},
  author = {Sarwar, Badrul and Karypis, George and Konstan, Joseph and Riedl, John},
  booktitle = {Proceedings of the 10th International Conference on World Wide Web (WWW '01)},
  pages = {285--295},
  year = {2001},
  publisher = {ACM},
  doi = {10.1145/371920.372071}
}""",
        """@article{deshpande2004item,
  title = {Item-Based Top-{N} Recommendation Algorithms},
  author = {Deshpande, Mukund and Karypis, George},
  journal = {ACM Transactions on Information Systems},
  volume = {22},
  number = {1},
  pages = {143--177},
  year = {2004},
  doi = {10.1145/963770.963776}
}""",
        CITE_AIOLLI,
        """@article{ferraridacrema2021troubling,
  title = {A Troubling Analysis of Reproducibility and Progress in Recommender Systems Research},
  author = {Ferrari Dacrema, Maurizio and Boglio, Simone and Cremonesi, Paolo and Jannach, Dietmar},
  journal = {ACM Transactions on Information Systems},
  volume = {39},
  number = {2},
  pages = {20:1--20:49},
  year = {2021},
  doi = {10.1145/3434185}
}""",
    )

    def similarities(self, train: Dataset, threads: int) -> csr_matrix:
        """Return float32 csr[items, items]; column j (row i, by the history's side) holds the neighbours."""
        by_item = train.matrix().T.tocsr()
        terms = TermWeights.learn(by_item, self.weighting)
        self._weight = terms.of_lengths(np.diff(by_item.indptr))
        weighed = terms.apply(by_item)
        activity = np.bincount(by_item.indices, minlength=by_item.shape[1]).astype(np.float32)
        left, right = weighed.copy(), weighed.T.tocsr()
        left.data *= powers(activity, -self.user_exponent)[left.indices]
        measure = Similarity(self.similarity, self.alpha, self.beta, self.shrinkage)
        found = nearest(
            lambda first, last: left[first:last] @ right,
            squared_sizes(weighed),
            measure if self.side == "history" else measure.flipped(),
            self.neighbours,
            threads,
        )
        found = found if self.side == "history" else found.T.tocsr()
        if self.normalize != "none":
            found = (
                normalized_rows(found) if self.normalize == "history" else normalized_rows(found.T.tocsr()).T.tocsr()
            )
        mean = np.diff(by_item.indptr) / max(len(activity), 1)
        self._bias = (mean - mean @ found).astype(np.float32) if self.mean_centering else None
        return found

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], sums of similarities, and what the means of items add."""
        scores = super().score(queries, candidates)
        if self._bias is not None:
            scores += self._bias if candidates is None else self._bias[candidates]
        return scores

    def recommend(self, queries: Queries, candidates: Int32 | None, k: int, blocked: Ragged) -> TopK | None:
        """Rank the items that have a neighbour in the history; none with means, which every item has."""
        return None if self._bias is not None else super().recommend(queries, candidates, k, blocked)

    def weigh_history(self, queries: Queries) -> csr_matrix:
        """Return float32 csr[q, items], 1 or the item's weight; a query's own factor would not change its order."""
        history = super().weigh_history(queries)
        if self.weighted_history:
            history.data *= self._weight[history.indices]
        return history

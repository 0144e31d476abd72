"""Random walks on the graph of users and items: P3alpha and RP3beta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from annotated_types import Ge

from benchsuite.api import Range, Reproducibility
from benchsuite.data import Dataset
from benchsuite_classic.similar_items import SimilarItems, nearest, normalized_rows
from benchsuite_classic.similarity import Similarity, powers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_CITE_P3ALPHA = """@inproceedings{cooper2014random,
  title = {Random Walks in Recommender Systems: Exact Computation and Simulations},
  author = {Cooper, Colin and Lee, Sang Hyuk and Radzik, Tomasz and Siantos, Yiannis},
  booktitle = {Proceedings of the 23rd International Conference on World Wide Web (WWW '14 Companion)},
  pages = {811--816},
  year = {2014},
  publisher = {ACM},
  doi = {10.1145/2567948.2579244}
}"""


@dataclass
class P3Alpha(SimilarItems):
    """Scores an item by how likely a walk of three steps, user to item to user to item, ends at it.

    Each step's probability is raised to the power alpha (Cooper et al. 2014). A walk from an item i of the history by a
    user u to a candidate j counts (1/n_i)^alpha (1/a_u)^alpha, with n_i the users of i and a_u the items of u; the
    first step is the same for all items of a history and is left out. Each candidate keeps its strongest items. Items
    without training rows and queries without a known item get no score.

    Attributes:
        neighbours: how many items lead to each candidate; itself does not count.
        alpha: exponent of the probabilities of the steps.
        normalize: whether what leads away from each item is made to sum to 1 again after the cut.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    neighbours: Annotated[int, Ge(1), Range(10, 1000, log=True)] = 50
    alpha: Annotated[float, Ge(0), Range(0, 2)] = 0.6
    normalize: bool = False

    version: ClassVar[str] = "2"

    cite = (_CITE_P3ALPHA,)

    def similarities(self, train: Dataset, threads: int) -> csr_matrix:
        """Return float32 csr[items, items], walks from row to column."""
        taken = train.matrix()
        walks = taken.copy()
        walks.data *= np.repeat(powers(np.diff(taken.indptr).astype(np.float32), -self.alpha), np.diff(taken.indptr))
        users = np.bincount(taken.indices, minlength=taken.shape[1]).astype(np.float32)
        left = walks.T.tocsr()
        # In a row stands the candidate, in a column the item of the history that a walk begins with.
        divisor = Similarity(alpha=self._popularity_exponent, beta=self.alpha)
        found = nearest(lambda first, last: left[first:last] @ taken, users, divisor, self.neighbours, threads)
        found = found.T.tocsr()
        return normalized_rows(found) if self.normalize else found

    @property
    def _popularity_exponent(self) -> float:
        """How much the candidate's number of users is held against it."""
        return 0.0


@dataclass
class RP3Beta(P3Alpha):
    """Scores an item by how likely a walk of three steps ends at it, divided by its number of users to the power beta.

    The walks are those of ``p3alpha``; dividing by popularity ** beta (Paudel et al. 2017) lets the long tail up.

    Attributes:
        beta: exponent of the candidate's number of users.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    neighbours: Annotated[int, Ge(1), Range(10, 1000, log=True)] = 200
    alpha: Annotated[float, Ge(0), Range(0, 2)] = 0.6
    beta: Annotated[float, Ge(0), Range(0, 1)] = 0.2

    cite = (  # type: ignore[assignment]  # the model this one builds on has fewer entries
        _CITE_P3ALPHA,
        """@article{paudel2017updatable,
  title = {Updatable, Accurate, Diverse, and Scalable Recommendations for Interactive Applications},
  author = {Paudel, Bibek and Christoffel, Fabian and Newell, Chris and Bernstein, Abraham},
  journal = {ACM Transactions on Interactive Intelligent Systems},
  volume = {7},
  number = {1},
  pages = {1:1--1:34},
  year = {2017},
  doi = {10.1145/2955101}
}""",
    )

    @property
    def _popularity_exponent(self) -> float:
        """How much the candidate's number of users is held against it."""
        return self.beta

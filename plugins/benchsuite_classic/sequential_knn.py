"""Sequential kNN: items that followed the newest ones of the history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt, Le

from benchsuite.api import Range, Reproducibility, Requirement
from benchsuite.data import Dataset, Entities, Float32, Queries
from benchsuite_classic.similar_items import SimilarItems, nearest, steps_back
from benchsuite_classic.similarity import Similarity, powers
from benchsuite_classic.sparse_weights import read_square, write_square

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class SequentialKNN(SimilarItems):
    """Scores an item by how often it followed, or went with, the newest items of the history.

    An item i of the history speaks for a candidate j with (c_ij + order_weight d_ij) / (n_i^alpha n_j^beta +
    shrinkage). c_ij counts the users who took both, in any order; d_ij counts how often a user took j after i within
    ``window`` events, ``distance_decay`` for each event further apart than the next one; n are numbers of users. In
    both counts a user who took n items counts n ** -user_exponent. Each candidate keeps its nearest items. The newest
    item of the history weighs 1, and each step back multiplies by ``history_decay``.

    The parts are those of the session-based neighbours of Jannach and Ludewig (2017), Ludewig and Jannach (2018) and
    Garg et al. (2019): SKNN, VSKNN and STAN, which look for similar sessions where this model looks for similar items;
    and of item-to-item transition models. It needs times, or rows in the order of time, and is not applicable without:
    ``item-knn`` is the same without order. Events at the same time count in the order of their rows; whether that
    order carries anything is what ``audit`` says of a data set. Items without training rows and queries without a known
    item get no score.

    Attributes:
        neighbours: how many similar items each candidate looks at; itself does not count.
        history_decay: weight of an event of the history, relative to the next newer one; 1 for equal weights.
        order_weight: how much having followed counts, where having been taken by the same user counts 1.
        window: how many events later still count as having followed.
        distance_decay: weight of each further event between the two, relative to the next nearer one.
        alpha: exponent of the users of the history's item.
        beta: exponent of the users of the candidate.
        shrinkage: distrust of items that few users took.
        user_exponent: how much less a user counts the more items they took.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    neighbours: Annotated[int, Ge(1), Range(10, 1000, log=True)] = 500
    history_decay: Annotated[float, Gt(0), Le(1), Range(0.3, 1)] = 0.6
    order_weight: Annotated[float, Ge(0), Range(0.1, 100, log=True)] = 8.0
    window: Annotated[int, Ge(1), Range(1, 20)] = 8
    distance_decay: Annotated[float, Gt(0), Le(1), Range(0.3, 1)] = 0.8
    alpha: Annotated[float, Ge(0), Range(0, 1)] = 0.5
    beta: Annotated[float, Ge(0), Range(0, 1)] = 0.3
    shrinkage: Annotated[float, Ge(0), Range(0, 100)] = 20.0
    user_exponent: Annotated[float, Ge(0), Range(0, 1)] = 0.2

    version: ClassVar[str] = "2"
    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ORDER})

    cite = (
        """@inproceedings{jannach2017when,
  title = {When Recurrent Neural Networks Meet the Neighborhood for Session-Based Recommendation},
  author = {Jannach, Dietmar and Ludewig, Malte},
  booktitle = {Proceedings of the Eleventh ACM Conference on Recommender Systems (RecSys '17)},
  pages = {306--310},
  year = {2017},
  publisher = {ACM},
  doi = {10.1145/3109859.3109872}
}""",
        """@article{ludewig2018evaluation,
  title = {Evaluation of Session-Based Recommendation Algorithms},
  author = {Ludewig, Malte and Jannach, Dietmar},
  journal = {User Modeling and User-Adapted Interaction},
  volume = {28},
  number = {4--5},
  pages = {331--390},
  year = {2018},
  doi = {10.1007/s11257-018-9209-6}
}""",
        """@inproceedings{garg2019sequence,
  title = {Sequence and Time Aware Neighborhood for Session-Based Recommendations: {STAN}},
  author = {Garg, Diksha and Gupta, Priyanka and Malhotra, Pankaj and Vig, Lovekesh and Shroff, Gautam},
  booktitle = {Proceedings of the 42nd International ACM SIGIR Conference on Research and Development in Information
    Retrieval (SIGIR '19)},
  pages = {1069--1072},
  year = {2019},
  publisher = {ACM},
  doi = {10.1145/3331184.3331322}
}""",
    )

    def similarities(self, train: Dataset, threads: int) -> csr_matrix:
        """Return float32 csr[items, items]: how much the row speaks for the column."""
        taken = train.matrix()
        activity = np.diff(taken.indptr).astype(np.float32)
        weight = powers(activity, -self.user_exponent)
        scaled = taken.copy()
        scaled.data *= np.repeat(weight, np.diff(taken.indptr))
        left, followed = scaled.T.tocsr(), self._followed(train, weight)
        users = np.bincount(taken.indices, minlength=taken.shape[1]).astype(np.float32)
        # In a row stands the candidate, in a column the item of the history.
        measure = Similarity(alpha=self.beta, beta=self.alpha, shrinkage=self.shrinkage)

        def rows(first: int, last: int) -> csr_matrix:
            return left[first:last] @ taken + followed[first:last]

        return nearest(rows, users, measure, self.neighbours, threads).T.tocsr()

    def weigh_history(self, queries: Queries) -> csr_matrix:
        """Return float32 csr[q, items]: an item that was taken several times counts as when it was taken last."""
        weight = np.float32(self.history_decay) ** steps_back(queries).astype(np.float32)
        weight = np.maximum(weight, np.finfo(np.float32).tiny)
        place = queries.rows * len(self._warm) + queries.history.item
        newest = np.zeros(len(place), np.bool_)
        newest[len(place) - 1 - np.unique(place[::-1], return_index=True)[1]] = True
        return queries.matrix(len(self._warm), np.where(newest, weight, 0))

    def _followed(self, train: Dataset, weight: Float32) -> csr_matrix:
        """Return float32 csr[items, items], ``order_weight`` times how often the row followed the column."""
        from scipy.sparse import csr_matrix

        rows, items = train.interactions, len(train.items)
        keys = (rows.user,) if rows.timestamp is None else (rows.timestamp, rows.user)
        order = np.lexsort(keys)
        user, item = rows.user[order], rows.item[order]
        total = csr_matrix((items, items), dtype=np.float32)
        for step in range(1, self.window + 1):
            both = np.flatnonzero(user[step:] == user[:-step])
            value = self.order_weight * self.distance_decay ** (step - 1) * weight[user[both]]
            found = csr_matrix((value, (item[both + step], item[both])), shape=(items, items), dtype=np.float32)
            total = total + found
        return total

    def save(self, folder: Path) -> None:
        """Write the similarities."""
        write_square(folder, self._similarity, self._warm)

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the similarities."""
        (self._similarity, self._warm), self._threads = read_square(folder), 1
        return self

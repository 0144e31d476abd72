"""ALS: matrix factors of implicit feedback."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Range, Reproducibility, TopK
from benchsuite.data import Dataset, Entities, Float32, Int32, Int64, Queries, Ragged
from benchsuite_classic.item_factors import ItemFactors
from benchsuite_classic.support import CITE_IMPLICIT, blas_threads, has_known_history, warm_items


@dataclass
class ALS(ItemFactors):
    """Factors of implicit feedback by alternating least squares.

    Minimizes the sum over all users and items of c (p - x.y)^2 + regularization (sum |x|^2 + sum |y|^2), where p is 1
    for taken pairs with confidence c = alpha, and 0 for all others with confidence 1 (Hu, Koren and Volinsky 2008),
    with the conjugate-gradient solver of the library *implicit*. Every query, of a known user or a new one, is answered
    by solving for the user's factors from the visible history. Items without training rows and queries without a known
    item get no score.

    Attributes:
        factors: length of the vectors.
        regularization: the L2 penalty, the same for all users and items.
        alpha: confidence in a taken pair, where a pair not taken has 1.
        iterations: rounds of solving for users, then for items.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    factors: Annotated[int, Ge(1), Range(16, 256, log=True)] = 128
    regularization: Annotated[float, Gt(0), Range(0.1, 100, log=True)] = 30.0
    alpha: Annotated[float, Gt(0), Range(1, 40, log=True)] = 5.0
    iterations: Annotated[int, Ge(1), Range(5, 50)] = 15

    FILE: ClassVar[str] = "als.safetensors"

    cite = (
        """@inproceedings{hu2008collaborative,
  title = {Collaborative Filtering for Implicit Feedback Datasets},
  author = {Hu, Yifan and Koren, Yehuda and Volinsky, Chris},
  booktitle = {Eighth IEEE International Conference on Data Mining (ICDM)},
  pages = {263--272},
  year = {2008},
  doi = {10.1109/ICDM.2008.22}
}""",
        """@inproceedings{takacs2011applications,
  title = {Applications of the Conjugate Gradient Method for Implicit Feedback Collaborative Filtering},
  author = {Tak{\\'a}cs, G{\\'a}bor and Pil{\\'a}szy, Istv{\\'a}n and Tikk, Domonkos},
  booktitle = {Proceedings of the Fifth ACM Conference on Recommender Systems (RecSys '11)},
  pages = {297--300},
  year = {2011},
  doi = {10.1145/2043932.2043987}
}""",
        CITE_IMPLICIT,
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn the factors."""
        self._warm = warm_items(train)
        self._threads = context.threads
        self._model = self._make(context.seed)
        with blas_threads(1):
            self._model.fit(
                train.matrix(),
                show_progress=False,
                callback=lambda done, _seconds, _loss: context.progress(done + 1, self.iterations),
            )
        self._item_factors = self._model.item_factors
        self._active = int(np.count_nonzero(np.bincount(train.interactions.user)))
        return self

    def _make(self, seed: int) -> Any:
        from implicit.cpu.als import AlternatingLeastSquares  # loads a BLAS of its own, so it comes before the limit

        with blas_threads(1):
            return AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                alpha=self.alpha,
                iterations=self.iterations,
                num_threads=self._threads,
                random_state=seed,
            )

    def parameter_count(self) -> int:
        """Return the factors of all users and items with training rows."""
        return self.factors * (self._active + int(self._warm.sum()))

    @property
    def item_factors(self) -> Float32:
        """float32[items, factors]; rows of items without training rows mean nothing."""
        return self._item_factors

    @property
    def user_factors(self) -> Float32:
        """float32[users, factors]; rows of users without training rows mean nothing."""
        factors: Float32 = self._model.user_factors
        return factors

    def fold_in(self, queries: Queries, item_factors: Float32 | None = None) -> Float32:
        """Return float32[q, factors], each asking user's factors solved from the visible history; 0 without one.

        Args:
            queries: who asks.
            item_factors: float32[items, factors] of the items in the history, in place of the learnt ones; items
                that were not taken still count with the learnt ones.
        """
        history = queries.matrix(len(self._warm))
        with blas_threads(1):
            model = self._model
            if item_factors is not None:
                _ = model.YtY  # computed and cached, so that the copy has it too
                model = copy.copy(model)
                model.item_factors = item_factors
            solved: Float32 = model.recalculate_user(np.arange(len(queries)), history)
        return solved

    def load(self, folder: Path, items: Entities) -> Self:
        """Read the factors of the items."""
        super().load(folder, items)
        self._model = self._make(0)
        self._model.item_factors = self._item_factors
        return self

    def recommend(self, queries: Queries, candidates: Int32 | None, k: int, blocked: Ragged) -> TopK | None:
        """Rank with the heap of *implicit*, which never sorts or copies the scores of the whole catalogue."""
        codes = np.flatnonzero(self._warm) if candidates is None else candidates[self._warm[candidates]]
        rows = np.flatnonzero(has_known_history(queries, self._warm))
        item = np.full((len(queries), k), -1, np.int32)
        score = np.full((len(queries), k), np.nan, np.float32)
        if len(codes) and len(rows):
            users = self.fold_in(queries)[rows]
            item[rows], score[rows] = self._top_k(
                users, codes.astype(np.int32), k, _blocked_positions(blocked, rows, codes)
            )
        return TopK(item, score)

    def _top_k(self, users: Float32, codes: Int32, k: int, closed: Ragged) -> tuple[Int32, Float32]:
        """Return the k best of ``codes`` with their scores; ``closed`` holds positions in ``codes`` to leave out."""
        from implicit.cpu.topk import topk
        from scipy.sparse import csr_matrix

        factors = np.ascontiguousarray(self._item_factors[codes])
        shape = (len(users), len(codes))
        ban = csr_matrix((np.ones(len(closed.item), np.float32), closed.item, closed.start), shape=shape)
        width = min(k + 1, len(codes))
        with blas_threads(1):
            place, value = topk(factors, users, width, filter_query_items=ban, num_threads=self._threads)
        value[value == -np.finfo(np.float32).max] = np.nan  # how implicit marks what was banned
        # The heap breaks ties as it likes: where one straddles the end of the list, rank the whole row.
        straddles = np.flatnonzero(value[:, k - 1] == value[:, k]).tolist() if width > k else []
        for row in straddles:
            full = factors @ users[row]
            full[closed[row]] = np.nan
            place[row] = np.lexsort((np.arange(len(codes)), -full))[:width]
            value[row] = full[place[row]]
        order = np.lexsort((place, -value), axis=1)[:, :k]
        place, value = np.take_along_axis(place, order, axis=1), np.take_along_axis(value, order, axis=1)
        item = np.full((len(users), k), -1, np.int32)
        score = np.full((len(users), k), np.nan, np.float32)
        item[:, : place.shape[1]] = np.where(np.isnan(value), -1, codes[place])
        score[:, : place.shape[1]] = value
        return item, score


def _blocked_positions(blocked: Ragged, rows: Int64, codes: Int32 | Int64) -> Ragged:
    """Return the blocked items of these rows, as positions in ``codes``."""
    place = np.full(max(int(codes.max()), int(blocked.item.max(initial=0))) + 1, -1, np.int64)
    place[codes] = np.arange(len(codes))
    row = np.full(len(blocked), -1, np.int64)
    row[rows] = np.arange(len(rows))
    owner, position = row[blocked.rows], place[blocked.item]
    inside = (owner >= 0) & (position >= 0)
    return Ragged.from_pairs(owner[inside], position[inside].astype(np.int32), len(rows))

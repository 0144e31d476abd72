"""Item kNN: items similar to those in the history."""

from __future__ import annotations

import operator
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Categorical, Context, Model, Range, TopK
from benchsuite.data import Bool, Dataset, Float32, Int32, Queries, Ragged
from benchsuite_classic.support import CITE_IMPLICIT, blas_threads, has_known_history, mask_unscored, warm_items

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_PART = 512
"""Queries per product: some MB."""


@dataclass
class ItemKNN(Model):
    """Scores an item by how similar its nearest items in the history are.

    Similarities come from the library *implicit*. Each candidate looks for its own nearest items in the history
    (Sarwar et al. 2001); *implicit* itself, and libraries that wrap it, sum over the neighbours of the history's items
    instead, which measured worse on every data set tried. Items without training rows and queries without a known item
    get no score.

    Attributes:
        similarity: ``"cosine"`` of who took the items; ``"tfidf"`` and ``"bm25"`` let users with few items count more.
        neighbours: how many similar items each item looks at; itself does not count.
        side: whose neighbours count: those of each ``"candidate"``, or those of each item of the ``"history"``.
    """

    similarity: Annotated[Literal["cosine", "tfidf", "bm25"], Categorical("cosine", "tfidf", "bm25")] = "tfidf"
    neighbours: Annotated[int, Ge(1), Range(10, 500, log=True)] = 50
    side: Literal["candidate", "history"] = "candidate"

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
        CITE_IMPLICIT,
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Find each item's neighbours."""
        self._warm, self._threads = warm_items(train), context.threads
        self._similarity = self._similarities(train.matrix(), context.threads)
        return self

    def parameter_count(self) -> int:
        """Return the stored similarities."""
        return int(self._similarity.nnz)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], sums of similarities."""
        similarity = self._similarity if candidates is None else self._similarity[:, candidates]
        scores: Float32 = (queries.matrix(len(self._warm)) @ similarity).toarray()
        return mask_unscored(scores, has_known_history(queries, self._warm), self._warm, candidates)

    def recommend(self, queries: Queries, candidates: Int32 | None, k: int, blocked: Ragged) -> TopK | None:
        """Rank the few items that have a neighbour in the history; then come the known others, which score 0."""
        if candidates is not None:
            return None
        item = np.full((len(queries), k), -1, np.int32)
        score = np.full((len(queries), k), np.nan, np.float32)
        history = queries.matrix(len(self._warm))
        answered = has_known_history(queries, self._warm)
        taken = np.zeros(len(self._warm), np.bool_)
        parts = [(first, min(first + _PART, len(queries))) for first in range(0, len(queries), _PART)]
        for (first, last), product in zip(parts, self._products(history, parts), strict=True):
            for row in (first + np.flatnonzero(answered[first:last])).tolist():
                begin, end = product.indptr[row - first], product.indptr[row - first + 1]
                codes, values = product.indices[begin:end], product.data[begin:end]
                taken[blocked[row]] = True
                codes, values = self._top_k(codes, values, taken, k)
                taken[blocked[row]] = False
                item[row, : len(codes)], score[row, : len(codes)] = codes, values
        return TopK(item, score)

    def _products(self, history: csr_matrix, parts: list[tuple[int, int]]) -> Iterator[csr_matrix]:
        """Yield history times similarity for parts of the rows, the next ones being computed while one is used."""
        with ThreadPoolExecutor(self._threads) as pool:
            coming: deque[Future[csr_matrix]] = deque()
            for first, last in parts:
                coming.append(pool.submit(operator.matmul, history[first:last], self._similarity))
                if len(coming) > self._threads:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()

    def _top_k(self, codes: Int32, values: Float32, taken: Bool, k: int) -> tuple[Int32, Float32]:
        """Return the k best open items of one query; after those with a neighbour come known others, which score 0."""
        open_ = ~taken[codes]
        codes, values = _largest(codes[open_], values[open_], k)
        if len(codes) == k:
            return codes, values
        free = self._warm & ~taken
        free[codes] = False
        others = np.flatnonzero(free)[: k - len(codes)].astype(np.int32)
        return np.concatenate([codes, others]), np.concatenate([values, np.zeros(len(others), np.float32)])

    def _similarities(self, taken: csr_matrix, threads: int) -> csr_matrix:
        """Return float32 csr[items, items]; column i (row i, by the history's side) holds i's neighbours."""
        from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
        from implicit.utils import ParameterWarning

        kinds: dict[str, Any] = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender, "bm25": BM25Recommender}
        # One more, because an item is its own nearest neighbour.
        finder = kinds[self.similarity](K=self.neighbours + 1, num_threads=threads)
        with blas_threads(1), warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
            # implicit hands itself a COO matrix and warns itself about it.
            warnings.simplefilter("ignore", ParameterWarning)
            finder.fit(taken, show_progress=False)
        found = finder.similarity.astype(np.float32)
        found = found.T.tocsr() if self.side == "candidate" else found.tocsr()
        # Where all users of an item carry no weight, implicit divides 0 by 0: such items are similar to none.
        found.data[~np.isfinite(found.data)] = 0.0
        found.data[found.indices == np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))] = 0.0
        found.eliminate_zeros()
        return found


def _largest(codes: Int32, values: Float32, k: int) -> tuple[Int32, Float32]:
    """Return the k largest values, largest first, ties to the smaller code."""
    if len(values) > k:
        near = values >= np.partition(values, len(values) - k)[len(values) - k]
        codes, values = codes[near], values[near]
    order = np.lexsort((codes, -values))[:k]
    return codes[order], values[order]

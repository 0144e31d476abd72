"""Item kNN: items like the ones in the history."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Choice, Context, Model, Search, TopK
from benchsuite.data import Dataset, Float32, Int32, Queries, Ragged
from benchsuite_classic.support import CITE_IMPLICIT, answerable, blas_threads, silence, warm_items

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class ItemKNN(Model):
    """Scores an item by how similar its nearest items in the history are.

    Similarities come from the library *implicit*. Each candidate looks for its own nearest items in the history
    (Sarwar et al. 2001); *implicit* itself sums over the neighbours of the history's items instead, which measured
    worse on every data set tried. Items without training rows and queries without a known item get no score.

    Attributes:
        similarity: ``"cosine"`` of who took the items; ``"tfidf"`` and ``"bm25"`` let users with few items count more.
        neighbours: how many similar items each item looks at; itself does not count.
    """

    similarity: Annotated[Literal["cosine", "tfidf", "bm25"], Choice("cosine", "tfidf", "bm25")] = "tfidf"
    neighbours: Annotated[int, Ge(1), Search(10, 500, log=True)] = 50

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
        self._warm = warm_items(train)
        self._similarity = self._find(train.matrix(), context.threads)
        return self

    def parameter_count(self) -> int:
        """Return the stored similarities."""
        return int(self._similarity.nnz)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], sums of similarities."""
        similarity = self._similarity if candidates is None else self._similarity[:, candidates]
        scores: Float32 = (queries.matrix(len(self._warm)) @ similarity).toarray()
        return silence(scores, answerable(queries, self._warm), self._warm, candidates)

    def recommend(self, queries: Queries, candidates: Int32 | None, k: int, blocked: Ragged) -> TopK | None:
        """Rank the few items that have a neighbour in the history; then come the known others, which score 0."""
        if candidates is not None:
            return None
        item = np.full((len(queries), k), -1, np.int32)
        score = np.full((len(queries), k), np.nan, np.float32)
        product = queries.matrix(len(self._warm)) @ self._similarity
        taken = np.zeros(len(self._warm), np.bool_)
        for row in np.flatnonzero(answerable(queries, self._warm)).tolist():
            taken[blocked[row]] = True
            begin, end = product.indptr[row], product.indptr[row + 1]
            codes, values = product.indices[begin:end], product.data[begin:end]
            open_ = ~taken[codes]
            codes, values = _first(codes[open_], values[open_], k)
            if len(codes) < k:
                taken[codes] = True
                others = np.flatnonzero(self._warm & ~taken)[: k - len(codes)]
                taken[codes] = False
                codes = np.concatenate([codes, others])
                values = np.concatenate([values, np.zeros(len(others), np.float32)])
            item[row, : len(codes)], score[row, : len(codes)] = codes, values
            taken[blocked[row]] = False
        return TopK(item, score)

    def _find(self, taken: csr_matrix, threads: int) -> csr_matrix:
        """Return float32 csr[items, items]; column i holds the similarities of i's neighbours."""
        from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
        from implicit.utils import ParameterWarning

        kinds: dict[str, Any] = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender, "bm25": BM25Recommender}
        # One more, because an item is its own nearest neighbour.
        finder = kinds[self.similarity](K=self.neighbours + 1, num_threads=threads)
        with blas_threads(1), warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
            # implicit hands itself a COO matrix and warns itself about it.
            warnings.simplefilter("ignore", ParameterWarning)
            finder.fit(taken, show_progress=False)
        found = finder.similarity.astype(np.float32).T.tocsr()
        # Where all users of an item carry no weight, implicit divides 0 by 0: such items resemble nothing.
        found.data[~np.isfinite(found.data)] = 0.0
        found.setdiag(0.0)
        found.eliminate_zeros()
        return found


def _first(codes: Int32, values: Float32, k: int) -> tuple[Int32, Float32]:
    """Return the k largest values, largest first, ties to the smaller code."""
    if len(values) > k:
        near = values >= np.partition(values, len(values) - k)[len(values) - k]
        codes, values = codes[near], values[near]
    order = np.lexsort((codes, -values))[:k]
    return codes[order], values[order]

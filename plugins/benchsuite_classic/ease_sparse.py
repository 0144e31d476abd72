"""EASE with few weights per item, for catalogues whose square does not fit in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Range, Reproducibility
from benchsuite.data import Dataset, Float32, Int64
from benchsuite_classic.ease import EASE
from benchsuite_classic.sparse_weights import SparseWeights
from benchsuite_classic.support import CITE_SLIM, blas_threads, parallel_for, warm_items

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class EaseSparse(SparseWeights):
    """EASE among each item's most similar items only, so that memory grows with the items, not with their square.

    Column j of the weights solves EASE's ridge regression with all weights held at 0 but those of the ``neighbours``
    items N of highest cosine to j: (G_NN + regularization I) b = G_Nj with G = X'X (Steck 2019). With all items for
    neighbours that is EASE itself, but for pairs of items without a common user, which get no weight. Choosing the
    inputs of each regression by item kNN is the fsSLIM of Ning and Karypis (2011), there with other penalties. The
    weights and one small square per thread are all that is held. Items without training rows and queries without a
    known item get no score.

    Attributes:
        regularization: the L2 penalty, in units of users; larger sets want larger values.
        neighbours: how many items enter the regression of each, at most.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    regularization: Annotated[float, Gt(0), Range(10, 10_000, log=True)] = 300.0
    neighbours: Annotated[int, Ge(1), Range(50, 500, log=True)] = 300

    cite = (*EASE.cite, CITE_SLIM)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Solve one small regression for each item."""
        from scipy.sparse import csr_matrix

        self._warm = warm_items(train)
        taken = train.matrix()
        by_item = taken.T.tocsr()
        size = by_item.shape[0]
        near: list[Int64] = [np.empty(0, np.int64)] * size
        weight: list[Float32] = [np.empty(0, np.float32)] * size
        counts = np.diff(by_item.indptr).astype(np.float32)

        def work(first: int, last: int) -> None:
            common = (by_item[first:last] @ taken).tocsr()
            for item in range(first, last):
                begin, end = common.indptr[item - first], common.indptr[item - first + 1]
                codes, shared = common.indices[begin:end], common.data[begin:end]
                near[item], weight[item] = self._regress(item, codes, shared, by_item, counts)

        step = max(1, 64 // context.threads)
        parts = [(first, min(first + step, size)) for first in range(0, size, step)]
        with blas_threads(1):
            parallel_for(work, parts, context.threads)
        start = np.concatenate([[0], np.cumsum([len(codes) for codes in near])])
        columns = (np.concatenate(weight), np.concatenate(near), start)
        self._weights = csr_matrix(columns, shape=(size, size)).T.tocsr()
        return self

    def _regress(
        self, item: int, codes: Int64, shared: Float32, by_item: csr_matrix, counts: Float32
    ) -> tuple[Int64, Float32]:
        """Return the items that enter the regression of one, sorted, and their weights.

        Args:
            item: whose column is solved for.
            codes: int[n] items with a common user, itself included.
            shared: float32[n] how many users each has in common with it.
            by_item: csr[items, users] who took each.
            counts: float32[items] how many users took each.
        """
        other = codes != item
        codes, shared = codes[other], shared[other]
        if len(codes) > self.neighbours:
            cosine = shared / np.sqrt(counts[codes])
            best = np.lexsort((codes, -cosine))[: self.neighbours]
            codes, shared = codes[best], shared[best]
        order = np.argsort(codes)
        codes, shared = codes[order], shared[order]
        users = by_item[codes]
        normal: Float32 = (users @ users.T).toarray()
        np.einsum("ii->i", normal)[:] += np.float32(self.regularization)
        return codes, np.linalg.solve(normal, shared)

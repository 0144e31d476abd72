"""Intra-list diversity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from benchsuite.api import Metric, Requirement
from benchsuite.data import EvaluationInput, Float64, Int32
from benchsuite_protocol.metrics.hits import hits
from benchsuite_protocol.metrics.text_vectors import word_vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_QUERIES = 4096
"""How many lists are summed at once."""


@dataclass
class DiversityAtK(Metric):
    """Intra-list diversity: how little the texts of a list's items have in common.

    The mean of ``1 - cos(v_i, v_j)`` over all pairs of different items in a list's first k places (Ziegler et al. 2005,
    "Improving recommendation lists through topic diversification", 1 less its intra-list similarity by pairs). ``v``
    are tf-idf vectors of the item texts (see :func:`benchsuite_protocol.metrics.text_vectors.word_vectors`): words are
    counted, so no language model is favoured. 0: all texts have the same words; 1: no two share a word.

    Items whose text has no word are left out of the list, since nothing is known of them. NaN for a list with fewer
    than two items left; then the mean over queries. The ground truth is not used, and places that the fallback filled
    count.

    Attributes:
        k: how many places are looked at.
    """

    title: ClassVar[str] = "Diversity"
    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    rewards_truth: ClassVar[bool] = False
    convention: ClassVar[str] = (
        "mean 1 - cosine over pairs of listed items, tf-idf of item texts; items without words left out; "
        "lists of two items or more"
    )

    k: Annotated[int, Gt(0)] = 10

    cite = (
        """@inproceedings{ziegler2005improving,
  title = {Improving Recommendation Lists Through Topic Diversification},
  author = {Ziegler, Cai-Nicolas and McNee, Sean M. and Konstan, Joseph A. and Lausen, Georg},
  booktitle = {Proceedings of the 14th International Conference on World Wide Web},
  pages = {22--32},
  year = {2005},
  doi = {10.1145/1060745.1060754}
}""",
    )

    def measure(self, evidence: EvaluationInput) -> Float64:
        """Return float64[q], the diversity of each list."""
        hits(evidence).top(self.k)  # refuses to look past the stored lists
        vectors = None if evidence.items is None else word_vectors(evidence.items)
        if vectors is None or not len(evidence):
            return np.full(len(evidence), np.nan)
        return np.concatenate(list(_diversity(vectors, evidence.rankings.item[:, : self.k])))


def _diversity(vectors: csr_matrix, item: Int32) -> Iterator[Float64]:
    """Yield the diversity of some lists at a time.

    For n unit vectors with sum s, all ``n (n - 1)`` ordered pairs together have the cosine ``|s|^2 - n``.
    """
    from scipy.sparse import csr_matrix

    worded = np.diff(vectors.indptr) > 0
    for first in range(0, len(item), _QUERIES):
        part = item[first : first + _QUERIES]
        query, place = np.nonzero(part >= 0)
        code = part[query, place]
        query, code = query[worded[code]], code[worded[code]]
        size = np.bincount(query, minlength=len(part)).astype(np.float64)
        chosen = csr_matrix((np.ones(len(code)), (query, code)), shape=(len(part), vectors.shape[0]))
        total = chosen @ vectors
        norm = np.asarray(total.multiply(total).sum(axis=1), np.float64).ravel()
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = (norm - size) / (size * (size - 1.0))
        # Rounding may give identical texts a tiny distance.
        yield np.where(size > 1, np.clip(1.0 - cosine, 0.0, 1.0), np.nan)

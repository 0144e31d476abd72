"""Weights of users and items in neighbourhoods, and the similarities made from what two of them have in common."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from benchsuite.data import Float32, Int64

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Weighting = Literal["none", "tf-idf", "bm25"]

_K1, _B = 1.2, 0.75
"""The usual constants of BM25."""


@dataclass(frozen=True)
class Similarity:
    """How alike two rows a and b are, from ``common``, their inner product, and their sizes |a| and |b|.

    Of 0/1 rows, ``common`` is how many entries both have, and the sizes are how many each has. ``"cosine"`` is
    common / (|a|^alpha |b|^beta + shrinkage): the cosine for alpha = beta = 1/2, the asymmetric cosine (Aiolli
    2013) for other exponents that sum to 1, conditional probability (Deshpande and Karypis 2004) for alpha = 1, the
    plain inner product for alpha = beta = 0. ``"tversky"`` is common / (common + alpha (|a| - common) +
    beta (|b| - common) + shrinkage): Jaccard for alpha = beta = 1, Dice for alpha = beta = 1/2.

    Attributes:
        kind: which formula.
        alpha: belongs to a.
        beta: belongs to b.
        shrinkage: distrust of small sizes.
    """

    kind: Literal["cosine", "tversky"] = "cosine"
    alpha: float = 0.5
    beta: float = 0.5
    shrinkage: float = 0.0

    def flipped(self) -> Self:
        """Return the same with a and b exchanged."""
        return dataclasses.replace(self, alpha=self.beta, beta=self.alpha)

    def apply(self, common: csr_matrix, size: Float32, others: Float32) -> None:
        """Replace csr[r, m] inner products by similarities, in place; 0 where the formula divides by 0.

        Args:
            common: float32 csr[r, m], a in rows, b in columns.
            size: float32[r], of each a.
            others: float32[m], of each b.
        """
        values, count, column = common.data, np.diff(common.indptr), common.indices
        if self.kind == "cosine":
            below = np.repeat(size ** np.float32(self.alpha), count) * (others ** np.float32(self.beta))[column]
        else:
            below = values + np.float32(self.alpha) * (np.repeat(size, count) - values)
            below += np.float32(self.beta) * (others[column] - values)
        below += np.float32(self.shrinkage)
        np.divide(values, below, out=values, where=below != 0)
        values[below == 0] = 0.0


@dataclass(frozen=True, eq=False)
class TermWeights:
    """How telling the terms of documents are: users are the terms that describe items, items those of users.

    Attributes:
        rarity: float32[t], the inverse document frequency log(d) - log(1 + documents of the term), for d documents; 1
            without weighting.
        mean_length: terms per document, for BM25, which discounts long documents; 0 for others, which do not.
    """

    rarity: Float32
    mean_length: float = 0.0

    @classmethod
    def learn(cls, documents: csr_matrix, weighting: Weighting) -> Self:
        """Return the weights of the terms of 0/1 csr[d, t]."""
        count, terms = documents.shape
        if weighting == "none":
            return cls(np.ones(terms, np.float32))
        rarity = np.log(max(count, 1)) - np.log1p(np.bincount(documents.indices, minlength=terms))
        return cls(rarity.astype(np.float32), documents.nnz / max(count, 1) if weighting == "bm25" else 0.0)

    def apply(self, documents: csr_matrix) -> csr_matrix:
        """Return csr[d, t], the weighed entries of 0/1 documents."""
        weighed = documents.copy()
        length = np.diff(documents.indptr)
        weighed.data *= self.rarity[documents.indices] * np.repeat(self.of_lengths(length), length)
        return weighed

    def of_lengths(self, length: Int64) -> Float32:
        """Return float32[d], (k1 + 1) / (k1 L + 1) with L = 1 - b + b length / mean length, for BM25; else 1."""
        if not self.mean_length:
            return np.ones(len(length), np.float32)
        return ((_K1 + 1) / (1 + _K1 * (1 - _B + _B * length / self.mean_length))).astype(np.float32)


def squared_sizes(matrix: csr_matrix) -> Float32:
    """Return float32[n], the sum of squares of each row of csr[n, m]."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    sizes = np.bincount(row, matrix.data.astype(np.float64) ** 2, minlength=matrix.shape[0])
    return sizes.astype(np.float32)


def powers(counts: Float32, exponent: float) -> Float32:
    """Return float32[m], whole ``counts ** exponent``; 0 where a count is 0."""
    return np.where(counts > 0, np.maximum(counts, 1) ** exponent, 0.0).astype(np.float32)

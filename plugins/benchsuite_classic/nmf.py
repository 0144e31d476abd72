"""NMF: non-negative factors of who took what."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Context, Range, Reproducibility
from benchsuite.data import Dataset, Float32, Queries
from benchsuite_classic.item_factors import ItemFactors
from benchsuite_classic.support import blas_threads, warm_items

_FOLD_IN_ITERATIONS = 200
"""Rounds of coordinate descent for the factors of who asks, with the items' held fixed; fewer leave them unfinished."""


@dataclass
class NMF(ItemFactors):
    """Factors of the 0/1 matrix of who took what that are nowhere negative, by coordinate descent.

    Minimizes 1/2 |X - W H|^2 + regularization / 2 (|W|^2 + |H|^2) over non-negative W and H with scikit-learn
    (Cichocki and Phan 2009), from a singular value decomposition (NNDSVDa). Every query, of a known user or a new one,
    is answered by solving for the user's factors from the visible history. Items without training rows and queries
    without a known item get no score.

    Attributes:
        factors: length of the vectors.
        regularization: the L2 penalty, the same for all users and items.
        iterations: rounds of descent, at most.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    factors: Annotated[int, Ge(1), Range(8, 350, log=True)] = 50
    regularization: Annotated[float, Ge(0), Range(0.01, 100, log=True)] = 1.0
    iterations: Annotated[int, Ge(1), Range(20, 500, log=True)] = 200

    FILE: ClassVar[str] = "nmf.safetensors"

    cite = (
        """@article{cichocki2009fast,
  title = {Fast Local Algorithms for Large Scale Nonnegative Matrix and Tensor Factorizations},
  author = {Cichocki, Andrzej and Phan, Anh-Huy},
  journal = {IEICE Transactions on Fundamentals of Electronics, Communications and Computer Sciences},
  volume = {E92-A},
  number = {3},
  pages = {708--721},
  year = {2009},
  doi = {10.1587/transfun.E92.A.708}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn the factors of the items."""
        from sklearn.decomposition import NMF as Learner  # noqa: N811 - the same name as ours
        from sklearn.exceptions import ConvergenceWarning

        self._warm, self._threads = warm_items(train), context.threads
        taken = train.matrix()
        self._active = int(np.count_nonzero(np.diff(taken.indptr)))
        learner = Learner(
            n_components=min(self.factors, *taken.shape),
            init="nndsvda",
            alpha_W=self.regularization
            / taken.shape[1],  # scikit-learn multiplies by the items, and by the users for H
            alpha_H=self.regularization / taken.shape[0],
            max_iter=self.iterations,
            random_state=context.seed % 2**32,
        )
        with blas_threads(context.threads), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # how many rounds there are is a setting
            learner.fit(taken)
        self._item_factors = np.ascontiguousarray(learner.components_.T, np.float32)
        return self

    def parameter_count(self) -> int:
        """Return the factors of items with training rows; those of users are solved for when they ask."""
        return int(self._item_factors.shape[1] * self._warm.sum())

    def fold_in(self, queries: Queries) -> Float32:
        """Return float32[q, factors], each asking user's factors solved from the visible history."""
        from sklearn.decomposition import non_negative_factorization

        history = queries.matrix(len(self._warm))
        factors = self._item_factors.T
        solved = np.zeros((len(queries), factors.shape[0]), np.float32)
        some = np.diff(history.indptr) > 0
        if not some.any():
            return solved
        with blas_threads(self._threads):
            # Without a tolerance every row gets the same rounds, whoever else asks.
            solved[some], _, _ = non_negative_factorization(
                history[some],
                H=np.ascontiguousarray(factors),
                n_components=factors.shape[0],
                update_H=False,
                alpha_W=self.regularization / history.shape[1],
                alpha_H=0.0,
                tol=0.0,
                max_iter=_FOLD_IN_ITERATIONS,
            )
        return solved

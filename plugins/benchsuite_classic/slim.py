"""SLIM: sparse, non-negative weights between items by elastic nets."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Range, Reproducibility
from benchsuite.data import Dataset
from benchsuite.errors import ConfigError
from benchsuite_classic.sparse_weights import SparseWeights
from benchsuite_classic.support import CITE_SLIM, blas_threads, warm_items

_ROUNDS = 1000
_TOLERANCE = 1e-4
"""Rounds of coordinate descent, at most, and the change of a weight below which an item is done."""


@dataclass
class SLIM(SparseWeights):
    """Predicts each item from all others by an elastic net without negative weights; most weights become 0.

    Column j of the weights W minimizes 1/2 |X_j - X W_j|^2 + l2_regularization / 2 |W_j|^2 + l1_regularization |W_j|_1
    with W_jj = 0 and, unless told otherwise, W >= 0 (Ning and Karypis 2011, equation 4; theirs are beta and lambda), by
    coordinate descent in the library *irspack* (``benchsuite[irspack]``). Settings of others: with scikit-learn's
    alpha, l1_ratio and n users, l1_regularization is n alpha l1_ratio and l2_regularization n alpha (1 - l1_ratio).
    Items without training rows and queries without a known item get no score.

    Attributes:
        l1_regularization: the L1 penalty, in units of users; more makes more weights 0.
        l2_regularization: the L2 penalty, in units of users.
        positive: whether weights are kept from being negative.
    """

    version: ClassVar[str] = "2"
    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    l1_regularization: Annotated[float, Gt(0), Range(0.1, 50, log=True)] = 2.0
    l2_regularization: Annotated[float, Ge(0), Range(1, 2000, log=True)] = 100.0
    positive: bool = True

    cite = (CITE_SLIM,)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Solve for the weights.

        Raises:
            ConfigError: when irspack is not installed.
        """
        recommender = _irspack()
        self._warm = warm_items(train)
        taken = train.matrix()
        scale = taken.shape[0] or 1
        total = self.l1_regularization + self.l2_regularization
        learner = recommender(
            taken,
            alpha=total / scale,
            l1_ratio=self.l1_regularization / total,
            positive_only=self.positive,
            n_iter=_ROUNDS,
            tol=_TOLERANCE,
            n_threads=1,  # several give other last digits each time
        )
        with blas_threads(1):
            learner.learn()
        self._weights = learner.W.tocsr().astype(np.float32)
        self._weights.sort_indices()
        return self


def _irspack() -> Any:
    """Return irspack's class.

    Raises:
        ConfigError: when irspack is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pydantic, about irspack's own code; nothing a user could act on
            from irspack.recommenders.slim import SLIMRecommender
    except ImportError:
        raise ConfigError(
            "slim needs the package irspack, which is not installed", remedy='pip install "benchsuite[irspack]"'
        ) from None
    return SLIMRecommender

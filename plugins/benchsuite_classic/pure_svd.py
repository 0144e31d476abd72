"""PureSVD: the truncated singular value decomposition of who took what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Context, Range, Reproducibility
from benchsuite.data import Dataset, Float32, Queries
from benchsuite_classic.item_factors import ItemFactors
from benchsuite_classic.support import blas_threads, warm_items


@dataclass
class PureSVD(ItemFactors):
    """Projects the history onto the largest right singular vectors of the 0/1 matrix of who took what.

    Scores are x V V' (Cremonesi, Koren and Turrin 2010, equation 7), so a new user is answered as a known one is. The
    paper fills the matrix with ratings; here a taken item counts 1. V comes from scikit-learn's randomized
    decomposition (Halko, Martinsson and Tropp 2011). Items without training rows and queries without a known item get
    no score.

    Attributes:
        factors: how many singular vectors are kept.
        popularity_exponent: items enter the decomposition divided by their norm and multiplied by its power
            ``popularity_exponent``: 1 is PureSVD, less is EigenRec (Nikolakopoulos et al. 2019), which lets popular
            items say less about the factors.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    factors: Annotated[int, Ge(1), Range(8, 350, log=True)] = 30
    popularity_exponent: Annotated[float, Ge(0), Range(0.0, 1.0)] = 1.0

    exempt: ClassVar[Mapping[str, str]] = {
        "checkerboard": "with nearly as many factors as there are items a decomposition repeats the history"
    }

    FILE: ClassVar[str] = "pure-svd.safetensors"

    cite = (
        """@inproceedings{cremonesi2010performance,
  title = {Performance of Recommender Algorithms on Top-N Recommendation Tasks},
  author = {Cremonesi, Paolo and Koren, Yehuda and Turrin, Roberto},
  booktitle = {Proceedings of the Fourth ACM Conference on Recommender Systems (RecSys '10)},
  pages = {39--46},
  year = {2010},
  doi = {10.1145/1864708.1864721}
}""",
        """@article{nikolakopoulos2019eigenrec,
  title = {{EigenRec}: Generalizing {PureSVD} for Effective and Efficient Top-N Recommendations},
  author = {Nikolakopoulos, Athanasios N. and Kalantzis, Vassilis and Gallopoulos, Efstratios and Garofalakis, John D.},
  journal = {Knowledge and Information Systems},
  volume = {58},
  pages = {59--81},
  year = {2019},
  doi = {10.1007/s10115-018-1197-7}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Decompose the matrix."""
        from scipy.sparse import diags_array
        from sklearn.utils.extmath import randomized_svd

        self._warm, self._threads = warm_items(train), context.threads
        taken = train.matrix()
        self._active = int(np.count_nonzero(np.diff(taken.indptr)))
        norm = np.sqrt(np.maximum(np.bincount(taken.indices, minlength=taken.shape[1]), 1))
        if self.popularity_exponent != 1:
            taken = (taken @ diags_array(norm ** (self.popularity_exponent - 1))).tocsr().astype(np.float32)
        with blas_threads(context.threads):
            _, _, vectors = randomized_svd(
                taken,
                n_components=min(self.factors, *taken.shape),
                n_oversamples=self.factors + 10,  # the default leaves errors of some percent in the last vectors
                n_iter=10,
                random_state=context.seed % 2**32,
            )
        self._item_factors = np.ascontiguousarray(vectors.T, np.float32)
        return self

    def parameter_count(self) -> int:
        """Return the singular vectors' entries of items with training rows."""
        return int(self._item_factors.shape[1] * self._warm.sum())

    def fold_in(self, queries: Queries) -> Float32:
        """Return float32[q, factors], the visible histories projected onto the singular vectors."""
        projected: Float32 = queries.matrix(len(self._warm)) @ self._item_factors
        return projected

"""SVD++: biased matrix factors of ratings that also read which items were rated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Range, Reproducibility
from benchsuite.data import Float64
from benchsuite_classic.ratings import CITE_SURPRISE
from benchsuite_classic.svd import SVD

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class SVDpp(SVD):
    """Predicts a rating as mean + user bias + item bias + q.(p + sum of y over the rated items / sqrt(their number)).

    Equation 15 of Koren (2008) in the library *Surprise*, trained on the values; each step visits all items of the
    user, so the time grows with the square of the histories. A known user is answered by what was learnt; a new user by
    the sum over the history and the ridge regression of what it leaves unexplained on the item factors. Scores are on
    the scale of the values. Items without training rows get no score. For learning, values are mapped linearly to a
    range of width 4, like one to five stars, for which the settings were made.

    Attributes:
        factors: length of the vectors.
        epochs: passes over the ratings.
        learning_rate: of all parameters.
        regularization: the L2 penalty per rating, of all parameters.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    factors: Annotated[int, Ge(1), Range(10, 100, log=True)] = 20
    epochs: Annotated[int, Ge(1), Range(10, 60)] = 20
    learning_rate: Annotated[float, Gt(0), Range(0.001, 0.05, log=True)] = 0.007
    regularization: Annotated[float, Gt(0), Range(0.005, 0.5, log=True)] = 0.02

    cite = (
        """@inproceedings{koren2008factorization,
  title = {Factorization Meets the Neighborhood: A Multifaceted Collaborative Filtering Model},
  author = {Koren, Yehuda},
  booktitle = {Proceedings of the 14th ACM SIGKDD International Conference on Knowledge Discovery and Data Mining},
  pages = {426--434},
  year = {2008},
  doi = {10.1145/1401890.1401944}
}""",
        CITE_SURPRISE,
    )

    def parameter_count(self) -> int:
        """Return the mean, the biases, and both kinds of factors of items and those of users with training rows."""
        return super().parameter_count() + int(self._rated_factors.size)

    def _learner(self, random_state: Any) -> Any:
        import surprise

        return surprise.SVDpp(
            n_factors=self.factors,
            n_epochs=self.epochs,
            lr_all=self.learning_rate,
            reg_all=self.regularization,
            random_state=random_state,
            cache_ratings=True,
        )

    def _read(self, learner: Any) -> None:
        super()._read(learner)
        self._rated_factors: Float64 = np.asarray(learner.yj)
        self._user_factors = self._user_factors + self._rated(self._ratings.values)

    def _rated(self, values: csr_matrix) -> Float64:
        """Return float64[m, factors], the sum of y over the rated items of each row / sqrt(their number)."""
        rated = values.copy()
        lengths = np.diff(rated.indptr)
        rated.data = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths)
        total: Float64 = rated @ self._rated_factors
        return total

    def _fold_in(self, history: csr_matrix) -> tuple[float, Float64]:
        rated = self._rated(history)[0]
        bias, own = self._ridge(history, self._item_factors[history.indices] @ rated)
        return bias, own + rated

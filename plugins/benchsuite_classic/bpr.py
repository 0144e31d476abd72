"""BPR: matrix factors that put taken items before others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Range, Reproducibility
from benchsuite.data import Dataset, Float32, Int32, Int64, Queries
from benchsuite_classic.support import blas_threads, mask_unscored, warm_items

_BATCH = 1024
"""Pairs per step."""
_ROUNDS = 20
"""How often a drawn item is drawn again where the user took it; whoever took nearly everything then skips the pair."""
_DEVIATION = 0.1
"""Standard deviation of the first factors, times the square root of their number."""


@dataclass
class BPR(Model):
    """Factors and item biases that rank a user's taken items before others, by stochastic gradient descent.

    Maximizes the sum of ln sigmoid(x_ui - x_uj) over drawn triples of a user, a taken item i and an item j not taken,
    less regularization / 2 times the squares of the parameters of each triple (Rendle et al. 2009, BPR-Opt). As in the
    paper j is drawn evenly; the library *implicit* draws it by popularity, which measured far worse. Steps are over
    batches and scaled by AdaGrad (Duchi et al. 2011), so that one learning rate fits users, items and biases. A known
    user is answered by the learnt factors; new users and items without training rows get no score.

    Attributes:
        factors: length of the vectors.
        learning_rate: of all parameters.
        regularization: the L2 penalty per triple, of all parameters.
        epochs: passes over the taken pairs.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    factors: Annotated[int, Ge(1), Range(16, 256, log=True)] = 64
    learning_rate: Annotated[float, Gt(0), Range(0.005, 0.5, log=True)] = 0.05
    regularization: Annotated[float, Ge(0), Range(0.0001, 0.1, log=True)] = 0.01
    epochs: Annotated[int, Ge(1), Range(20, 500, log=True)] = 100

    cite = (
        """@inproceedings{rendle2009bpr,
  title = {{BPR}: Bayesian Personalized Ranking from Implicit Feedback},
  author = {Rendle, Steffen and Freudenthaler, Christoph and Gantner, Zeno and Schmidt-Thieme, Lars},
  booktitle = {Proceedings of the Twenty-Fifth Conference on Uncertainty in Artificial Intelligence (UAI)},
  pages = {452--461},
  year = {2009},
  publisher = {AUAI Press}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn factors and biases."""
        self._warm, self._threads = warm_items(train), context.threads
        taken = train.matrix().tocoo()
        user, item = taken.row.astype(np.int64), taken.col.astype(np.int64)
        self._known = np.bincount(user, minlength=taken.shape[0]) > 0
        rng = np.random.default_rng(context.seed)
        scale = _DEVIATION / self.factors**0.5
        # The last column is the item's bias; the users' is 1 and stays so.
        users = rng.normal(0.0, scale, (taken.shape[0], self.factors + 1)).astype(np.float32)
        items = rng.normal(0.0, scale, (taken.shape[1], self.factors + 1)).astype(np.float32)
        users[:, -1], items[:, -1] = 1.0, 0.0
        self._user_factors, self._item_factors = users, items
        self._user_squares, self._item_squares = np.full_like(users, 1e-8), np.full_like(items, 1e-8)
        pairs = np.sort(user * taken.shape[1] + item)
        with blas_threads(1):
            for done in range(1, self.epochs + 1):
                order = rng.permutation(len(user))
                others = _draw(user, pairs, np.flatnonzero(self._warm), taken.shape[1], rng)
                for first in range(0, len(order), _BATCH):
                    batch = order[first : first + _BATCH]
                    batch = batch[others[batch] >= 0]
                    self._step(user[batch], item[batch], others[batch])
                context.progress(done, self.epochs)
        del self._user_squares, self._item_squares
        return self

    def _step(self, user: Int64, item: Int64, other: Int64) -> None:
        """Move the parameters of these triples, int64[b] each, up the gradient."""
        own, better, worse = self._user_factors[user], self._item_factors[item], self._item_factors[other]
        apart = better - worse
        with np.errstate(over="ignore"):
            wrong = 1.0 / (1.0 + np.exp(np.einsum("bf,bf->b", own, apart)))[:, None]
        penalty = np.float32(self.regularization)
        rise = wrong * apart - penalty * own
        rise[:, -1] = 0.0
        self._climb(self._user_factors, self._user_squares, user, rise)
        rises = np.concatenate([wrong * own - penalty * better, -wrong * own - penalty * worse])
        self._climb(self._item_factors, self._item_squares, np.concatenate([item, other]), rises)

    def _climb(self, factors: Float32, squares: Float32, rows: Int64, rise: Float32) -> None:
        """Add the gradients (float32[b, f]) of rows of ``factors``, scaled by those so far, in place."""
        from scipy.sparse import csr_matrix

        unique, place = np.unique(rows, return_inverse=True)
        gather = csr_matrix((np.ones(len(rows), np.float32), (place, np.arange(len(rows)))))
        total = gather @ rise
        squares[unique] += total**2
        factors[unique] += np.float32(self.learning_rate) * total / np.sqrt(squares[unique])

    def parameter_count(self) -> int:
        """Return the factors of all users and items with training rows, and the items' biases."""
        users, items = int(self._known.sum()), int(self._warm.sum())
        return self.factors * (users + items) + items

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], dot products of user and item factors plus the item's bias."""
        factors = self._item_factors if candidates is None else self._item_factors[candidates]
        with blas_threads(self._threads):
            scores: Float32 = self._user_factors[queries.user] @ factors.T
        return mask_unscored(scores, self._known[queries.user], self._warm, candidates)


def _draw(user: Int64, pairs: Int64, warm: Int64, items: int, rng: np.random.Generator) -> Int64:
    """Return int64[n], for each taken pair an item that its user did not take, drawn evenly; -1 where none was found.

    Args:
        user: int64[n] of each taken pair.
        pairs: int64[n] sorted, user times ``items`` plus item.
        warm: int64[m], items to draw from.
        items: size of the catalogue.
        rng: where chance comes from.
    """
    drawn = warm[rng.integers(len(warm), size=len(user))]
    redo = np.arange(len(user))
    for _ in range(_ROUNDS):
        keys = user[redo] * items + drawn[redo]
        place = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
        redo = redo[pairs[place] == keys]
        if not len(redo):
            return drawn
        drawn[redo] = warm[rng.integers(len(warm), size=len(redo))]
    keys = user[redo] * items + drawn[redo]
    drawn[redo[np.isin(keys, pairs)]] = -1
    return drawn

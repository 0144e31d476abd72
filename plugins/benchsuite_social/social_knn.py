"""Social kNN: what friends took, blended with what similar users took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from annotated_types import Ge, Le

from benchsuite.api import Context, Range, Reproducibility, Requirement
from benchsuite.data import Bool, Dataset, Float32, Int32, Queries
from benchsuite_classic.support import blocks, mask_unscored, warm_items
from benchsuite_classic.user_knn import UserKNN

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_TINY = np.finfo(np.float32).tiny


@dataclass
class SocialKNN(UserKNN):
    """Scores an item by the share of friends and of similar users who took it; new users get friends alone.

    The score is ``(1 - t) * similar + t * friends``. ``similar`` is the score of ``user-knn``. ``friends`` is the share
    of the asking user's friends who took the item, where friends of friends count ``decay`` times as much in all.
    ``t`` grows from ``trust``, for users with a long history, to 1 for users without any: with n items it is
    ``1 - (1 - trust) * n / (n + patience)``. Users without friends who took anything get ``similar`` alone, users whose
    history is shared by nobody get ``friends`` alone, users with neither get no score, like items without training
    rows.

    Attributes:
        trust: share of the friends in the score of a user with a long history.
        patience: history length at which the share of ``similar`` is half of its largest.
        decay: weight of all friends of friends together, where all friends weigh 1.
        directed: whether only the users that somebody links to are friends, not those who link to them.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    trust: Annotated[float, Ge(0), Le(1), Range(0, 1)] = 0.3
    patience: Annotated[float, Ge(0), Range(0, 20)] = 5.0
    decay: Annotated[float, Ge(0), Le(1), Range(0, 1)] = 0.3
    directed: bool = False

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.LINKS})

    cite = (  # type: ignore[assignment]  # the model this one builds on has fewer entries
        *UserKNN.cite,
        """@inproceedings{groh2007recommendations,
  title = {Recommendations in Taste Related Domains: Collaborative Filtering vs. Social Filtering},
  author = {Groh, Georg and Ehmig, Christian},
  booktitle = {Proceedings of the 2007 International ACM Conference on Supporting Group Work},
  pages = {127--136},
  year = {2007},
  doi = {10.1145/1316624.1316643}
}""",
        """@inproceedings{massa2007trust,
  title = {Trust-aware Recommender Systems},
  author = {Massa, Paolo and Avesani, Paolo},
  booktitle = {Proceedings of the 2007 ACM Conference on Recommender Systems},
  pages = {17--24},
  year = {2007},
  doi = {10.1145/1297231.1297235}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Keep who took what, and who is linked with whom."""
        super().fit(train, context)
        self._known = warm_items(train)
        self._rows = train.matrix()
        self._friends = self._graph(train)
        return self

    def parameter_count(self) -> int:
        """Return the stored rows of who took what, and the links."""
        return super().parameter_count() + int(self._friends.nnz)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the weighted sum of both shares."""
        taken = self._rows if candidates is None else self._rows[:, candidates]
        scores = super().score(queries, candidates)
        similar: Bool = np.asarray(~np.isnan(scores).all(axis=1))
        social = np.zeros(len(queries), np.bool_)
        np.nan_to_num(scores, copy=False, nan=0.0)
        for first, last in blocks(len(queries), 12 * max(self._rows.shape)):
            asked = queries.slice(first, last)
            weights = self._friend_weights(asked.user)
            total = np.asarray(weights.sum(axis=1)).ravel()
            social[first:last] = total > 0
            share = self._friend_share(asked)
            share[~similar[first:last]] = 1.0
            share[total == 0] = 0.0
            friends = (weights @ taken).toarray() * (share / np.maximum(total, _TINY))[:, None]
            scores[first:last] = scores[first:last] * (1 - share)[:, None] + friends
        return mask_unscored(scores, similar | social, self._known, candidates)

    def _graph(self, train: Dataset) -> csr_matrix:
        """Return float32 csr[users, users], 1 where the row's user is a friend of the column's."""
        from scipy.sparse import csr_matrix

        users = len(train.users)
        links = np.zeros((0, 2), np.int32) if train.links is None else train.links
        links = links[links[:, 0] != links[:, 1]]
        if not self.directed:
            links = np.concatenate([links, links[:, ::-1]])
        graph = csr_matrix((np.ones(len(links), np.float32), (links[:, 0], links[:, 1])), shape=(users, users))
        graph.sum_duplicates()
        graph.data[:] = 1.0
        return graph

    def _friend_weights(self, user: Int32) -> csr_matrix:
        """Return float32 csr[q, users], how much each user counts as a friend; users without training rows do not."""
        from scipy.sparse import diags_array

        active = diags_array((np.diff(self._rows.indptr) > 0).astype(np.float32))
        direct = self._friends[user]
        weights = _row_normalized(direct @ active)
        if self.decay:
            second = (direct @ self._friends @ active).tocsr()
            second = second - second.multiply(direct)  # a friend's friend who is a friend counts once
            row = np.repeat(np.arange(len(user)), np.diff(second.indptr))
            second.data[second.indices == user[row]] = 0.0
            weights = weights + np.float32(self.decay) * _row_normalized(second)
        return weights

    def _friend_share(self, queries: Queries) -> Float32:
        """Return float32[q], the friends' share in each query's score."""
        shown = queries.counts.astype(np.float32)
        history_share = np.divide(shown, shown + np.float32(self.patience), out=np.zeros_like(shown), where=shown > 0)
        share: Float32 = np.float32(1) - np.float32(1 - self.trust) * history_share
        return share


def _row_normalized(weights: csr_matrix) -> csr_matrix:
    """Return csr[q, users] with each row divided by its sum; empty rows stay empty."""
    normalized = weights.tocsr().astype(np.float32)
    total = np.asarray(normalized.sum(axis=1)).ravel()
    normalized.data /= np.maximum(np.repeat(total, np.diff(normalized.indptr)), _TINY)
    return normalized

"""A model's answers, and the input of a metric."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.data.arrays import Bool, Float32, Int8, Int32, Int64, Ragged, lock, same_length
from benchsuite.data.dataset import Entities
from benchsuite.errors import DataError


@dataclass(frozen=True, eq=False)
class Pairs:
    """Labelled (query, item) pairs of the pointwise task.

    Attributes:
        query: int32[p] query index.
        item: int32[p] item code.
        label: int8[p], 1 or 0.
        value: float32[p] the held-out value (rating), NaN for a sampled negative.
        sampled: how many of the pairs are negatives that the harness drew because the data has none.
    """

    query: Int32
    item: Int32
    label: Int8
    value: Float32
    sampled: int = 0

    def __post_init__(self) -> None:
        """Lock the arrays and check that they agree."""
        for name, dtype in (("query", np.int32), ("item", np.int32), ("label", np.int8), ("value", np.float32)):
            object.__setattr__(self, name, lock(getattr(self, name), dtype, name))
        same_length("pairs", query=self.query, item=self.item, label=self.label, value=self.value)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.query)

    def take(self, rows: Bool) -> Pairs:
        """Return the pairs that a mask bool[p] picks."""
        sampled = int(np.isnan(self.value[rows]).sum()) if self.sampled else 0
        return Pairs(self.query[rows], self.item[rows], self.label[rows], self.value[rows], sampled)


@dataclass(frozen=True, eq=False)
class Rankings:
    """What a model recommended: ties go to the smaller code, seen items are gone.

    Attributes:
        item: int32[q, k] item codes, best first; -1 where the list is shorter than k.
        score: float32[q, k]; NaN where the list is shorter than k or the place was filled by the fallback.
        fallback: bool[q, k]; True where the model abstained and the harness filled the place.
        tie_left_out: bool[q]; True where a candidate that is not in the list has the score of the list's last place
            that has one; False for a list that the model made itself, whose other scores nobody asked for. None where
            nobody looked: in older stores and in foreign lists.
    """

    item: Int32
    score: Float32
    fallback: Bool
    tie_left_out: Bool | None = None

    def __post_init__(self) -> None:
        """Lock the arrays and check that they agree."""
        object.__setattr__(self, "item", lock(self.item, np.int32, "item", ndim=2))
        object.__setattr__(self, "score", lock(self.score, np.float32, "score", ndim=2))
        object.__setattr__(self, "fallback", lock(self.fallback, np.bool_, "fallback", ndim=2))
        if not self.item.shape == self.score.shape == self.fallback.shape:
            raise DataError("rankings: item, score and fallback differ in shape")
        if self.tie_left_out is not None:
            object.__setattr__(self, "tie_left_out", lock(self.tie_left_out, np.bool_, "tie_left_out"))
            same_length("rankings", item=self.item, tie_left_out=self.tie_left_out)

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.item)

    @property
    def k(self) -> int:
        """The longest list that can be asked for."""
        return int(self.item.shape[1])

    @property
    def tied(self) -> Bool:
        """bool[q, k]; True where a tie among scores decided: another candidate has the score of this place.

        Then the order of ties chose the item or its place. Places that the fallback filled have no score.
        """
        tied = np.zeros(self.score.shape, np.bool_)
        same = self.score[:, 1:] == self.score[:, :-1]
        tied[:, 1:] |= same
        tied[:, :-1] |= same
        if self.tie_left_out is not None and self.k:
            rows = np.flatnonzero(self.tie_left_out)
            scored = np.count_nonzero(~np.isnan(self.score[rows]), axis=1)
            tied[rows, np.maximum(scored - 1, 0)] = True
        return tied

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays as they are stored, by name; what nobody looked at is left out."""
        columns = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: column for name, column in columns.items() if column is not None}

    @classmethod
    def from_arrays(cls, stored: Mapping[str, NDArray[Any]]) -> Rankings:
        """Read what :meth:`arrays` of this or an older version returned, other arrays left aside.

        Raises:
            KeyError: when an array is missing.
            DataError: when arrays do not agree.
        """
        return cls(stored["item"], stored["score"], stored["fallback"], stored.get("tie_left_out"))

    def take(self, rows: Bool) -> Rankings:
        """Return the lists of the queries that a mask bool[q] picks."""
        left = None if self.tie_left_out is None else self.tie_left_out[rows]
        return Rankings(self.item[rows], self.score[rows], self.fallback[rows], left)


@dataclass(frozen=True, eq=False)
class PairScores:
    """A model's scores of labelled pairs, and what the harness made of them.

    Attributes:
        score: float32[p]; pairs of which the model abstained hold the declared fallback.
        fallback: bool[p]; True where the model abstained.
        threshold: scores at or above it mean label 1; chosen by the harness on the validation fold.
        probability: float32[p] that the label is 1, from a calibrator the harness fitted on the validation fold, the
            same kind for all models; None where nothing could be fitted.
        rating: float32[p] the value that is predicted, on the scale of the data's values; None where the data has no
            values other than 1.
    """

    score: Float32
    fallback: Bool
    threshold: float
    probability: Float32 | None = None
    rating: Float32 | None = None

    def __post_init__(self) -> None:
        """Lock the arrays and check that they agree."""
        object.__setattr__(self, "score", lock(self.score, np.float32, "score"))
        object.__setattr__(self, "fallback", lock(self.fallback, np.bool_, "fallback"))
        for name in ("probability", "rating"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, lock(getattr(self, name), np.float32, name))
        read = {"probability": self.probability, "rating": self.rating}
        same_length("pair scores", score=self.score, fallback=self.fallback, **read)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.score)

    def take(self, rows: Bool) -> PairScores:
        """Return the scores of the pairs that a mask bool[p] picks; the threshold stays."""
        columns = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        taken: dict[str, Any] = {name: c[rows] if isinstance(c, np.ndarray) else c for name, c in columns.items()}
        return PairScores(**taken)


@dataclass(frozen=True, eq=False)
class EvaluationInput:
    """Everything a metric may look at: one model's answers to one fold's queries.

    Attributes:
        user: int32[q] user code of each query (several queries may come from one user).
        relevant: the items that count as right, one list per query, without repeats; it may be empty.
        rankings: the model's lists.
        pairs: labelled pairs of the pointwise task.
        scores: the model's scores of those pairs.
        catalogue: how many items could be recommended.
        popularity: int64[items] how many training rows each item has.
        users: how many users the training part has rows of.
        items: the item table, for metrics that look at texts; None where there is none, as for foreign lists.
    """

    user: Int32
    relevant: Ragged
    rankings: Rankings
    pairs: Pairs
    scores: PairScores
    catalogue: int
    popularity: Int64
    users: int
    items: Entities | None = None

    def __post_init__(self) -> None:
        """Check that the parts belong together."""
        same_length("evidence", user=self.user, relevant=self.relevant.counts, rankings=self.rankings.item)
        same_length("evidence", pairs=self.pairs.query, scores=self.scores.score)

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.user)

    def of_queries(self, chosen: Bool) -> EvaluationInput:
        """Return the answers to some queries only, in their order.

        Args:
            chosen: bool[q].
        """
        number = (np.cumsum(chosen) - 1).astype(np.int32)
        mine, kept = chosen[self.relevant.rows], chosen[self.pairs.query]
        places = number[self.relevant.rows[mine]]
        pairs = self.pairs.take(kept)
        return dataclasses.replace(
            self,
            user=self.user[chosen],
            relevant=Ragged.from_pairs(places, self.relevant.item[mine], int(chosen.sum())),
            rankings=self.rankings.take(chosen),
            pairs=dataclasses.replace(pairs, query=number[pairs.query]),
            scores=self.scores.take(kept),
        )

    def of_items(self, chosen: Bool) -> EvaluationInput:
        """Return the same answers judged on some items only.

        What is relevant and the labelled pairs shrink to these items; the lists stay whole, so other items in them are
        misses.

        Args:
            chosen: bool[items].
        """
        right, kept = chosen[self.relevant.item], chosen[self.pairs.item]
        relevant = Ragged.from_pairs(self.relevant.rows[right], self.relevant.item[right], len(self))
        pairs, scores = self.pairs.take(kept), self.scores.take(kept)
        return dataclasses.replace(self, relevant=relevant, pairs=pairs, scores=scores)

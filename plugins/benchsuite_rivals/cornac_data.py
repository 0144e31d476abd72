"""The training part as Cornac's data sets: ids, ratings, sequences, and what is known of users and items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchsuite.data import Dataset, Float32, Int64
from benchsuite_classic.sequences import user_sequences

if TYPE_CHECKING:
    from benchsuite.data import Interactions

Feedback = Literal["implicit", "explicit"]


class CornacData:
    """A training part as Cornac sees it; its ids are our codes.

    Args:
        train: the training part. Repeated pairs count once, with the newest value, but stay in sequences.
        feedback: ``implicit`` gives every pair the value 1, ``explicit`` its value (stars).
        sequential: whether the model predicts the next item of a sequence; each user is one session.
        vectors: float32[items, d] for models that read item features; None gives the data's own features.
        seed: of Cornac's draws.
    """

    def __init__(
        self, train: Dataset, feedback: Feedback, *, sequential: bool, vectors: Float32 | None, seed: int
    ) -> None:
        from cornac.data import Dataset as PairData
        from cornac.data import SequentialDataset

        if sequential:
            lists = user_sequences(train)
            users, items = lists.rows.tolist(), lists.item.tolist()
            rows = [(user, user, item, time) for time, (user, item) in enumerate(zip(users, items, strict=True))]
            self.data: Any = SequentialDataset.build(rows, fmt="USIT", seed=seed)
        else:
            self.data = PairData.build(_triplets(train.interactions, len(train.items), feedback), fmt="UIR", seed=seed)
        self.items = np.fromiter(self.data.iid_map, np.int64, len(self.data.iid_map))
        """int64[m], our code of each item of Cornac's, in its order."""
        self.user_place = _places(self.data.uid_map, len(train.users))
        self.item_place = _places(self.data.iid_map, len(train.items))
        self._add_tables(train, vectors)

    def _add_tables(self, train: Dataset, vectors: Float32 | None) -> None:
        """Give the model texts, features and links, where there are any; texts are read only if it asks."""
        from cornac.data import FeatureModality, GraphModality, TextModality

        more: dict[str, Any] = {}
        features = train.items.features if vectors is None else vectors
        if features is not None:
            more["item_feature"] = FeatureModality(features=features[self.items]).build()
        if train.items.text is not None:
            corpus = [train.items.text[code] for code in self.items.tolist()]
            text = TextModality(corpus=corpus, ids=self.items.tolist())
            more["item_text"] = _Late(lambda: text.build(id_map=self.data.iid_map))
        if train.links is not None:
            links = [(int(one), int(other), 1.0) for one, other in train.links]
            more["user_graph"] = GraphModality(data=links).build(id_map=self.data.uid_map)
        self.data.add_modalities(**more)


class _Late:
    """Makes something when one of its attributes is asked for."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)


def _triplets(rows: Interactions, size: int, feedback: Feedback) -> list[tuple[int, int, float]]:
    """Return (user, item, value) of each pair, in the order in which pairs first occur."""
    pair = rows.user.astype(np.int64) * size + rows.item
    _, first, place = np.unique(pair, return_index=True, return_inverse=True)
    newest = np.full(len(first), -1, np.int64)
    order = np.arange(len(rows)) if rows.timestamp is None else np.argsort(rows.timestamp, kind="stable")
    newest[place[order]] = order
    shown = np.argsort(first, kind="stable")
    values = rows.value[newest] if feedback == "explicit" else np.ones(len(first), np.float32)
    first, values = first[shown], values[shown]
    return list(zip(rows.user[first].tolist(), rows.item[first].tolist(), values.tolist(), strict=True))


def _places(ids: Any, size: int) -> Int64:
    """Return int64[size], Cornac's number of each of our codes, or -1."""
    place = np.full(size, -1, np.int64)
    for code, number in ids.items():
        place[code] = number
    return place

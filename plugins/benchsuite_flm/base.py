"""The common base of the rows ``flm``, ``flm-frozen``, ``flm-text`` and ``flm-hybrid``: fit, score, save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from benchsuite.api import Context
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_content.encode import torch_threads
from benchsuite_flm.fine_tuned import FineTuned
from benchsuite_flm.history import HistoryFeatures, HistoryWeighting
from benchsuite_flm.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.head import Head
    from benchsuite_flm.pointwise import LikeClassifier
    from benchsuite_flm.trainer import Trainer
    from benchsuite_flm.training_loop import TrainingLoop

_PAIRS = 16_384
"""Pairs of a user and an item whose encodings are in memory at one time."""


@dataclass
class BaseFLM(FineTuned, Settings):
    """Base of the rows whose interest is a mean of the history's items.

    Fitting trains a text encoder and a head, which maps item texts and user histories to the encodings i and u. A score
    is the formula of u and i, see :mod:`benchsuite_flm.formula`. A subclass says which weights of the encoder are
    trained.
    """

    identities: ClassVar[bool] = True
    """Whether each item also has a residual and a popularity of its own; if not, it is known by its text alone."""

    version = "3"

    @property
    def vectors(self) -> Float32:
        """float32[items, d], vectors of the items' texts after training, with projected features added."""
        return self._vectors

    @property
    def like_classifier(self) -> LikeClassifier | None:
        """The pointwise model; None where the data does not have both likes and dislikes."""
        return self._like_classifier

    def parameter_count(self) -> int:
        """Return the number of weights of encoder, head (residuals of known items only) and pointwise model."""
        head = sum(weight.numel() for name, weight in self._head.named_parameters() if name != "residual")
        residuals = int(self._head.warm.sum()) * self._vectors.shape[1] * self.identities
        likes = self._like_classifier
        pairs = 0 if likes is None else sum(weight.numel() for weight in likes.parameters())
        return int(self._sizes["encoder"] + head + residuals + pairs)

    def _fit_more(self, train: Dataset, context: Context) -> None:
        self._like_classifier = self._fit_likes(train, context.seed)

    def _build_trainer(
        self, train: Dataset, backbone: Backbone, context: Context, *, epochs: int | None = None, search: bool = False
    ) -> Trainer:
        """Return what trains ``backbone`` and a new head on a training part."""
        from benchsuite_flm.head import build_head
        from benchsuite_flm.trainer import Trainer, TrainingConfig

        self._weighting = HistoryWeighting.of(train.interactions, self.interest, self.weighting, self.half_life)
        features = HistoryFeatures.of(train, self._weighting, friends=self.friends > 0, disliked=self.loss == "bce")
        self._friends = features.friends
        # The untrained encoder reads the profiles: there are too few of them to train on.
        head = build_head(self, train, backbone, context)
        encoder, where = self._text_encoder(train, backbone, context)
        config = TrainingConfig(self, self._tuning()[1], self.identities, epochs=epochs, search=search)
        return Trainer(encoder, where, head, train.matrix(), config, seed=context.seed, features=features)

    def _score_with(self, trainer: TrainingLoop, head: Head) -> None:
        """Score with these weights from now on; the head moves to the CPU."""
        from benchsuite_flm.head import encode_items

        vectors = trainer.encoder.vectors()[trainer.place.to(trainer.device)]
        vectors, items = encode_items(head, vectors, self, identities=self.identities)
        self._keep(head.cpu().requires_grad_(False), items.cpu())
        self._vectors: Float32 = vectors.cpu().numpy()

    def _fit_likes(self, train: Dataset, seed: int) -> LikeClassifier | None:
        """Fit the pointwise model; None where the data does not have both likes and dislikes."""
        rows = train.interactions
        if rows.label is None or rows.label.min(initial=1) == rows.label.max(initial=0):
            return None
        from benchsuite_flm.pointwise import Labels, LikeClassifier

        labels = Labels.of(rows, rows.user, len(train.users))
        own = self._items[:, : self._vectors.shape[1]].numpy()
        return LikeClassifier(labels, own).fit(labels, seed)

    def _encode(self, queries: Queries) -> Tensor:
        """Return float32[q, d + 3], the encodings u of the queries' users."""
        import torch

        history = self._weighting.matrix(queries, len(self._items))
        own = self._items[:, : self._vectors.shape[1]]
        total = torch.from_numpy(np.asarray(history @ self._head.attend(own).numpy(), np.float32))
        count = torch.from_numpy(np.diff(history.indptr).astype(np.float32))
        friends = None
        if self._friends is not None:
            took = torch.from_numpy(np.asarray(self._friends[queries.user] @ own.numpy(), np.float32))
            friends = self.friends * torch.nn.functional.normalize(took, dim=-1)
        encoded: Tensor = self._head.users(total, count, torch.from_numpy(queries.user.astype(np.int64)), friends)
        return encoded

    def _pair_logits(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the logit of single pairs, without what a subclass adds in :meth:`score`."""
        import torch

        logits = np.empty(len(query), np.float32)
        with torch_threads(self._threads), torch.no_grad():
            users = self._encode(queries)
            for first in range(0, len(query), _PAIRS):
                part = slice(first, first + _PAIRS)
                users_of, items_of = query[part].astype(np.int64), item[part].astype(np.int64)
                logits[part] = self._head.pair_logits(users[users_of], self._items[items_of]).numpy()
        return logits

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p]: where the data has likes and dislikes, the formula fitted to them; else as :meth:`score`.

        Both are logits, but on different scales; within one data set only one of them is given.
        """
        if self._like_classifier is None:
            return super().score_pairs(queries, query, item)
        from benchsuite_flm.pointwise import Labels

        labels = Labels.of(queries.history, queries.rows, len(queries))
        with torch_threads(self._threads):
            return self._like_classifier.score(labels, query, item)

    def _tensors(self) -> dict[str, Tensor]:
        """Return the head and all encodings; where the data has profile texts or friends, theirs, too."""
        import torch

        from benchsuite_flm import saving
        from benchsuite_flm.saving import prefixed

        tensors = prefixed("head", self._head.state_dict())
        tensors |= prefixed(saving.WEIGHTING, saving.weighting_tensors(self._weighting))
        tensors |= prefixed("friends", saving.sparse_tensors(self._friends))
        likes = self._like_classifier
        tensors |= {} if likes is None else prefixed(saving.LIKES, likes.tensors())
        return tensors | {"vectors": torch.from_numpy(self._vectors), "items": self._items}

    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        from benchsuite_flm import saving
        from benchsuite_flm.pointwise import LikeClassifier
        from benchsuite_flm.saving import part

        self._keep(saving.head_of(part("head", tensors), self), tensors["items"])
        self._weighting = saving.weighting_of(part(saving.WEIGHTING, tensors), self)
        self._friends = saving.sparse_of(part("friends", tensors))
        likes = part(saving.LIKES, tensors)
        self._like_classifier = LikeClassifier.of(likes) if likes else None
        self._vectors = tensors["vectors"].numpy()

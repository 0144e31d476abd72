"""The common base of the rows ``flm``, ``flm-frozen``, ``flm-text`` and ``flm-hybrid``: fit, score, save."""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from benchsuite.api import Context, Requirement
from benchsuite.data import Dataset, Entities, Float32, Fold, Int32, Queries
from benchsuite.errors import NotApplicable
from benchsuite_content.backbone import load_backbone
from benchsuite_content.citations import CITE_BERT, CITE_MINILM, CITE_SBERT
from benchsuite_content.encode import torch_threads
from benchsuite_content.title_completion import Known, complete_titles
from benchsuite_flm.history import HistoryFeatures, HistoryWeighting
from benchsuite_flm.settings import Settings, TuningConfig

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.head import Head
    from benchsuite_flm.pointwise import LikeClassifier
    from benchsuite_flm.trainer import Trainer

_PAIRS = 16_384
"""Pairs of a user and an item whose encodings are in memory at one time."""
_SAVED_FACTS = ("provenance", "sizes", "notes", "losses", "threads")
"""Attributes (``_provenance`` and so on) that a saved model keeps as JSON."""


@dataclass
class BaseFLM(Settings):
    """Base of all fine-tuned language models but the re-rankers.

    Fitting trains a text encoder and a head, which maps item texts and user histories to the encodings i and u. A score
    is the formula of u and i, see :mod:`benchsuite_flm.formula`. A subclass says which weights of the encoder are
    trained.
    """

    identities: ClassVar[bool] = True
    """Whether each item also has a residual and a popularity of its own; if not, it is known by its text alone."""

    version = "3"
    needs = frozenset({Requirement.ITEM_TEXT})
    uses_language_model = True
    is_candidate = True
    cite: ClassVar[tuple[str, ...]] = (CITE_MINILM, CITE_SBERT, CITE_BERT)

    @abstractmethod
    def _tuning(self) -> tuple[TuningConfig, float]:
        """Return which weights of the encoder are trained, and their largest learning rate."""

    @property
    def losses(self) -> tuple[float, ...]:
        """The mean training loss of each epoch."""
        return tuple(self._losses)

    @property
    def vectors(self) -> Float32:
        """float32[items, d], vectors of the items' texts after training, with projected features added."""
        return self._vectors

    @property
    def like_classifier(self) -> LikeClassifier | None:
        """The pointwise model; None where the data does not have both likes and dislikes."""
        return self._like_classifier

    @property
    def provenance(self) -> dict[str, str]:
        """Name, revision and sha256 of the encoder's weights before training."""
        return dict(self._provenance)

    def facts(self) -> dict[str, Any]:
        """Return the encoder's name, revision and sha256 before training, losses, and how many weights were trained.

        Also how often the untrained encoder completes the items' titles, how early stopping found the number of epochs,
        and which epochs were resumed from a checkpoint, where there are any.
        """
        losses = [round(loss, 4) for loss in self.losses]
        known = complete_titles(
            self.backbone, self._titles, device=self._device, threads=self._threads, known=self._known
        )
        own = {"weights": self.provenance, "losses": losses, "parameters": self._sizes, "title_completion": known}
        return own | self._notes

    def parameter_count(self) -> int:
        """Return the number of weights of encoder, head (residuals of known items only) and pointwise model."""
        head = sum(weight.numel() for name, weight in self._head.named_parameters() if name != "residual")
        residuals = int(self._head.warm.sum()) * self._vectors.shape[1] * self.identities
        likes = self._like_classifier
        pairs = 0 if likes is None else sum(weight.numel() for weight in likes.parameters())
        return int(self._sizes["encoder"] + head + residuals + pairs)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Train encoder and head, then the pointwise model.

        Raises:
            NotApplicable: when the items have no text.
            DataError: when the encoder cannot be loaded or is not what it should be.
        """
        if train.items.text is None:
            raise NotApplicable(f"{type(self).__name__} needs {Requirement.ITEM_TEXT}", where=train.name)
        backbone = self._load()
        self._provenance = backbone.provenance
        self._sizes = {"encoder": backbone.parameters}
        self._threads, self._device, self._titles = context.threads, context.device, train.items.titles
        self._known: Known | None = Known(backbone.sha256, backbone.files, context.shared)
        with torch_threads(context.threads):
            self._fit_ranking(train, backbone, context)
            self._like_classifier = self._fit_likes(train, context.seed)
        return self

    def _load(self) -> Backbone:
        backbone = load_backbone(self.backbone)
        return backbone if self.pooling == "auto" else dataclasses.replace(backbone, pooling=self.pooling)

    def _fit_ranking(self, train: Dataset, backbone: Backbone, context: Context) -> None:
        from benchsuite_flm.saving import open_checkpoint

        self._notes: dict[str, Any] = {}
        epochs = self._find_epochs(context) if self.patience else None
        trainer = self._build_trainer(train, backbone, context, epochs=epochs)
        self._sizes["encoder_trained"] = sum(weight.numel() for weight in trainer.encoder.parameters)
        checkpoint = open_checkpoint(self, train, context, self._provenance, "train")
        history = trainer.fit(report=context.progress, stop=context.out_of_time, checkpoint=checkpoint)
        self._losses = tuple(history.losses)
        if history.resumed:
            self._notes["resumed"] = {"epochs": history.resumed, "seconds": round(history.seconds, 1)}
        trainer.encoder.merge_and_freeze()
        self._encoder: Backbone | None = backbone
        self._score_with(trainer, trainer.head)

    def _find_epochs(self, context: Context) -> int | None:
        """Return the number of epochs after which a fit on the validation fold's training part has its best nDCG@10."""
        from benchsuite_flm.saving import open_checkpoint

        fold = context.validation
        if fold is None:
            self._notes["stopping"] = "no validation fold, so all epochs were run"
            return None
        trainer = self._build_trainer(fold.train, self._load(), context, search=True)

        def quality() -> float:
            self._score_with(trainer, copy.deepcopy(trainer.head))
            return ndcg_at_10(fold, lambda queries: BaseFLM.score(self, queries, fold.candidates), context.seed)

        checkpoint = open_checkpoint(self, fold.train, context, self._provenance, "search")
        history = trainer.fit(report=context.progress, stop=context.out_of_time, quality=quality, checkpoint=checkpoint)
        if not history.quality or max(history.quality) <= 0:
            self._notes["stopping"] = "the validation fold told nothing, so all epochs were run"
            return None
        values = [round(value, 4) for value in history.quality]
        self._notes["stopping"] = {"epochs": history.best_epoch, "ndcg@10": values, "resumed": history.resumed}
        return history.best_epoch

    def _build_trainer(
        self, train: Dataset, backbone: Backbone, context: Context, *, epochs: int | None = None, search: bool = False
    ) -> Trainer:
        """Return what trains ``backbone`` and a new head on a training part."""
        import torch

        from benchsuite_flm.encoder import TextEncoder, fast_half
        from benchsuite_flm.head import build_head
        from benchsuite_flm.trainer import Trainer, TrainingConfig

        self._weighting = HistoryWeighting.of(train.interactions, self.interest, self.weighting, self.half_life)
        tuning, learning_rate = self._tuning()
        features = HistoryFeatures.of(train, self._weighting, friends=self.friends > 0, disliked=self.loss == "bce")
        self._friends = features.friends
        # The untrained encoder reads the profiles: there are too few of them to train on.
        head = build_head(self, train, backbone, context)
        texts, place = np.unique(np.array(train.items.text, dtype=object).astype(str), return_inverse=True)
        encoder = TextEncoder(
            backbone,
            [str(text) for text in texts],
            tuning,
            device=context.device,
            half=fast_half(context.device),
            seed=context.seed,
            shared=context.shared,
        )
        config = TrainingConfig(self, learning_rate, self.identities, epochs=epochs, search=search)
        where = torch.from_numpy(place.astype(np.int64))
        return Trainer(encoder, where, head, train.matrix(), config, seed=context.seed, features=features)

    def _score_with(self, trainer: Trainer, head: Head) -> None:
        """Score with these weights from now on; the head moves to the CPU."""
        from benchsuite_flm.head import encode_items

        vectors = trainer.encoder.vectors()[trainer.place.to(trainer.device)]
        vectors, items = encode_items(head, vectors, self, identities=self.identities)
        self._head: Head = head.cpu().requires_grad_(False)
        self._vectors: Float32 = vectors.cpu().numpy()
        self._items: Tensor = items.cpu()

    def _fit_likes(self, train: Dataset, seed: int) -> LikeClassifier | None:
        """Fit the pointwise model; None where the data does not have both likes and dislikes."""
        rows = train.interactions
        if rows.label is None or rows.label.min(initial=1) == rows.label.max(initial=0):
            return None
        from benchsuite_flm.pointwise import Labels, LikeClassifier

        labels = Labels.of(rows, rows.user, len(train.users))
        own = self._items[:, : self._vectors.shape[1]].numpy()
        return LikeClassifier(labels, own).fit(labels, seed)

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the formula before the sigmoid."""
        import torch

        with torch_threads(self._threads), torch.no_grad():
            items = self._items if candidates is None else self._items[torch.from_numpy(candidates.astype(np.int64))]
            scores: Float32 = self._head.logits(self._encode(queries), items).numpy()
        return scores

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
        return self._head.users(total, count, torch.from_numpy(queries.user.astype(np.int64)), friends)

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

    def save(self, folder: Path) -> None:
        """Write the encoder in the layout of Hugging Face and sentence-transformers, the head and all encodings.

        No user's id or history is kept. Where the data has profile texts or friends, their encodings are.

        Raises:
            NotApplicable: when this model was itself loaded from a folder: it has no encoder in memory.
        """
        import torch

        from benchsuite_flm import saving
        from benchsuite_flm.saving import prefixed

        if self._encoder is None:
            raise NotApplicable(f"this {type(self).__name__} was loaded from a folder", remedy="copy that folder")
        saving.write_encoder(self._encoder, folder)
        tensors = prefixed("head", self._head.state_dict())
        tensors |= prefixed(saving.WEIGHTING, saving.weighting_tensors(self._weighting))
        tensors |= prefixed("friends", saving.sparse_tensors(self._friends))
        likes = self._like_classifier
        tensors |= {} if likes is None else prefixed(saving.LIKES, likes.tensors())
        tensors |= {"vectors": torch.from_numpy(self._vectors), "items": self._items}
        saving.write_state(folder, tensors, {name: getattr(self, f"_{name}") for name in _SAVED_FACTS})

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote; the encoder stays on the disk."""
        from benchsuite_flm import saving
        from benchsuite_flm.pointwise import LikeClassifier
        from benchsuite_flm.saving import part

        tensors, about = saving.read_state(folder)
        for name in _SAVED_FACTS:
            setattr(self, f"_{name}", about[name])
        self._encoder, self._device, self._titles = None, "cpu", items.titles
        self._known = None  # the folder may hold other weights than those that were trained
        self._head = saving.head_of(part("head", tensors), self)
        self._weighting = saving.weighting_of(part(saving.WEIGHTING, tensors), self)
        self._friends = saving.sparse_of(part("friends", tensors))
        likes = part(saving.LIKES, tensors)
        self._like_classifier = LikeClassifier.of(likes) if likes else None
        self._vectors, self._items = tensors["vectors"].numpy(), tensors["items"]
        return self


def ndcg_at_10(fold: Fold, score: Callable[[Queries], Float32], seed: int) -> float:
    """Return the nDCG@10 of scores float32[q, c] on a fold; ``seed`` draws queries where there are too many."""
    from benchsuite_classic.blending import select_blend

    return select_blend(fold, lambda queries: [score(queries)], [lambda parts: parts[0]], seed)[1]

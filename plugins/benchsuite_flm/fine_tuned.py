"""What all rows do that train a text encoder together with a head: load it, fit, stop early, resume, tell facts."""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Mapping
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
from benchsuite_flm.settings import TrainingSettings, TuningConfig

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.encoder import TextEncoder
    from benchsuite_flm.training_loop import TrainingLoop

SAVED_FACTS = ("provenance", "sizes", "notes", "losses", "threads")
"""Attributes (``_provenance`` and so on) that a saved model keeps as JSON."""


@dataclass
class FineTuned(TrainingSettings):
    """Base of the rows that train a text encoder and a head together.

    A subclass says which weights of the encoder are trained, builds the trainer, and keeps what scoring needs.
    """

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

    @abstractmethod
    def _build_trainer(
        self, train: Dataset, backbone: Backbone, context: Context, *, epochs: int | None = None, search: bool = False
    ) -> TrainingLoop:
        """Return what trains ``backbone`` and a new head on a training part."""

    @abstractmethod
    def _score_with(self, trainer: TrainingLoop, head: Any) -> None:
        """Score with these weights from now on; the head moves to the CPU."""

    def _keep(self, head: Any, items: Tensor) -> None:
        """Score with this head and these encodings i of all items (float32[n, e]) from now on."""
        self._head, self._items = head, items

    @abstractmethod
    def _encode(self, queries: Queries) -> Tensor:
        """Return float32[q, e], the encodings u of the queries' users."""

    def _logits(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the formula before the sigmoid, without what a subclass adds in :meth:`score`."""
        import torch

        with torch_threads(self._threads), torch.no_grad():
            items = self._items if candidates is None else self._items[torch.from_numpy(candidates.astype(np.int64))]
            scores: Float32 = self._head.logits(self._encode(queries), items).numpy()
        return scores

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the formula before the sigmoid."""
        return self._logits(queries, candidates)

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

    def fit(self, train: Dataset, context: Context) -> Self:
        """Train encoder and head, then what a subclass adds.

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
            self._fit_more(train, context)
        return self

    def _fit_more(self, train: Dataset, context: Context) -> None:
        """Fit what comes after encoder and head."""

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
            return ndcg_at_10(fold, lambda queries: self._logits(queries, fold.candidates), context.seed)

        checkpoint = open_checkpoint(self, fold.train, context, self._provenance, "search")
        history = trainer.fit(report=context.progress, stop=context.out_of_time, quality=quality, checkpoint=checkpoint)
        if not history.quality or max(history.quality) <= 0:
            self._notes["stopping"] = "the validation fold told nothing, so all epochs were run"
            return None
        values = [round(value, 4) for value in history.quality]
        self._notes["stopping"] = {"epochs": history.best_epoch, "ndcg@10": values, "resumed": history.resumed}
        return history.best_epoch

    def _text_encoder(self, train: Dataset, backbone: Backbone, context: Context) -> tuple[TextEncoder, Tensor]:
        """Return the encoder of the distinct item texts, and int64[n], the text of each item."""
        import torch

        from benchsuite_flm.encoder import TextEncoder, fast_half

        texts, place = np.unique(np.array(train.items.text, dtype=object).astype(str), return_inverse=True)
        encoder = TextEncoder(
            backbone,
            [str(text) for text in texts],
            self._tuning()[0],
            device=context.device,
            half=fast_half(context.device),
            seed=context.seed,
            shared=context.shared,
        )
        return encoder, torch.from_numpy(place.astype(np.int64))

    @abstractmethod
    def _tensors(self) -> dict[str, Tensor]:
        """Return what scoring needs beside the encoder, by name."""

    @abstractmethod
    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Keep what :meth:`_tensors` returned."""

    def save(self, folder: Path) -> None:
        """Write the encoder in the layout of Hugging Face and sentence-transformers, the head and all encodings.

        No user's id or history is kept.

        Raises:
            NotApplicable: when this model was itself loaded from a folder: it has no encoder in memory.
        """
        from benchsuite_flm import saving

        if self._encoder is None:
            raise NotApplicable(f"this {type(self).__name__} was loaded from a folder", remedy="copy that folder")
        saving.write_encoder(self._encoder, folder)
        saving.write_state(folder, self._tensors(), {name: getattr(self, f"_{name}") for name in SAVED_FACTS})

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote; the encoder stays on the disk."""
        from benchsuite_flm import saving

        tensors, about = saving.read_state(folder)
        for name in SAVED_FACTS:
            setattr(self, f"_{name}", about[name])
        self._encoder, self._device, self._titles = None, "cpu", items.titles
        self._known = None  # the folder may hold other weights than those that were trained
        self._restore(tensors)
        return self


def ndcg_at_10(fold: Fold, score: Callable[[Queries], Float32], seed: int) -> float:
    """Return the nDCG@10 of scores float32[q, c] on a fold; ``seed`` draws queries where there are too many."""
    from benchsuite_classic.blending import select_blend

    return select_blend(fold, lambda queries: [score(queries)], [lambda parts: parts[0]], seed)[1]

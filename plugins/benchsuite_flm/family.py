"""What all models of the family share: settings, fitting and answering."""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from benchsuite.api import Context, Need
from benchsuite.data import Dataset, Entities, Float32, Int32, Interactions, Queries
from benchsuite.errors import NotApplicable
from benchsuite_content.backbone import CITE_BERT, CITE_MINILM, CITE_SBERT, load_backbone
from benchsuite_content.encode import torch_threads
from benchsuite_flm.interest import Weigher
from benchsuite_flm.probe import complete_titles, item_titles
from benchsuite_flm.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.engine import Course
    from benchsuite_flm.fitting import Parts
    from benchsuite_flm.head import Head
    from benchsuite_flm.pointwise import Opinions, Tastes

_PAIRS = 16_384
"""Pairs whose encodings are in memory at one time."""
_REMEMBERED = ("provenance", "sizes", "notes", "losses", "threads")
"""Plain facts that a saved model tells again."""


@dataclass
class TextRecommender(Settings):
    """Recommends with the formula on encodings that are read from text."""

    identities: ClassVar[bool] = True
    """False where nothing may be learnt about single items: no residual, no popularity."""

    version = "2"
    needs = frozenset({Need.ITEM_TEXT})
    uses_language_model = True
    proposed = True
    cite: ClassVar[tuple[str, ...]] = (CITE_MINILM, CITE_SBERT, CITE_BERT)

    @abstractmethod
    def _trained(self) -> tuple[int, float]:
        """Return how many layers of the encoder learn, and their largest step size."""

    def _tower(self) -> dict[str, Any]:
        """Return what learns of the encoder, as :class:`benchsuite_flm.tower.TextTower` takes it."""
        return {"layers": self._trained()[0]}

    @property
    def losses(self) -> tuple[float, ...]:
        """The mean training loss of each epoch."""
        return tuple(self._losses)

    @property
    def vectors(self) -> Float32:
        """float32[items, d], what the encoder makes of the items' texts after training, features added."""
        return self._vectors

    @property
    def tastes(self) -> Tastes | None:
        """The pointwise answer, where the data has likes and dislikes."""
        return self._tastes

    @property
    def provenance(self) -> dict[str, str]:
        """Name, revision and sha256 of the encoder's weights before training."""
        return dict(self._provenance)

    def facts(self) -> dict[str, Any]:
        """Return the encoder's name, revision and sha256 before training, losses, and how many weights were trained.

        With early stopping also how the number of epochs was found, and after a kill what was taken up again; and how
        often the encoder, as it came, completes the items' titles.
        """
        losses = [round(loss, 4) for loss in self.losses]
        known = complete_titles(self.backbone, self._titles, device=self._device, threads=self._threads)
        own = {"weights": self.provenance, "losses": losses, "parameters": self._sizes, "title_completion": known}
        return own | self._notes

    def parameter_count(self) -> int:
        """Return the weights of the whole encoder, of the head (residuals of known items only) and for pairs."""
        head = sum(weight.numel() for name, weight in self._head.named_parameters() if name != "residual")
        residuals = int(self._head.warm.sum()) * self._vectors.shape[1] * self.identities
        pairs = sum(weight.numel() for weight in self._tastes.parameters()) if self._tastes is not None else 0
        return int(self._sizes["encoder"] + head + residuals + pairs)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Train encoder and head, then the weights of the pointwise answer.

        Raises:
            NotApplicable: when the items have no text.
            DataError: when the encoder cannot be loaded or is not what it should be.
        """
        if train.items.text is None:
            raise NotApplicable(f"{type(self).__name__} needs {Need.ITEM_TEXT}", where=train.name)
        backbone = self._load()
        self._provenance = backbone.provenance
        self._sizes = {"encoder": backbone.parameters}
        self._threads, self._device, self._titles = context.threads, context.device, item_titles(train.items)
        with torch_threads(context.threads):
            self._fit_ranking(train, backbone, context)
            self._tastes = self._fit_tastes(train, context.seed)
        return self

    def _load(self) -> Backbone:
        backbone = load_backbone(self.backbone)
        return backbone if self.pooling == "auto" else dataclasses.replace(backbone, pooling=self.pooling)

    def _fit_ranking(self, train: Dataset, backbone: Backbone, context: Context) -> None:
        self._notes: dict[str, Any] = {}
        last = self._find_epochs(context) if self.patience else None
        parts = self._build(train, backbone, context)
        self._sizes["encoder_trained"] = sum(weight.numel() for weight in parts.tower.parameters)
        course = self._train(parts, train, context, last=last)
        self._losses = course.losses
        if course.resumed:
            self._notes["resumed"] = {"epochs": course.resumed, "seconds": round(course.seconds, 1)}
        parts.tower.settle()
        self._encoder: Backbone | None = backbone
        self._adopt(parts, parts.head)

    def _find_epochs(self, context: Context) -> int | None:
        """Return the number of epochs after which a fit on the validation fold's training part answers it best."""
        from benchsuite_flm.fitting import quality

        fold = context.validation
        if fold is None:
            self._notes["stopping"] = "no validation fold, so all epochs were run"
            return None
        parts = self._build(fold.train, self._load(), context)

        def judge() -> float:
            self._adopt(parts, copy.deepcopy(parts.head))
            return quality(fold, lambda queries: TextRecommender.score(self, queries, fold.candidates), context.seed)

        course = self._train(parts, fold.train, context, judge=judge)
        if not course.judged or max(course.judged) <= 0:
            self._notes["stopping"] = "the validation fold told nothing, so all epochs were run"
            return None
        judged = [round(value, 4) for value in course.judged]
        self._notes["stopping"] = {"epochs": course.best, "ndcg@10": judged, "resumed": course.resumed}
        return course.best

    def _build(self, train: Dataset, backbone: Backbone, context: Context) -> Parts:
        from benchsuite_flm.fitting import build

        self._weigher = Weigher.of(train.interactions, self.interest, self.weighting, self.half_life)
        parts = build(self, train, backbone, context, self._tower(), self._weigher)
        self._friends = parts.signals.friends
        return parts

    def _train(
        self,
        parts: Parts,
        train: Dataset,
        context: Context,
        *,
        last: int | None = None,
        judge: Callable[[], float] | None = None,
    ) -> Course:
        from benchsuite_flm import engine, fitting

        phase = "train" if judge is None else "search"
        return engine.train(
            parts.tower,
            parts.place,
            parts.head,
            train.matrix(),
            fitting.recipe(
                self,
                learning_rate=self._trained()[1],
                identities=self.identities,
                last=last,
                search=judge is not None,
            ),
            seed=context.seed,
            report=context.progress,
            stop=context.out_of_time,
            signals=parts.signals,
            judge=judge,
            checkpoint=fitting.open_checkpoint(self, train, context, self._provenance, phase),
        )

    def _adopt(self, parts: Parts, head: Head) -> None:
        """Answer with these parts from now on; the head moves to the CPU."""
        from benchsuite_flm.fitting import answers

        vectors, items = answers(parts, head, self, identities=self.identities)
        self._head: Head = head.cpu().requires_grad_(False)
        self._vectors: Float32 = vectors.cpu().numpy()
        self._items: Tensor = items.cpu()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the formula before the sigmoid."""
        import torch

        with torch_threads(self._threads), torch.no_grad():
            items = self._items if candidates is None else self._items[torch.from_numpy(candidates.astype(np.int64))]
            scores: Float32 = self._head.logits(self._encode(queries), items).numpy()
        return scores

    def _encode(self, queries: Queries) -> Tensor:
        """Return float32[q, d + 3], the encodings u of the asking users."""
        import torch

        history = self._weigher.matrix(queries, len(self._items))
        own = self._items[:, : self._vectors.shape[1]]
        total = torch.from_numpy(np.asarray(history @ self._head.attend(own).numpy(), np.float32))
        count = torch.from_numpy(np.diff(history.indptr).astype(np.float32))
        friends = None
        if self._friends is not None:
            took = torch.from_numpy(np.asarray(self._friends[queries.user] @ own.numpy(), np.float32))
            friends = self.friends * torch.nn.functional.normalize(took, dim=-1)
        return self._head.users(total, count, torch.from_numpy(queries.user.astype(np.int64)), friends)

    def _pair_logits(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the logit of :meth:`score` for single pairs, whatever a model adds to its lists."""
        import torch

        logits = np.empty(len(query), np.float32)
        with torch_threads(self._threads), torch.no_grad():
            users = self._encode(queries)
            for first in range(0, len(query), _PAIRS):
                part = slice(first, first + _PAIRS)
                asked, about = query[part].astype(np.int64), item[part].astype(np.int64)
                logits[part] = self._head.pair_logits(users[asked], self._items[about]).numpy()
        return logits

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p]: where the data has likes and dislikes, the formula fitted to them; else as :meth:`score`.

        Both are logits, but on different scales; within one data set only one of them is given.
        """
        if self._tastes is None:
            return super().score_pairs(queries, query, item)
        opinions = _opinions(queries.history, queries.rows, len(queries))
        with torch_threads(self._threads):
            return self._tastes.score(opinions, query, item)

    def save(self, folder: Path) -> None:
        """Write the encoder in the layout of Hugging Face and sentence-transformers, the head and all encodings.

        No user's id or history is kept; where the data has profile texts or friends, what they were encoded to is.

        Raises:
            NotApplicable: when this model was loaded itself: it answers without its encoder.
        """
        from benchsuite_flm import saving

        if self._encoder is None:
            raise NotApplicable(f"this {type(self).__name__} was loaded from a folder", remedy="copy that folder")
        saving.write_encoder(self._encoder, folder)
        tensors = saving.prefixed("head", self._head.state_dict())
        tensors |= saving.prefixed("weigher", saving.weigher_tensors(self._weigher))
        tensors |= saving.prefixed("friends", saving.sparse_tensors(self._friends))
        tensors |= {} if self._tastes is None else saving.prefixed("tastes", self._tastes.tensors())
        about = {name: getattr(self, f"_{name}") for name in _REMEMBERED}
        saving.write_state(folder, {**tensors, **self._encodings()}, about)

    def _encodings(self) -> dict[str, Tensor]:
        import torch

        return {"vectors": torch.from_numpy(self._vectors), "items": self._items}

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote; the encoder stays on the disk."""
        from benchsuite_flm import saving
        from benchsuite_flm.pointwise import Tastes

        tensors, about = saving.read_state(folder)
        for name in _REMEMBERED:
            setattr(self, f"_{name}", about[name])
        self._encoder, self._device, self._titles = None, "cpu", item_titles(items)
        self._head = saving.build_head(saving.part("head", tensors), self)
        self._weigher = saving.build_weigher(saving.part("weigher", tensors), self)
        self._friends = saving.build_sparse(saving.part("friends", tensors))
        tastes = saving.part("tastes", tensors)
        self._tastes = Tastes.of(tastes) if tastes else None
        self._vectors, self._items = tensors["vectors"].numpy(), tensors["items"]
        return self

    def _fit_tastes(self, train: Dataset, seed: int) -> Tastes | None:
        """Fit the pointwise answer; None where the data does not have both likes and dislikes."""
        rows = train.interactions
        if rows.label is None or rows.label.min(initial=1) == rows.label.max(initial=0):
            return None
        from benchsuite_flm.pointwise import Tastes

        opinions = _opinions(rows, rows.user, len(train.users))
        own = self._items[:, : self._vectors.shape[1]].numpy()
        return Tastes(opinions, own).fit(opinions, seed)


def _opinions(rows: Interactions, owner: Any, owners: int) -> Opinions:
    """Return the labelled rows; none where the history comes without labels."""
    from benchsuite_flm.pointwise import Opinions

    label = rows.label if rows.label is not None else np.zeros(0, np.int8)
    return Opinions(np.asarray(owner)[: len(label)], rows.item[: len(label)], label, owners)

"""The common base of the rows ``flm-cross`` and ``flm-decoder``: settings, fit, blend with a first stage, save."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Range, Requirement
from benchsuite.data import Dataset, Entities, Float32, Fold, Int32, Int64, Queries
from benchsuite.errors import NotApplicable
from benchsuite_classic.blending import inner_holdout, select_blend
from benchsuite_content.backbone import load_backbone, open_backbone
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.encode import torch_threads
from benchsuite_flm.history import history_texts
from benchsuite_flm.rerank import training
from benchsuite_flm.rerank.first_stage import BLOCK, First, FirstStage
from benchsuite_flm.settings import LoraPart, Tuning, TuningConfig

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.rerank.training import Groups, Scorer

_SHARE = 0.2  # share of each history that is held out to train on
_LEAST = 3  # items that a history must have for that
_ABOUT, _HEAD = "reranker.json", "head.safetensors"
_SAVED_FACTS = ("weights", "losses", "taught", "sizes", "threads", "mix")
"""JSON-like attributes that a saved model keeps."""

WEIGHTS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0)
"""Weights tried for the pair's score; the first stage's, of standard deviation 1, has the weight 1."""


@dataclass
class Reranker(Model):
    """Re-ranks the best items of a first stage: a language model reads each pair of a history and a candidate.

    Attributes:
        first: the first stage: ``ease``, ``als``, ``als-content`` or ``popular``. Where it abstains (new items), the
            cosine of frozen text vectors selects the candidates.
        candidates: how many known and how many new items of the first stage are read for each query.
        history: how many items of a history are read: the latest ones, those that were liked first.
        length: tokens of a pair that are read at most; the longer text, usually the history, is cut.
        pairs: pairs that training reads at most, all epochs together.
        epochs: passes over the held-out items that are candidates.
        negatives: other candidates in the group of each held-out item.
        batch_size: held-out items per step.
        learning_rate: largest learning rate of the language model.
        tuning: what is trained of it: all weights of the ``top`` layers; ``lora``, small matrices beside the weights of
            these layers (needs ``benchsuite[lora]``); ``full``, all; or nothing (``frozen``).
        layers: how many layers are trained, from the top; more than it has means all.
        lora_rank: rank of the matrices.
        lora_part: whether they lie beside the maps of ``attention`` only, or of ``all``, feed-forward included.
        weight_decay: of the language model's weights.
        weight: of the pair's score beside the first stage's; None chooses it by nDCG@10 on held-out items of a few
            users, which are not trained on.
        backbone: the language model, see :func:`benchsuite_content.backbone.load_backbone`.
    """

    first: First = "ease"
    candidates: Annotated[int, Ge(1), Range(10, 100, log=True)] = 20
    history: Annotated[int, Ge(1), Range(2, 20, log=True)] = 5
    length: Annotated[int, Ge(8)] = 64
    pairs: Annotated[int, Ge(0)] = 6000
    epochs: Annotated[int, Ge(1), Range(1, 4)] = 2
    negatives: Annotated[int, Ge(1), Range(1, 8)] = 4
    batch_size: Annotated[int, Ge(1)] = 8
    learning_rate: Annotated[float, Gt(0), Range(2e-5, 1e-3, log=True)] = 2e-4
    tuning: Tuning = "top"
    layers: Annotated[int, Ge(1), Range(1, 6)] = 2
    lora_rank: Annotated[int, Ge(1)] = 8
    lora_part: LoraPart = "attention"
    weight_decay: Annotated[float, Ge(0)] = 0.01
    weight: Annotated[float, Ge(0)] | None = None
    backbone: str = DEFAULT_BACKBONE

    predicts_tokens: ClassVar[bool] = False
    """Whether the language model is a causal one, loaded with the head that predicts the next token."""

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    version: ClassVar[str] = "2"
    uses_language_model: ClassVar[bool] = True
    is_candidate: ClassVar[bool] = True

    @abstractmethod
    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        """Return float32[texts, d], unit length, of the untrained model; zeros for empty texts."""

    @abstractmethod
    def _build_scorer(self, backbone: Backbone) -> Scorer:
        """Return what scores pairs with the language model, untrained."""

    def _head_rate(self) -> float:
        """Return the largest learning rate of the scorer's own weights, where it has some."""
        return 0.0

    def _can_score(self) -> bool:
        """Return whether scores of pairs mean anything; if not, the first stage scores alone."""
        return True

    def fit(self, train: Dataset, context: Context) -> Self:
        """Train on held-out items that are candidates of the first stage; then fit the first stage on all items.

        Raises:
            NotApplicable: when the items have no text.
            DataError: when the language model cannot be loaded or is not what it should be.
        """
        if train.items.text is None:
            raise NotApplicable(f"{type(self).__name__} needs {Requirement.ITEM_TEXT}", where=train.name)
        backbone = load_backbone(self.backbone, writes=self.predicts_tokens)
        self._weights: dict[str, str] = backbone.provenance
        self._threads, self._device, self._report = context.threads, context.device, context.progress
        self._sizes = {"model": backbone.parameters}
        self._set_texts(train.items)
        with torch_threads(context.threads):
            vectors = self._text_vectors(backbone, train.items.text, context)
            held = inner_holdout(train, context.seed, share=_SHARE, least=_LEAST)
            self._first = FirstStage.fit(self.first, held.train, vectors, context)
            none = np.zeros(0, np.int64)
            validation = training.draw_validation(len(held.queries), context.seed) if self.weight is None else none
            groups = training.draw_groups(
                self._first,
                held,
                count=self.candidates,
                negatives=self.negatives,
                groups=self.pairs // ((1 + self.negatives) * self.epochs),
                seed=context.seed,
                without=validation,
            )
            self._taught = groups.facts()
            histories = history_texts(held.queries, self._titles, self.history)
            self._losses = [round(loss, 4) for loss in self._train(backbone, histories, groups, context)]
            self._mix = {"weight": self.weight, "validation ndcg@10": None}
            if self.weight is None:
                self._choose_weight(training.with_truth_of(held, validation), context.seed)
        self._first = FirstStage.fit(self.first, train, vectors, context)
        return self

    def _set_texts(self, items: Entities) -> None:
        self._titles: tuple[str, ...] = items.titles
        self._texts: tuple[str, ...] = items.text or ()

    def _train(self, backbone: Backbone, histories: Sequence[str], groups: Groups, context: Context) -> list[float]:
        """Train the language model on the groups (``histories`` by query), and return the losses of the epochs."""
        from benchsuite_flm.optim import ParameterGroup
        from benchsuite_flm.trainable_layers import TrainableLayers

        tuning = TuningConfig(self.tuning, self.layers, self.lora_rank, self.lora_part)
        trainable = TrainableLayers(backbone.model, tuning, seed=context.seed, device=context.device)
        scorer = self._build_scorer(backbone)
        own = list(scorer.own_weights.values())
        self._sizes |= {"trained": trainable.count}
        self._sizes |= {"head": sum(weight.numel() for weight in own)} if own else {}
        parameters = [
            ParameterGroup(trainable.weights, self.learning_rate, self.weight_decay),
            ParameterGroup(own, self._head_rate()),
        ]
        losses = training.train(
            scorer,
            [group for group in parameters if group.parameters],
            [histories[query] for query in groups.query],
            [[self._texts[code] for code in row] for row in groups.item.tolist()],
            epochs=self.epochs,
            batch_size=self.batch_size,
            seed=context.seed,
            report=context.progress,
            stop=context.out_of_time,
        )
        trainable.merge_and_freeze()
        for weight in own:
            weight.requires_grad_(False)
        self._backbone, self._scorer = backbone, scorer
        return losses

    def _choose_weight(self, validation: Fold, seed: int) -> None:
        self._mix = {"weight": 1.0, "validation ndcg@10": None}
        if self._can_score() and len(validation.truth.item):
            number, value = select_blend(validation, self._parts, [_blend(weight) for weight in WEIGHTS], seed)
            self._mix = {"weight": WEIGHTS[number], "validation ndcg@10": round(value, 4)}

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c]: of candidates s / (1 + abs(s)), between -1 and 1, where s is the blended score.

        All other items are below: the first stage's score less its best score of the query less 2.
        """
        width = len(self._titles) if candidates is None else len(candidates)
        scores = np.empty((len(queries), width), np.float32)
        for begin in range(0, len(queries), BLOCK):
            end = min(begin + BLOCK, len(queries))
            blend = _blend(float(self._mix["weight"] or 0.0))
            scores[begin:end] = blend(self._parts(queries.slice(begin, end), candidates))
            self._report(end, len(queries), "queries answered")
        return scores

    def _parts(self, queries: Queries, candidates: Int32 | None = None) -> tuple[Float32, Float32, Float32]:
        """Return three float32[q, c].

        The first stage's score less its best; the same with mean 0 and standard deviation 1 over the known candidates
        of the first stage; the score of the pair, NaN for other items.
        """
        columns: Any = slice(None) if candidates is None else candidates
        below = self._first.scores(queries)
        chosen = self._first.candidates(below, queries, self.candidates)
        standard = self._first.standardized(below, chosen)[:, columns]
        best = below.max(axis=1, keepdims=True, initial=-np.inf)
        row, place = np.nonzero(chosen[:, columns])
        pairs = np.full((len(queries), standard.shape[1]), np.nan, np.float32)
        if self._can_score():
            item = (place if candidates is None else candidates[place]).astype(np.int32)
            pairs[row, place] = self._score_pairs(queries, row.astype(np.int64), item)
        return (below - best)[:, columns], standard, pairs

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the language model's score of each pair, without the first stage's."""
        return self._score_pairs(queries, query.astype(np.int64), item)

    def _score_pairs(self, queries: Queries, owner: Int64, item: Int32) -> Float32:
        if not len(owner):
            return np.zeros(0, np.float32)
        histories = history_texts(queries, self._titles, self.history)
        with torch_threads(self._threads):
            return self._scorer.scores(histories, owner, [self._texts[code] for code in item.tolist()])

    def facts(self) -> dict[str, Any]:
        """Return the weights before training, the losses, and how many held-out items were found and trained on."""
        own: dict[str, Any] = {"weights": self._weights, "losses": self._losses, "parameters": self._sizes}
        reading = {} if self._can_score() else {"reading": "nothing was learnt, so the first stage answers alone"}
        return own | {"training": self._taught, "mix": self._mix} | reading

    def parameter_count(self) -> int:
        """Return the number of weights of the language model, the scorer and the first stage."""
        return int(self._sizes["model"] + self._sizes.get("head", 0)) + self._first.parameter_count()

    def save(self, folder: Path) -> None:
        """Write the language model in the layout of Hugging Face, the first stage and facts.

        Raises:
            NotApplicable: when the first stage cannot be saved.
        """
        from safetensors.torch import save_file

        from benchsuite_flm.saving import write_encoder, write_model

        self._first.save(folder / "first")
        write = write_model if self.predicts_tokens else write_encoder
        write(self._backbone, folder)
        own = self._scorer.own_weights
        if own:
            save_file({name: value.detach().cpu() for name, value in own.items()}, folder / _HEAD)
        about = {name: getattr(self, f"_{name}") for name in _SAVED_FACTS}
        (folder / _ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.torch import load_file

        for name, value in json.loads((folder / _ABOUT).read_text("utf-8")).items():
            setattr(self, f"_{name}", value)
        self._device, self._report = "cpu", Context().progress
        self._set_texts(items)
        self._first = FirstStage.load(self.first, folder / "first", items)
        self._backbone = open_backbone(folder, self._weights, writes=self.predicts_tokens)
        self._backbone.model.set_attn_implementation("eager")  # as in training, for bitwise equal scores
        self._scorer = self._build_scorer(self._backbone)
        own = self._scorer.own_weights
        stored = load_file(folder / _HEAD) if own else {}
        for name, weight in own.items():
            weight.requires_grad_(False).copy_(stored[name])
        return self


def _blend(weight: float) -> Callable[[Sequence[Float32]], Float32]:
    """Return the function from the three parts to scores."""

    def blend(parts: Sequence[Float32]) -> Float32:
        below, standard, pairs = parts
        blended = (standard + np.float32(weight) * pairs) / np.float32(1 + weight)
        return np.where(np.isnan(pairs), below - 2, blended / (1 + np.abs(blended)))

    return blend

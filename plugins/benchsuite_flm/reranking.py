"""What re-rankers share: settings, candidates and training groups from a first stage, and answers."""

from __future__ import annotations

import dataclasses
import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Need, Search
from benchsuite.data import Dataset, Entities, Float32, Fold, Int32, Int64, Queries, Truth
from benchsuite.errors import NotApplicable
from benchsuite_classic.blending import inner_holdout, select_blend
from benchsuite_content.encode import torch_threads
from benchsuite_flm.stages import BLOCK, First, FirstStage, Groups, draw_groups

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone

_SHARE = 0.2  # of each history that is held out to train on
_LEAST = 3  # items a history must have to give one away
_JUDGED = 100  # users, at most a fifth, whose held-out items choose the weight and teach nothing
_ABOUT = "reranker.json"
_REMEMBERED = ("weights", "losses", "taught", "sizes", "threads", "mix")
"""Plain facts that a saved model tells again."""

WEIGHTS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0)
"""Of the pair's score, beside a first stage's with a standard deviation of 1; the last leaves it next to no say."""


@dataclass
class Reranker(Model):
    """Reads each pair of a history and a candidate with a language model, and so orders a first stage's best anew.

    Attributes:
        first: the first stage: ``ease``, ``als``, ``als-content`` or ``popular``. Where it has no opinion (new items),
            the cosine of frozen text vectors names the candidates.
        candidates: how many known and how many new items of the first stage are read for each query.
        history: how many items of a history are told: the latest ones, those that were liked first.
        length: tokens of a pair that are read at most; the longer text, as a rule the history, is cut.
        pairs: pairs that training reads at most, all epochs together.
        epochs: passes over the held-out items that the first stage found.
        negatives: other candidates that each of them is set against.
        batch_size: held-out items per step.
        learning_rate: largest step size of the language model.
        tuning: what learns of it: all weights of the ``top`` layers; ``lora``, small matrices beside the weights of
            these layers (needs ``benchsuite[lora]``); ``full``, all; or nothing (``frozen``).
        layers: how many layers learn, from the top; more than it has means all.
        lora_rank: rank of the matrices.
        lora_part: whether they lie beside the maps of ``attention`` only, or of ``all``, feed-forward included.
        weight_decay: of the language model's weights.
        weight: of the pair's score z beside the first stage's; None chooses it by nDCG@10 on held-out items of a few
            users that teach nothing else.
    """

    first: First = "ease"
    candidates: Annotated[int, Ge(1), Search(10, 100, log=True)] = 20
    history: Annotated[int, Ge(1), Search(2, 20, log=True)] = 5
    length: Annotated[int, Ge(8)] = 64
    pairs: Annotated[int, Ge(0)] = 6000
    epochs: Annotated[int, Ge(1), Search(1, 4)] = 2
    negatives: Annotated[int, Ge(1), Search(1, 8)] = 4
    batch_size: Annotated[int, Ge(1)] = 8
    learning_rate: Annotated[float, Gt(0), Search(2e-5, 1e-3, log=True)] = 2e-4
    tuning: Literal["top", "lora", "full", "frozen"] = "top"
    layers: Annotated[int, Ge(1), Search(1, 6)] = 2
    lora_rank: Annotated[int, Ge(1)] = 8
    lora_part: Literal["attention", "all"] = "attention"
    weight_decay: Annotated[float, Ge(0)] = 0.01
    weight: Annotated[float, Ge(0)] | None = None

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    version: ClassVar[str] = "2"
    uses_language_model: ClassVar[bool] = True
    proposed: ClassVar[bool] = True

    @abstractmethod
    def _load(self) -> Backbone:
        """Load the language model, untrained."""

    @abstractmethod
    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        """Return float32[texts, d], unit length, of the untrained model; zeros for empty texts."""

    @abstractmethod
    def _learn(self, backbone: Backbone, histories: Sequence[str], groups: Groups, context: Context) -> list[float]:
        """Train on the groups (``histories`` by query), keep what reads pairs, and return the losses of the epochs."""

    @abstractmethod
    def _read(self, histories: Sequence[str], owner: Int64, item: Int32) -> Float32:
        """Return float32[p], the scores of pairs: ``owner`` int64[p] points into ``histories``, ascending."""

    def _able(self) -> bool:
        """Tell whether reading pairs means anything; if not, the first stage answers alone."""
        return True

    def fit(self, train: Dataset, context: Context) -> Self:
        """Train on items that are held out from the training part and found by the first stage; then fit it on all.

        Raises:
            NotApplicable: when the items have no text.
            DataError: when the language model cannot be loaded or is not what it should be.
        """
        if train.items.text is None:
            raise NotApplicable(f"{type(self).__name__} needs {Need.ITEM_TEXT}", where=train.name)
        backbone = self._load()
        self._weights: dict[str, str] = backbone.provenance
        self._threads, self._device, self._report = context.threads, context.device, context.progress
        self._sizes = {"model": backbone.parameters}
        self._tell(train.items)
        with torch_threads(context.threads):
            vectors = self._text_vectors(backbone, train.items.text, context)
            held = inner_holdout(train, context.seed, share=_SHARE, least=_LEAST)
            first = FirstStage.fit(self.first, held.train, vectors, context)
            judged = _judged(len(held.queries), context.seed) if self.weight is None else np.zeros(0, np.int64)
            groups = self._draw(first, held, judged, context)
            histories = tell_histories(held.queries, self._titles, self.history)
            self._losses = [round(loss, 4) for loss in self._learn(backbone, histories, groups, context)]
            self._first = first
            self._mix = {"weight": self.weight, "validation ndcg@10": None}
            if self.weight is None:
                self._choose(_only(held, judged), context.seed)
        self._first = FirstStage.fit(self.first, train, vectors, context)
        return self

    def _tell(self, items: Entities) -> None:
        """Keep the texts that pairs are made of."""
        self._titles: tuple[str, ...] = items.titles
        self._texts: tuple[str, ...] = items.text or ()

    def _draw(self, first: FirstStage, held: Fold, judged: Int64, context: Context) -> Groups:
        """Return what to learn from."""
        most = self.pairs // ((1 + self.negatives) * self.epochs)
        groups = draw_groups(
            first,
            held,
            count=self.candidates,
            negatives=self.negatives,
            groups=most,
            seed=context.seed,
            without=judged,
        )
        self._taught = {"held out": groups.held_out, "among candidates": groups.found, "learnt from": len(groups.query)}
        return groups

    def _choose(self, judged: Fold, seed: int) -> None:
        """Choose the weight on what was held out of a few users."""
        self._mix = {"weight": 1.0, "validation ndcg@10": None}
        if self._able() and len(judged.truth.item):
            number, value = select_blend(judged, self._parts, [_mixed(weight) for weight in WEIGHTS], seed)
            self._mix = {"weight": WEIGHTS[number], "validation ndcg@10": round(value, 4)}

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c]: the read ones between -1 and 1, the mixed score s as s / (1 + abs(s)).

        All others come below, by how far the first stage's score is from its best: score - best - 2.
        """
        width = len(self._titles) if candidates is None else len(candidates)
        scores = np.empty((len(queries), width), np.float32)
        for begin in range(0, len(queries), BLOCK):
            end = min(begin + BLOCK, len(queries))
            scores[begin:end] = self._answer(queries.slice(begin, end), candidates)
            self._report(end, len(queries), "queries answered")
        return scores

    def _answer(self, queries: Queries, candidates: Int32 | None) -> Float32:
        return _mixed(float(self._mix["weight"] or 0.0))(self._parts(queries, candidates))

    def _parts(self, queries: Queries, candidates: Int32 | None = None) -> tuple[Float32, Float32, Float32]:
        """Return three float32[q, c] of the candidates.

        The first stage's score less its best; the same with mean 0 and standard deviation 1 over the known items that
        are read; the pair's score, NaN where none is read.
        """
        columns: Any = slice(None) if candidates is None else candidates
        below = self._first.scores(queries)
        chosen = self._first.candidates(below, queries, self.candidates)
        standard = self._first.standardized(below, chosen)[:, columns]
        best = below.max(axis=1, keepdims=True, initial=-np.inf)
        row, place = np.nonzero(chosen[:, columns])
        pairs = np.full((len(queries), standard.shape[1]), np.nan, np.float32)
        if self._able():
            item = (place if candidates is None else candidates[place]).astype(np.int32)
            pairs[row, place] = self._pairs(queries, row.astype(np.int64), item)
        return (below - best)[:, columns], standard, pairs

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the model's score of each pair; the first stage has no say."""
        return self._pairs(queries, query.astype(np.int64), item)

    def _pairs(self, queries: Queries, owner: Int64, item: Int32) -> Float32:
        if not len(owner):
            return np.zeros(0, np.float32)
        histories = tell_histories(queries, self._titles, self.history)
        with torch_threads(self._threads):
            return self._read(histories, owner, item)

    def facts(self) -> dict[str, Any]:
        """Return the weights before training, the losses, and how many held-out items there were and were taught."""
        own: dict[str, Any] = {"weights": self._weights, "losses": self._losses, "parameters": self._sizes}
        reading = {} if self._able() else {"reading": "nothing was learnt, so the first stage answers alone"}
        return own | {"training": self._taught, "mix": self._mix} | reading

    def parameter_count(self) -> int:
        """Return the weights of the language model and of what reads pairs, and the first stage's."""
        return int(self._sizes["model"] + self._sizes.get("head", 0)) + self._first.parameter_count()

    @abstractmethod
    def _write(self, folder: Path) -> None:
        """Write the trained language model."""

    @abstractmethod
    def _open(self, folder: Path) -> None:
        """Read what :meth:`_write` wrote."""

    def save(self, folder: Path) -> None:
        """Write the language model in the layout of Hugging Face, the first stage and facts.

        Raises:
            NotApplicable: when the first stage cannot be saved.
        """
        self._first.save(folder / "first")
        self._write(folder)
        about = {name: getattr(self, f"_{name}") for name in _REMEMBERED}
        (folder / _ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        for name, value in json.loads((folder / _ABOUT).read_text("utf-8")).items():
            setattr(self, f"_{name}", value)
        self._device, self._report = "cpu", Context().progress
        self._tell(items)
        self._first = FirstStage.load(self.first, folder / "first", items)
        self._open(folder)
        return self


def _judged(queries: int, seed: int) -> Int64:
    """Return int64, the queries whose held-out items choose the weight."""
    drawn = np.random.default_rng([seed, 29]).permutation(queries)
    return np.sort(drawn[: min(_JUDGED, queries // 5)])


def _only(held: Fold, queries: Int64) -> Fold:
    """Return the fold with the right answers of some queries only."""
    kept = np.isin(held.truth.rows, queries)
    count = np.bincount(held.truth.rows[kept], minlength=len(held.truth))
    truth = Truth(np.concatenate([[0], np.cumsum(count)]), held.truth.item[kept], held.truth.value[kept])
    return dataclasses.replace(held, truth=truth)


def _mixed(weight: float) -> Callable[[Sequence[Float32]], Float32]:
    """Return what makes scores of the three parts."""

    def mix(parts: Sequence[Float32]) -> Float32:
        below, standard, pairs = parts
        mixed = (standard + np.float32(weight) * pairs) / np.float32(1 + weight)
        return np.where(np.isnan(pairs), below - 2, mixed / (1 + np.abs(mixed)))

    return mix


def tell_histories(queries: Queries, titles: Sequence[str], count: int) -> list[str]:
    """Return one text per query: the titles of its items, liked ones first, the latest first, no item twice.

    Args:
        queries: who asks.
        titles: of all items.
        count: items told at most.
    """
    told = []
    for query in range(len(queries)):
        rows = np.arange(queries.start[query], queries.start[query + 1])[::-1]
        if queries.history.label is not None:
            rows = rows[np.argsort(-queries.history.label[rows], kind="stable")]
        codes = dict.fromkeys(queries.history.item[rows].tolist())
        told.append("; ".join([titles[code] for code in codes if titles[code]][:count]))
    return told

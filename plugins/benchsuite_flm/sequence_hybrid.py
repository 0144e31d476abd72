"""The row ``flm-seq-hybrid``: ``flm-seq`` blended with neighbours that know the order of events, and with words."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Context
from benchsuite.data import Bool, Dataset, Entities, Float32, Fold, Int32, Queries
from benchsuite_classic.blending import ScoreBlend, select_blend
from benchsuite_classic.sequential_knn import SequentialKNN
from benchsuite_classic.support import warm_items
from benchsuite_content.cosine import Cosine
from benchsuite_content.tfidf import ContentTfidf
from benchsuite_content.vectors import count_words
from benchsuite_flm.sequence import SequenceFLM

_WEIGHT, _WORDS = 8.0, 0.0
_WEIGHTS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_WORDS_WEIGHTS = (0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_NEIGHBOURS = "neighbours"
_MIX = "mix.json"

Pair = tuple[float, float]
"""The weights of ``sequential-knn`` and of words."""


@dataclass
class SequenceHybridFLM(SequenceFLM):
    """The logit of ``flm-seq`` plus weighted scores of ``sequential-knn`` and of the words in common.

    The weights are those with the best nDCG@10 on the validation fold; they leave their defaults only for a gain of
    more than its standard error over users. For that choice all three are fitted once without the held-out rows, so a
    fit takes twice as long as that of ``flm-seq``. Without a validation fold words count nothing.
    Where ``sequential-knn`` has no score (new items, users without a known item) or ``content-tfidf`` has none, it adds
    nothing. For new items words may say more than a sentence's meaning: a brand that was bought before.

    Attributes:
        weight: of the score of ``sequential-knn``; None chooses it on validation.
        words_weight: of the cosine of words, as ``content-tfidf`` computes it; None chooses it on validation.
    """

    weight: Annotated[float, Ge(0)] | None = None
    words_weight: Annotated[float, Ge(0)] | None = None

    version = "2"
    cite: ClassVar[tuple[str, ...]] = (*SequenceFLM.cite, *SequentialKNN.cite, *ContentTfidf.cite)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Choose the weights, then fit everything on all rows."""
        alone = dataclasses.replace(context, validation=None)
        fold, self._quality = context.validation, None
        tried = _tried(self.weight, _WEIGHTS, _WEIGHT), _tried(self.words_weight, _WORDS_WEIGHTS, _WORDS)
        pairs = list(itertools.product(*tried))
        self._weights: Pair = pairs[0]
        if len(pairs) > 1 and fold is not None and len(fold.queries):
            self._weights, self._quality = self._choose(pairs, fold, alone)
        super().fit(train, context)
        self._neighbours = SequentialKNN().fit(train, alone)
        self._words = _words(train.items, warm_items(train), context.threads) if self._weights[1] else None
        return self

    def _choose(self, pairs: Sequence[Pair], fold: Fold, alone: Context) -> tuple[Pair, float]:
        """Return the weights with the best nDCG@10 on a validation fold, and that nDCG."""
        shared = {field.name: getattr(self, field.name) for field in dataclasses.fields(SequenceFLM) if field.init}
        # Checkpoints of the two fits have different data, so neither takes the other's for its own.
        text = SequenceFLM(**shared).fit(fold.train, alone)
        neighbours = SequentialKNN().fit(fold.train, alone)
        words = _words(fold.train.items, warm_items(fold.train), alone.threads)

        def parts(queries: Queries) -> list[Float32]:
            scores = text.score(queries, fold.candidates)
            return [scores, *_others(queries, fold.candidates, neighbours, words)]

        best, value = select_blend(fold, parts, [_blend(pair) for pair in pairs], alone.seed, drawn="users")
        return pairs[best], round(value, 4)

    def facts(self) -> dict[str, Any]:
        """Return the facts of ``flm-seq``, the weights that were used and what they reached on validation."""
        neighbours, words = self._weights
        mix = {"sequential-knn": neighbours, "words": words, "validation ndcg@10": self._quality}
        return {**super().facts(), "mix": mix}

    def parameter_count(self) -> int:
        """Return the weights of ``flm-seq`` and the similarities of ``sequential-knn``."""
        return super().parameter_count() + self._neighbours.parameter_count()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the logit of ``flm-seq`` plus the weighted scores."""
        others = _others(queries, candidates, self._neighbours, self._words)
        return _blend(self._weights)([super().score(queries, candidates), *others])

    def save(self, folder: Path) -> None:
        """Write ``flm-seq``, the similarities and the weights; words are counted again when it is loaded."""
        super().save(folder)
        (folder / _NEIGHBOURS).mkdir()
        self._neighbours.save(folder / _NEIGHBOURS)
        mix = {"weights": self._weights, "quality": self._quality}
        (folder / _MIX).write_text(json.dumps(mix, indent=1) + "\n", "utf-8")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        super().load(folder, items)
        mix = json.loads((folder / _MIX).read_text("utf-8"))
        self._weights, self._quality = (mix["weights"][0], mix["weights"][1]), mix["quality"]
        self._neighbours = SequentialKNN().load(folder / _NEIGHBOURS, items)
        self._words = _words(items, self._head.warm.numpy(), self._threads) if self._weights[1] else None
        return self


def _tried(given: float | None, weights: Sequence[float], default: float) -> list[float]:
    """Return the weights to be tried, the one to begin with first; a given one alone."""
    return [default, *(weight for weight in weights if weight != default)] if given is None else [given]


def _words(items: Entities, warm: Bool, threads: int) -> Cosine | None:
    """Return the cosines of ``content-tfidf`` with its defaults; None where the texts hold no word."""
    counted = count_words(items.text or (), ContentTfidf.ngrams)
    return None if counted is None else Cosine(counted, warm, center=ContentTfidf.center, threads=threads)


def _others(
    queries: Queries, candidates: Int32 | None, neighbours: SequentialKNN, words: Cosine | None
) -> tuple[Float32, Float32]:
    """Return float32[q, c] twice: the scores of ``sequential-knn`` and of words, 0 where there are none."""
    first = np.nan_to_num(neighbours.score(queries, candidates), nan=0.0)
    found = np.zeros_like(first) if words is None else np.nan_to_num(words.score(queries, candidates), nan=0.0)
    return first, found


def _blend(weights: Pair) -> ScoreBlend:
    first, second = map(np.float32, weights)
    return lambda parts: parts[0] + first * parts[1] + second * parts[2]

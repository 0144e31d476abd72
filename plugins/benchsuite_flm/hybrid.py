"""The row ``flm-hybrid``: FLM blended with collaborative models, which know items by their users."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Range
from benchsuite.data import Dataset, Entities, Float32, Int32, Queries
from benchsuite.errors import NotApplicable
from benchsuite_classic.als import ALS
from benchsuite_classic.blending import inner_holdout
from benchsuite_classic.knn_baseline import KNNBaseline
from benchsuite_classic.support import new_item_share
from benchsuite_content.ease_content import EASEContent
from benchsuite_content.encode import encode_texts
from benchsuite_content.kernel_ridge import CITE_KERNEL_RIDGE, TextKernel
from benchsuite_content.vectors import tfidf_vectors
from benchsuite_flm.hybrid_terms import (
    SIDE_WEIGHTS,
    PairTerm,
    PairWeights,
    Terms,
    Weights,
    choose,
    ratings_of,
    shares_of,
    stack,
    start_for,
)
from benchsuite_flm.models import FLM

_MIX = "mix.json"


@dataclass
class HybridFLM(FLM):
    """FLM plus collaborative models: the logit of ``flm`` and weighted scores of EASE, popularity and ALS.

    Items with training rows get a weighted score of EASE that also explains the texts' frozen vectors, and a weighted
    popularity. New items, for which EASE abstains, get a weighted score of ALS whose factors are predicted from
    their texts by kernel regression (as in ``als-kernel``): the kernel is that of the fine-tuned vectors, to which
    those of the frozen vectors and of counted words are added where that helps. The pointwise score is that of
    ``flm``; where the data has likes and dislikes, the rating that ``knn-baseline`` predicts is added.

    Weights are chosen on validation, those of lists by nDCG@10: on the validation fold where there is one, else on a
    tenth of each history that is held out inside the training part. They leave their defaults only for a gain of more
    than its standard error. For that choice everything is fitted once without the held-out rows, then again with all,
    so a fit takes twice as long as that of ``flm``. Weights of new (or known) items keep their defaults where the
    validation fold has no candidates of that kind. With a given ``weight`` nothing is chosen.

    Attributes:
        ease_regularization: the L2 penalty of EASE, in units of users.
        weight: of the score of EASE; None chooses all weights on validation, from a start that depends on the number
            of training rows (:func:`start_for`).
        side_weight: of the frozen vectors within EASE, in units of users.
        popularity_weight: of the centred log count of training rows; None is 0, or more where users
            have few rows and the weights are chosen.
        new_weight: of the score of ALS for new items, factors predicted from the fine-tuned vectors, where the
            validation fold has new candidates only. Among known items it is a twentieth of that, or new ones would
            fill the lists.
        ridge: the L2 penalty with which they are predicted.
    """

    ease_regularization: Annotated[float, Gt(0), Range(30, 3000, log=True)] = 300.0
    weight: Annotated[float, Ge(0)] | None = None
    side_weight: Annotated[float, Ge(0)] = 30.0
    popularity_weight: Annotated[float, Ge(0)] | None = None
    new_weight: Annotated[float, Ge(0)] = 100.0
    ridge: Annotated[float, Gt(0)] = 6.0

    version = "7"
    cite: ClassVar[tuple[str, ...]] = (*FLM.cite, *EASEContent.cite, *ALS.cite, CITE_KERNEL_RIDGE, *KNNBaseline.cite)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Choose the weights, then fit everything on all rows."""
        alone = dataclasses.replace(context, validation=None)
        texts = self._text_vectors(train, context)
        start = start_for(len(train.interactions), len(train.users)) if self.weight is None else (self.weight, 0.0)
        self._weights = Weights(
            start[0],
            self.side_weight,
            start[1] if self.popularity_weight is None else self.popularity_weight,
            self.new_weight * new_item_share(context.validation),
            TextKernel(shares_of({"tuned", *texts})[0], self.ridge),
        )
        self._quality: float | None = None
        pair_weights = PairWeights()
        if self.weight is None:
            pair_weights = self._choose(train, texts, context, alone)
        super().fit(train, context)
        texts["tuned"] = self._vectors
        self._terms = Terms(train, texts, self.ease_regularization, [self._weights.side], alone)
        self._pairs = None
        if pair_weights.value:
            ratings = ratings_of(train, alone)
            self._pairs = None if ratings is None else PairTerm(ratings, pair_weights)
        return self

    def _text_vectors(self, train: Dataset, context: Context) -> dict[str, Any]:
        """Return the item vectors that do not depend on training."""
        if train.items.text is None:  # the fit of flm raises the error
            return {}
        frozen = encode_texts(
            self._load(), train.items.text, device=context.device, threads=context.threads, shared=context.shared
        )
        found: dict[str, Any] = {"frozen": frozen}
        with contextlib.suppress(NotApplicable):  # texts without words
            found["words"] = tfidf_vectors(train, ngrams=1)
        return found

    def _choose(self, train: Dataset, texts: Mapping[str, Any], context: Context, alone: Context) -> PairWeights:
        """Choose the weights of lists, and return those of pairs."""
        fold = context.validation or inner_holdout(train, context.seed)
        if not len(fold.queries):
            return PairWeights()
        shared = {field.name: getattr(self, field.name) for field in dataclasses.fields(FLM) if field.init}
        text = FLM(**shared).fit(fold.train, alone)
        vectors = {**texts, "tuned": text.vectors}
        terms = Terms(fold.train, vectors, self.ease_regularization, (*SIDE_WEIGHTS, self.side_weight), alone)
        self._weights, quality = choose(
            fold,
            lambda queries: text.score(queries, fold.candidates),
            terms,
            self._weights,
            context.seed,
            new=context.validation is not None,  # items held out inside the training part are seldom new
        )
        self._quality = round(quality, 4)
        label = fold.truth.label
        ratings = None if label is None or text.like_classifier is None else ratings_of(fold.train, alone)
        if ratings is None or label is None:
            return PairWeights()
        pairs = fold.truth.rows.astype(np.int32), fold.truth.item
        return stack(text.score_pairs(fold.queries, *pairs), ratings.score_pairs(fold.queries, *pairs), label)

    def facts(self) -> dict[str, Any]:
        """Return the facts of ``flm``, the weights that were used and what they reached on validation."""
        facts: Mapping[str, Any] = super().facts()
        own = {**dataclasses.asdict(self._weights), "validation ndcg@10": self._quality}
        pairs = {} if self._pairs is None else {"pairs": dataclasses.asdict(self._pairs.weights)}
        return {**facts, "mix": {**own, **pairs}}

    def parameter_count(self) -> int:
        """Return the weights of ``flm`` and of the terms."""
        pairs = 0 if self._pairs is None else self._pairs.ratings.parameter_count()
        return super().parameter_count() + self._terms.parameter_count() + pairs

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the logit of ``flm`` plus the weighted terms."""
        return self._terms.add(super().score(queries, candidates), queries, candidates, self._weights)

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], logits: those of ``flm``, with the predicted rating where there are likes and dislikes.

        The terms of lists are left out: their weights are chosen for first places and differ between folds, so that no
        threshold of one fold would suit the next.
        """
        if self.like_classifier is None:
            return self._pair_logits(queries, query, item)
        logits = super().score_pairs(queries, query, item)
        return logits if self._pairs is None else self._pairs.add(logits, queries, query, item)

    def save(self, folder: Path) -> None:
        """Write ``flm``, the terms and their weights."""
        super().save(folder)
        self._terms.save(folder, self._weights)
        if self._pairs is not None:
            self._pairs.save(folder)
        mix = {"weights": dataclasses.asdict(self._weights), "quality": self._quality}
        (folder / _MIX).write_text(json.dumps(mix, indent=1) + "\n", "utf-8")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        super().load(folder, items)
        mix = json.loads((folder / _MIX).read_text("utf-8"))
        self._weights, self._quality = Weights.of(mix["weights"]), mix["quality"]
        self._terms = Terms.load(folder, items, self._weights)
        self._pairs = PairTerm.load(folder, items)
        return self

"""The rows ``flm-likelihood`` and ``flm-hybrid-likelihood``: FLM with what a causal model knows of titles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from annotated_types import Ge

from benchsuite.api import Context, Range
from benchsuite.data import Dataset, Entities, Float32, Int32, Queries
from benchsuite_content.backbone_files import DEFAULT_DECODER
from benchsuite_content.smollm2 import CITE_SMOLLM2
from benchsuite_content.title_likelihood import TitlePopularity
from benchsuite_content.title_reading import PROMPT, TitleReading
from benchsuite_flm.hybrid import HybridFLM
from benchsuite_flm.models import FLM

_FILE = "title_popularity.json"


@dataclass
class LikelihoodFLM(FLM):
    """FLM, where new items whose titles a causal language model finds likely rank higher.

    The term is that of ``als-kernel-likelihood``: the log count of a new item as ridge regression predicts it from the
    likelihood of its title; it weighs ``likelihood_weight`` times as much as the logits of new items deviate, a
    twentieth of that where known items are recommended beside new ones. Pairs (likes and dislikes) and known items are
    scored as ``flm`` scores them.

    Attributes:
        likelihood_weight: of the predicted log count, in deviations of a user's scores.
        decoder: the causal language model; it is not trained.
        prompt: what stands before each title; say what the items are, such as ``Some of the best known products
            are "``.
    """

    likelihood_weight: Annotated[float, Ge(0), Range(0.1, 2, log=True)] = 0.6
    decoder: str = DEFAULT_DECODER
    prompt: str = PROMPT

    version = f"{FLM.version}.1"
    cite: ClassVar[tuple[str, ...]] = (*FLM.cite, CITE_SMOLLM2)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Fit ``flm``, then the regression on likelihoods."""
        if train.items.text is not None:  # else the fit of flm raises the error
            self._reading = TitleReading.of(train.items, context, decoder=self.decoder, prompt=self.prompt)
        super().fit(train, context)
        self._popularity = TitlePopularity.fit(train, super().score, context, self._reading)
        return self

    def parameter_count(self) -> int:
        """Return those of ``flm``, of the decoder and of the regression."""
        return super().parameter_count() + self._popularity.parameters

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the logits of ``flm`` plus the term of new items."""
        return self._popularity.add(super().score(queries, candidates), self.likelihood_weight, candidates)

    def facts(self) -> dict[str, Any]:
        """Return the facts of ``flm`` and those of the titles."""
        facts: Mapping[str, Any] = super().facts()
        return {**facts, "titles": self._popularity.about}

    def save(self, folder: Path) -> None:
        """Write what ``flm`` writes, and the popularity of new items."""
        super().save(folder)
        (folder / _FILE).write_text(json.dumps(self._popularity.record()), "utf-8")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        super().load(folder, items)
        self._popularity = TitlePopularity.from_record(json.loads((folder / _FILE).read_text("utf-8")))
        return self


@dataclass
class LikelihoodHybrid(LikelihoodFLM, HybridFLM):
    """``flm-hybrid``, where a causal language model tells which titles of new items it knows, and as what.

    The model's hidden states after the titles join the texts from which ALS factors of new items are predicted, with a
    Gaussian kernel of their own that weighs as much as that of the fine-tuned vectors, unless validation finds that
    they bring nothing (as in ``als-kernel-likelihood``). To the mixed scores the term of ``flm-likelihood`` is added:
    classes work together in the order in which they stand. What is chosen on validation is chosen without the term.
    """

    version = f"{HybridFLM.version}.2"
    cite: ClassVar[tuple[str, ...]] = (*HybridFLM.cite, CITE_SMOLLM2)

    def _text_vectors(self, train: Dataset, context: Context) -> dict[str, Any]:
        """Return what ``flm-hybrid`` reads, and the hidden states."""
        found = super()._text_vectors(train, context)
        return {**found, "states": self._reading.states} if found else found

"""``als-kernel`` with what a causal language model tells of the titles of new items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from annotated_types import Ge

from benchsuite.api import Context, Range
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_content.als_kernel import ALSKernel
from benchsuite_content.backbone_files import DEFAULT_DECODER
from benchsuite_content.kernel_ridge import TextKernel
from benchsuite_content.smollm2 import CITE_SMOLLM2
from benchsuite_content.title_likelihood import TitlePopularity
from benchsuite_content.title_reading import PROMPT, TitleReading


@dataclass
class ALSKernelLikelihood(ALSKernel):
    """``als-kernel``, where a causal language model tells which titles of new items it knows, and as what.

    The model is not trained. It is read in two ways. Its hidden state after a title joins the texts from which
    factors of new items are predicted, with a Gaussian kernel of its own. And to the score of each new item its log
    count is added, as ridge regression predicts it from the likelihood of its title; it weighs ``likelihood_weight``
    times as much as the scores of new items deviate, a twentieth of that where known items are recommended beside new
    ones. Nothing is added for known items. Popularity is what new items
    lack, and fame is what such a model has read: the same fact is called contamination where a data set is older than
    the model.

    Attributes:
        likelihood_weight: of the predicted log count, in deviations of a user's scores.
        states_weight: of the kernel of hidden states; that of the vectors weighs 1.
        decoder: the causal language model.
        prompt: what stands before each title; say what the items are, such as ``Some of the best known products
            are "``.
    """

    likelihood_weight: Annotated[float, Ge(0), Range(0.1, 2, log=True)] = 0.6
    states_weight: Annotated[float, Ge(0), Range(0.2, 4, log=True)] = 1.0
    decoder: str = DEFAULT_DECODER
    prompt: str = PROMPT

    version = "3"
    cite: ClassVar[tuple[str, ...]] = (*ALSKernel.cite, CITE_SMOLLM2)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Fit ``als-kernel`` with the hidden states, then the regression on likelihoods."""
        super().fit(train, context)
        self._titles = TitlePopularity.fit(train, super().score, context, self._reading)
        return self

    def _representations(self, train: Dataset, context: Context) -> dict[str, Any]:
        """Return what ``als-kernel`` reads, and the hidden states."""
        texts = super()._representations(train, context)
        self._reading = TitleReading.of(train.items, context, decoder=self.decoder, prompt=self.prompt)
        return {**texts, "states": self._reading.states}

    def _text_kernel(self, ridge: float, words: float, texts: Mapping[str, Any]) -> TextKernel:
        """Return the kernel of ``als-kernel`` and, with a weight, that of the hidden states."""
        kernel = super()._text_kernel(ridge, words, texts)
        return TextKernel({**kernel.shares, "states": self.states_weight}, ridge) if self.states_weight else kernel

    def parameter_count(self) -> int:
        """Return those of ``als-kernel``, of the decoder and of the regression."""
        return super().parameter_count() + self._titles.parameters

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], those of ``als-kernel`` plus the term of new items."""
        return self._titles.add(super().score(queries, candidates), self.likelihood_weight, candidates)

    def facts(self) -> Mapping[str, Any]:
        """Return the facts of ``als-kernel`` and those of the titles."""
        return {**super().facts(), "titles": self._titles.about}

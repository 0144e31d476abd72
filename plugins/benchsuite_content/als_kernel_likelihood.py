"""``als-kernel`` with the popularity of new items that the likelihood of their titles tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from annotated_types import Ge

from benchsuite.api import Context, Range
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_content.als_kernel import ALSKernel
from benchsuite_content.backbone_files import DEFAULT_DECODER
from benchsuite_content.smollm2 import CITE_SMOLLM2
from benchsuite_content.title_likelihood import PROMPT, TitlePopularity


@dataclass
class ALSKernelLikelihood(ALSKernel):
    """``als-kernel``, where new items whose titles a language model finds likely rank higher.

    To the score of each new item its log count is added, as ridge regression predicts it from the likelihood of its
    title under a causal language model that is not trained; it weighs ``likelihood_weight`` times as much as the scores
    of new items deviate. Nothing is added for known items. Popularity is what new items lack, and fame is what such a
    model has read: the same fact is called contamination where a data set is older than the model.

    Attributes:
        likelihood_weight: of the predicted log count, in deviations of a user's scores.
        decoder: the causal language model.
        prompt: what stands before each title; say what the items are, such as ``Some of the best known products
            are "``.
    """

    likelihood_weight: Annotated[float, Ge(0), Range(0.1, 2, log=True)] = 0.6
    decoder: str = DEFAULT_DECODER
    prompt: str = PROMPT

    cite: ClassVar[tuple[str, ...]] = (*ALSKernel.cite, CITE_SMOLLM2)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Fit ``als-kernel``, then the regression on likelihoods."""
        super().fit(train, context)
        how = {"decoder": self.decoder, "prompt": self.prompt}
        self._titles = TitlePopularity.fit(train, super().score, context, **how)
        return self

    def parameter_count(self) -> int:
        """Return those of ``als-kernel``, of the decoder and of the regression."""
        return super().parameter_count() + self._titles.parameters

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], those of ``als-kernel`` plus the term of new items."""
        return self._titles.add(super().score(queries, candidates), self.likelihood_weight, candidates)

    def facts(self) -> Mapping[str, Any]:
        """Return the facts of ``als-kernel`` and those of the titles."""
        return {**super().facts(), "titles": self._titles.about}

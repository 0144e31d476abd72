"""FLM mixed with what classics know: text where items are little known, who took what where they are well known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from annotated_types import Ge, Gt

from benchsuite.api import Context, Search
from benchsuite.data import Dataset, Entities, Float32, Int32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.ease import EASE
from benchsuite_classic.mixing import held_out
from benchsuite_flm.flm import FLM
from benchsuite_flm.terms import Terms, Weights, choose

_MIX = "mix.json"


@dataclass
class HybridFLM(FLM):
    """FLM plus classics: the logit of ``flm`` and weighted scores of ``ease``, popularity and ``als``, fitted apart.

    Items with training rows get a weighted score of EASE and a weighted popularity. New items, of which EASE knows
    nothing, get a weighted score of ALS whose factors are predicted from their texts by ridge regression on the
    fine-tuned vectors (as ``als-content`` does on frozen ones).

    The weights are chosen by nDCG@10 on validation: on the validation fold where there is one, else on a tenth of each
    history that is held out inside the training part. For that choice everything is fitted once without the held-out
    rows, then again with all, so a fit takes twice as long as that of ``flm``. What validation cannot tell (nothing
    new, or nothing known, is asked there) keeps its default. With a given ``weight`` nothing is chosen.

    Attributes:
        ease_regularization: the L2 penalty of EASE, in units of users.
        weight: of the score of EASE; None chooses all weights on validation.
        popularity_weight: of the centred log count of training rows.
        new_weight: of the score of ALS for new items.
        ridge: the L2 penalty with which factors of new items are predicted; vectors have unit length.
    """

    ease_regularization: Annotated[float, Gt(0), Search(30, 3000, log=True)] = 300.0
    weight: Annotated[float, Ge(0)] | None = None
    popularity_weight: Annotated[float, Ge(0)] = 0.0
    new_weight: Annotated[float, Ge(0)] = 20.0
    ridge: Annotated[float, Gt(0)] = 10.0

    cite: ClassVar[tuple[str, ...]] = (*FLM.cite, *EASE.cite, *ALS.cite)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Choose the weights, then fit everything on all rows."""
        alone = dataclasses.replace(context, validation=None)
        # Where nothing can be chosen, EASE weighs what suited the validation rows of two film sets (a shop wants more).
        start = Weights(
            10.0 if self.weight is None else self.weight, self.popularity_weight, self.new_weight, self.ridge
        )
        self._weights = start
        self._quality: float | None = None
        if self.weight is None:
            self._choose(train, context, alone)
        super().fit(train, context)
        self._terms = Terms(train, self._vectors, self.ease_regularization, alone)
        return self

    def _choose(self, train: Dataset, context: Context, alone: Context) -> None:
        fold = context.validation or held_out(train, context.seed)
        if not len(fold.queries):
            return
        shared = {field.name: getattr(self, field.name) for field in dataclasses.fields(FLM) if field.init}
        text = FLM(**shared).fit(fold.train, alone)
        terms = Terms(fold.train, text.vectors, self.ease_regularization, alone)
        self._weights, quality = choose(
            fold, lambda queries: text.score(queries, fold.candidates), terms, self._weights, context.seed
        )
        self._quality = round(quality, 4)

    def facts(self) -> dict[str, Any]:
        """Return the facts of ``flm``, the weights that were used and what they reached on validation."""
        facts: Mapping[str, Any] = super().facts()
        return {**facts, "mix": {**dataclasses.asdict(self._weights), "validation ndcg@10": self._quality}}

    def parameter_count(self) -> int:
        """Return the weights of ``flm`` and of the terms."""
        return super().parameter_count() + self._terms.parameter_count()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the logit of ``flm`` plus the weighted terms."""
        return self._terms.add(super().score(queries, candidates), queries, candidates, self._weights)

    def save(self, folder: Path) -> None:
        """Write ``flm``, the terms and their weights."""
        super().save(folder)
        self._terms.save(folder)
        mix = {"weights": dataclasses.asdict(self._weights), "quality": self._quality}
        (folder / _MIX).write_text(json.dumps(mix, indent=1) + "\n", "utf-8")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        super().load(folder, items)
        mix = json.loads((folder / _MIX).read_text("utf-8"))
        self._weights, self._quality = Weights(**mix["weights"]), mix["quality"]
        self._terms = Terms.load(folder, items, self._vectors, self.ease_regularization)
        return self

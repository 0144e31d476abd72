"""The row ``flm-seq-hybrid``: ``flm-seq`` blended with neighbours that know the order of events."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Float32, Fold, Int32, Queries
from benchsuite_classic.blending import ScoreBlend, select_blend
from benchsuite_classic.sequential_knn import SequentialKNN
from benchsuite_flm.sequence import SequenceFLM

_WEIGHT = 8.0
_WEIGHTS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_NEIGHBOURS = "neighbours"
_MIX = "mix.json"


@dataclass
class SequenceHybridFLM(SequenceFLM):
    """The logit of ``flm-seq`` plus a weighted score of ``sequential-knn``.

    The weight is the one with the best nDCG@10 on the validation fold; it leaves its default only for a gain of more
    than its standard error over users. For that choice both are fitted once without the held-out rows, so a fit takes
    twice as long as that of ``flm-seq``. Without a validation fold, or with a given ``weight``, nothing is chosen.
    Where ``sequential-knn`` has no score (new items, users without a known item) that of ``flm-seq`` stands alone.

    Attributes:
        weight: of the score of ``sequential-knn``; None chooses it on validation.
    """

    weight: Annotated[float, Ge(0)] | None = None

    version = "1"
    cite: ClassVar[tuple[str, ...]] = (*SequenceFLM.cite, *SequentialKNN.cite)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Choose the weight, then fit both on all rows."""
        alone = dataclasses.replace(context, validation=None)
        self._weight, self._quality = _WEIGHT if self.weight is None else self.weight, None
        fold = context.validation
        if self.weight is None and fold is not None and len(fold.queries):
            self._weight, self._quality = self._choose(fold, alone)
        super().fit(train, context)
        self._neighbours = SequentialKNN().fit(train, alone)
        return self

    def _choose(self, fold: Fold, alone: Context) -> tuple[float, float]:
        """Return the weight with the best nDCG@10 on a validation fold, and that nDCG."""
        shared = {field.name: getattr(self, field.name) for field in dataclasses.fields(SequenceFLM) if field.init}
        # Checkpoints of the two fits have different data, so neither takes the other's for its own.
        text = SequenceFLM(**shared).fit(fold.train, alone)
        neighbours = SequentialKNN().fit(fold.train, alone)
        weights = [_WEIGHT, *(weight for weight in _WEIGHTS if weight != _WEIGHT)]

        def parts(queries: Queries) -> list[Float32]:
            return [model.score(queries, fold.candidates) for model in (text, neighbours)]

        best, value = select_blend(fold, parts, [_blend(weight) for weight in weights], alone.seed, drawn="users")
        return weights[best], round(value, 4)

    def facts(self) -> dict[str, Any]:
        """Return the facts of ``flm-seq``, the weight that was used and what it reached on validation."""
        return {**super().facts(), "mix": {"sequential-knn": self._weight, "validation ndcg@10": self._quality}}

    def parameter_count(self) -> int:
        """Return the weights of ``flm-seq`` and the similarities of ``sequential-knn``."""
        return super().parameter_count() + self._neighbours.parameter_count()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the logit of ``flm-seq`` plus the weighted score of ``sequential-knn``."""
        parts = [super().score(queries, candidates), self._neighbours.score(queries, candidates)]
        return _blend(self._weight)(parts)

    def save(self, folder: Path) -> None:
        """Write ``flm-seq``, the similarities and the weight."""
        super().save(folder)
        (folder / _NEIGHBOURS).mkdir()
        self._neighbours.save(folder / _NEIGHBOURS)
        mix = {"weight": self._weight, "quality": self._quality}
        (folder / _MIX).write_text(json.dumps(mix, indent=1) + "\n", "utf-8")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote."""
        super().load(folder, items)
        mix = json.loads((folder / _MIX).read_text("utf-8"))
        self._weight, self._quality = mix["weight"], mix["quality"]
        self._neighbours = SequentialKNN().load(folder / _NEIGHBOURS, items)
        return self


def _blend(weight: float) -> ScoreBlend:
    return lambda parts: parts[0] + np.float32(weight) * np.nan_to_num(parts[1], nan=0.0)

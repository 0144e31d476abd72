"""FLM mixed with EASE: text where items are little known, who-took-what-with-what where they are well known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Search
from benchsuite.data import Dataset, Float32, Fold, Int32, Queries
from benchsuite_classic.ease import EASE
from benchsuite_classic.support import warm_items
from benchsuite_flm.flm import FLM
from benchsuite_flm.mixing import best_weights, held_out

_WEIGHTS = (1.0, 2.0, 4.0, 6.0, 10.0, 15.0, 25.0, 40.0, 60.0, 100.0)
_SUPPORTS = (0.0, 5.0, 20.0)


@dataclass
class HybridFLM(FLM):
    """FLM plus EASE: the logit of ``flm`` and a weight times the score of ``ease``, both fitted apart.

    The weight is chosen by nDCG@10 on validation: on the validation fold where there is one, else on a tenth of each
    history that is held out inside the training part. For that choice both are fitted once without the held-out rows,
    then again with all, so a fit takes twice as long as that of ``flm``. An item's share of the weight grows with its
    training rows n as n / (n + support), the support being chosen along with the weight, so that text decides where an
    item is little known; a new item is answered by ``flm`` alone. With a given ``weight`` nothing is chosen.

    Attributes:
        ease_regularization: the L2 penalty of EASE, in units of users.
        weight: of the score of EASE; None chooses it, and ``support``, on validation.
        support: training rows at which an item gets half of the weight; 0 gives all items the whole weight.
    """

    ease_regularization: Annotated[float, Gt(0), Search(30, 3000, log=True)] = 300.0
    weight: Annotated[float, Ge(0)] | None = None
    support: Annotated[float, Ge(0)] = 0.0

    cite = (*FLM.cite, *EASE.cite)

    def fit(self, train: Dataset, context: Context) -> Self:
        """Choose the weight, then fit both on everything."""
        self._chosen: dict[str, Any] = {"weight": self.weight, "support": self.support}
        alone = dataclasses.replace(context, validation=None)
        if self.weight is None:
            self._chosen = self._choose(train, context, alone)
        super().fit(train, alone)
        self._ease = EASE(regularization=self.ease_regularization).fit(train, alone)
        self._share = self._shares(train, float(self._chosen["support"]))
        return self

    def _choose(self, train: Dataset, context: Context, alone: Context) -> dict[str, Any]:
        fold = context.validation
        if fold is None or not _known(fold):
            fold = held_out(train, context.seed)
        if not len(fold.queries):
            return {"weight": 0.0, "support": 0.0}
        shared = {field.name: getattr(self, field.name) for field in dataclasses.fields(FLM) if field.init}
        text = FLM(**shared).fit(fold.train, alone)
        ease = EASE(regularization=self.ease_regularization).fit(fold.train, alone)
        shares = [self._shares(fold.train, support) for support in _SUPPORTS]
        if fold.candidates is not None:
            shares = [share[fold.candidates] for share in shares]
        number, weight, value = best_weights(
            fold,
            lambda queries: text.score(queries, fold.candidates),
            lambda queries: ease.score(queries, fold.candidates),
            shares,
            _WEIGHTS,
            context.seed,
        )
        return {"weight": weight, "support": _SUPPORTS[number], "ndcg@10": round(value, 4)}

    @staticmethod
    def _shares(train: Dataset, support: float) -> Float32:
        """Return float32[items], n / (n + support); 0 for new items."""
        rows = np.asarray(train.matrix().sum(axis=0)).ravel()
        return np.where(rows > 0, rows / np.maximum(rows + support, 1), 0).astype(np.float32)

    def facts(self) -> dict[str, Any]:
        """Return the facts of ``flm`` and the weight and support that were used."""
        facts: Mapping[str, Any] = super().facts()
        return {**facts, "mix": self._chosen}

    def parameter_count(self) -> int:
        """Return those of ``flm`` and ``ease``, and the weight and support of the mix."""
        return super().parameter_count() + self._ease.parameter_count() + 2

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the logit of ``flm`` plus the weighted score of ``ease``."""
        scores = super().score(queries, candidates)
        weight = np.float32(self._chosen["weight"])
        if weight:
            share = self._share if candidates is None else self._share[candidates]
            scores += weight * share * np.nan_to_num(self._ease.score(queries, candidates), nan=0.0)
        return scores


def _known(fold: Fold) -> bool:
    """Tell whether any candidate of a fold has training rows: else it says nothing about EASE."""
    warm = warm_items(fold.train)
    return bool((warm if fold.candidates is None else warm[fold.candidates]).any())

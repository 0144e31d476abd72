"""How other libraries compute metrics of the same name, as their code has it.

Read in ranx 0.3.21 (``ranx/metrics``, ``Run.make_comparable``), trec_eval through pytrec_eval 0.5 (observed),
RecBole 1.2.1 (``recbole/evaluator/metrics.py``, ``collector.py``), Elliot 0.3.1 of 2025-12-14
(``elliot/evaluation/metrics/accuracy``, ``relevance.py``, ``evaluator.py``) and scikit-learn 1.9
(``sklearn.metrics.ndcg_score``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from benchsuite.data import Float64, Int64, cutoff_of, relevant_rows, split_cutoff
from benchsuite.errors import DataError, UsageError
from benchsuite_interchange import formulas
from benchsuite_interchange.lists import Judged, Lists, judge

Formula = Callable[[Judged, int | None], Float64]

_PER_USER = "mean over users"


@dataclass(frozen=True)
class Library:
    """One library's convention.

    Attributes:
        name: what ``--convention`` calls it.
        summary: who counts, ties and relevance, in one line.
        formulas: by metric: the formula, and what it is in words.
        relevant_from: test rows with at least this value are relevant; None: all are. A value of 0 or below never is.
        counted: which users are averaged over: all with test rows, or those with a list as well.
        hopeless: True where a user without any relevant item counts as 0; else such a user does not count.
        gain: what a relevant test row is worth for nDCG: 1, its value, or ``2 ** (value - threshold + 1) - 1``.
        ties: equal scores go by the order of the file, or by raw item id, the greater first.
        single: True where scores are compared in single precision.
        whole_lists: True where a metric without ``@k`` looks at the whole list.
        whole_numbers: True where values must be whole numbers.
    """

    name: str
    summary: str
    formulas: Mapping[str, tuple[Formula, str]] = field(repr=False)
    relevant_from: float | None = None
    counted: Literal["test", "both"] = "test"
    hopeless: bool = False
    gain: Literal["binary", "value", "exponential"] = "binary"
    ties: Literal["file", "greater id"] = "file"
    single: bool = False
    whole_lists: bool = False
    whole_numbers: bool = False

    def judge(self, lists: Lists, relevant_from: float | None = None) -> Judged:
        """Look at lists the way the library does.

        Args:
            lists: what was read.
            relevant_from: another threshold of relevance than the library's own.

        Raises:
            DataError: when the library could not read the values, or no row is relevant.
        """
        threshold = self.relevant_from if relevant_from is None else relevant_from
        value = lists.test_value
        if self.whole_numbers and (value != np.round(value)).any():
            odd = value[np.flatnonzero(value != np.round(value))[0]]
            raise DataError(f"{self.name} reads whole numbers as values, not {odd:g}", remedy="round them first")
        relevant = relevant_rows(value, relevant_from=threshold)
        if not relevant.any():
            least = f"of at least {threshold:g}" if threshold else "above 0"
            what = f"no test row is relevant for {self.name}: none has a value {least}"
            raise DataError(what, remedy="say --relevant-from VALUE")
        gain = self._gain(value, 0.0 if threshold is None else threshold)
        if not (self.gain == "value" and self.whole_numbers):  # trec_eval's nDCG knows no threshold
            gain = np.where(relevant, gain, 0.0)
        counted = lists.with_test if self.counted == "test" else lists.with_test & lists.with_list
        if not self.hopeless:
            counted = counted & (np.bincount(lists.test_user[relevant], minlength=len(counted)) > 0)
        score = lists.rec_score.astype(np.float32).astype(np.float64) if self.single else lists.rec_score
        return judge(lists, counted, score, self._tie(lists), relevant, np.maximum(gain, 0.0))

    def measure(self, judged: Judged, metric: str) -> Float64:
        """Return float64[q], one value per counted user.

        Raises:
            UsageError: when the library has no such metric.
        """
        formula, _, k = self._find(metric)
        return formula(judged, k)

    def convention(self, metric: str) -> str:
        """Return the formula in words.

        Raises:
            UsageError: when the library has no such metric.
        """
        return self._find(metric)[1]

    def _find(self, metric: str) -> tuple[Formula, str, int | None]:
        name, _ = split_cutoff(metric)
        k = cutoff_of(metric)
        if name not in self.formulas:
            has = ", ".join(f"{known}{metric[len(name) :]}" for known in self.formulas)
            raise UsageError(f"{self.name} has no {metric}", where="--metric", remedy=f"here it has {has}")
        if not k and (name != metric or not self.whole_lists):
            raise UsageError(f'"{metric}" has no number after @', where="--metric", remedy=f"write {name}@10")
        formula, words = self.formulas[name]
        return formula, words, k

    def _gain(self, value: Float64, threshold: float) -> Float64:
        if self.gain == "binary":
            return np.ones(len(value))
        return value if self.gain == "value" else np.exp2(value - threshold + 1.0) - 1.0

    def _tie(self, lists: Lists) -> Int64:
        if self.ties == "file":
            return np.arange(len(lists.rec_item), dtype=np.int64)
        order = sorted(range(len(lists.items)), key=lambda code: lists.items[code].encode(), reverse=True)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return rank[lists.rec_item]


_COMMON: dict[str, tuple[Formula, str]] = {
    "precision": (formulas.precision, f"hits / k, {_PER_USER}"),
    "recall": (formulas.recall, f"hits / relevant, {_PER_USER}"),
    "hit-rate": (formulas.hit_rate, f"1 with a hit in the first k, {_PER_USER}"),
    "mrr": (formulas.mrr, f"1 / place of the first hit in the first k, {_PER_USER}"),
}
_F1: dict[str, tuple[Formula, str]] = {"f1": (formulas.f1, f"harmonic mean of each user's two, {_PER_USER}")}
_LINEAR = f"gain = value, 1 / log2(place + 1), {_PER_USER}"
_BY_RELEVANT = f"precisions at hits / relevant, {_PER_USER}"

LIBRARIES = (
    Library(
        "ranx",
        "ranx: every user with test rows counts, 0 without a list or without a relevant item; relevant from value 1; "
        "ties keep the order of the file (as ranx does up to 15 items a list; beyond, its sort is not stable)",
        _COMMON | _F1 | {"map": (formulas.map_by_relevant, _BY_RELEVANT), "ndcg": (formulas.ndcg, _LINEAR)},
        relevant_from=1.0,
        hopeless=True,
        gain="value",
        whole_lists=True,
    ),
    Library(
        "trec_eval",
        "trec_eval: users with both test rows and a list count, 0 without a relevant item; relevant from value 1; "
        "scores in single precision, ties by greater item id; ranks only matter as scores; mrr@k cuts the list first",
        _COMMON | {"map": (formulas.map_by_relevant, _BY_RELEVANT), "ndcg": (formulas.ndcg, _LINEAR)},
        relevant_from=1.0,
        counted="both",
        hopeless=True,
        gain="value",
        ties="greater id",
        single=True,
        whole_lists=True,
        whole_numbers=True,
    ),
    Library(
        "recbole",
        "RecBole: users with a relevant item count, 0 without a list; all test rows with values above 0 are relevant; "
        "ties keep the order of the file (RecBole leaves them to torch.topk); RecBole rounds means to 4 decimals",
        _COMMON
        | {
            "map": (formulas.map_by_possible, f"precisions at hits / min(relevant, k), {_PER_USER}"),
            "ndcg": (formulas.ndcg, f"binary gain, ideal list of min(relevant, k) hits, {_PER_USER}"),
        },
    ),
    Library(
        "elliot",
        "Elliot: users with a list and a relevant item count; relevant above value 0 (Elliot from 0 on); "
        "ties keep the order of the file",
        _COMMON
        | _F1
        | {
            "map": (formulas.map_over_places, f"mean of precision@1 to precision@k, hits or not, {_PER_USER}"),
            "ndcg": (formulas.ndcg, f"gain = 2^(value - threshold + 1) - 1, {_PER_USER}"),
        },
        relevant_from=0.0,
        counted="both",
        gain="exponential",
    ),
    Library(
        "scikit-learn",
        "scikit-learn: every user with test rows counts, 0 without a relevant item; items outside a list earn nothing",
        {"ndcg": (formulas.ndcg_averaged_ties, f"gain = value, tied items share their mean gain, {_PER_USER}")},
        hopeless=True,
        gain="value",
        whole_lists=True,
    ),
)

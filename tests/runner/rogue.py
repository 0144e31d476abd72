"""Models that break the rules, used through ``./rogue.py:Name``."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.api import Context, Model, TopK
from benchsuite.data import Dataset, GroundTruth, Pairs, Queries, Ragged
from benchsuite.errors import StoreError


@dataclass
class Honest(Model):
    """Popularity, ranked by itself and rightly."""

    def fit(self, train: Dataset, context: Context) -> Any:
        self._score = np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.float32)
        return self

    def score(self, queries: Queries, candidates: Any) -> Any:
        return np.tile(self._score if candidates is None else self._score[candidates], (len(queries), 1))

    def recommend(self, queries: Queries, candidates: Any, k: int, blocked: Ragged) -> Any:
        item = np.full((len(queries), k), -1, np.int32)
        score = np.full((len(queries), k), np.nan, np.float32)
        order = np.argsort(-self._score, kind="stable").astype(np.int32)
        for row in range(len(queries)):
            best = order[~np.isin(order, blocked[row])][:k]
            item[row, : len(best)], score[row, : len(best)] = best, self._score[best]
        return self.change(item, score, blocked)

    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(item, score)


@dataclass
class Repeats(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(np.repeat(item[:, :1], item.shape[1], axis=1), np.repeat(score[:, :1], item.shape[1], axis=1))


@dataclass
class ListsBlocked(Honest):
    def recommend(self, queries: Queries, candidates: Any, k: int, blocked: Ragged) -> Any:
        return super().recommend(queries, candidates, k, Ragged.empty(len(queries)))


@dataclass
class OutOfRange(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(np.where(np.arange(item.shape[1]) == 0, 30, item).astype(np.int32), score)


@dataclass
class WrapsAround(Honest):
    """Of 64 bits, the lower 32 would be a good code."""

    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(item.astype(np.int64) + 2**32, score)


@dataclass
class Fractions(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(item + np.float32(0.4), score)


@dataclass
class InfiniteLists(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(item, np.where(np.arange(item.shape[1]) == 0, np.inf, score).astype(np.float32))


@dataclass
class UnknownScores(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(item, np.full_like(score, np.nan))


@dataclass
class WrongOrder(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(item[:, ::-1], score[:, ::-1])


@dataclass
class LongLists(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return TopK(np.tile(item, 6), np.tile(score, 6))


@dataclass
class Worst(Honest):
    """In order, open, once each: only the scores tell that these are not the best."""

    def recommend(self, queries: Queries, candidates: Any, k: int, blocked: Ragged) -> Any:
        item = np.empty((len(queries), k), np.int32)
        order = np.argsort(self._score, kind="stable").astype(np.int32)
        for row in range(len(queries)):
            item[row] = order[~np.isin(order, blocked[row])][:k]
        score = np.tile(-np.arange(k, dtype=np.float32), (len(queries), 1))
        return TopK(item, score)


@dataclass
class NoTopK(Honest):
    def change(self, item: Any, score: Any, blocked: Ragged) -> Any:
        return item, score


@dataclass
class _Pairs(Honest):
    def score_pairs(self, queries: Queries, query: Any, item: Any) -> Any:
        return self.pairs(self._score[item])


@dataclass
class HugePairs(_Pairs):
    def pairs(self, scores: Any) -> Any:
        return np.where(scores > 3, 1e300, scores.astype(np.float64))  # as float32, infinity


@dataclass
class ComplexPairs(_Pairs):
    def pairs(self, scores: Any) -> Any:
        return scores + 1j


@dataclass
class ObjectPairs(_Pairs):
    def pairs(self, scores: Any) -> Any:
        return np.array([str(score) for score in scores], object)


@dataclass
class ShortPairs(_Pairs):
    def pairs(self, scores: Any) -> Any:
        return scores[1:]


@dataclass
class _Scores(Honest):
    """Leaves ranking to the harness."""

    def recommend(self, queries: Queries, candidates: Any, k: int, blocked: Ragged) -> Any:
        return None


@dataclass
class HugeScores(_Scores):
    def score(self, queries: Queries, candidates: Any) -> Any:
        return super().score(queries, candidates).astype(np.float64) * 1e300


@dataclass
class ComplexScores(_Scores):
    def score(self, queries: Queries, candidates: Any) -> Any:
        return super().score(queries, candidates) + 1j


@dataclass
class ObjectScores(_Scores):
    def score(self, queries: Queries, candidates: Any) -> Any:
        return super().score(queries, candidates).astype(object)


@dataclass
class FitsNothing(Honest):
    def fit(self, train: Dataset, context: Context) -> Any:
        super().fit(train, context)


@dataclass
class TellsNoFacts(Honest):
    def facts(self) -> Any:
        return {"a lone half": "\ud800"}


class NoTextError(Exception):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise KeyError("no text")


@dataclass
class Fails(Honest):
    """Raises what elsewhere means that the store, the user or the machine has failed."""

    kind: str = "OSError"

    def fit(self, train: Dataset, context: Context) -> Any:
        made: dict[str, BaseException] = {
            "OSError": OSError(28, "No space left on device"),
            "ConnectionError": ConnectionError("gone"),
            "TimeoutError": TimeoutError("late"),
            "StoreError": StoreError("cannot be written", where="somewhere"),
            "MemoryError": MemoryError("no room"),
            "KeyboardInterrupt": KeyboardInterrupt(),
            "SystemExit": SystemExit(0),
            "GeneratorExit": GeneratorExit(),
            "NoText": NoTextError(),
            "half a letter": ValueError("\ud800 in a message"),
        }
        raise made[self.kind]


@dataclass
class ReportsOddly(Honest):
    """Tells its progress in every way but the right one."""

    def fit(self, train: Dataset, context: Context) -> Any:
        class Wordless:
            def __str__(self) -> str:
                raise SystemExit(3)

            __float__ = __str__  # type: ignore[assignment]

        odd: tuple[Any, ...] = ("many", None, float("nan"), float("inf"), -1, 10**400, np.float32(3), [1], Wordless())
        for value in odd:
            context.progress(value, value, value)
            context.report(1, value, "\ud800" if value is None else "x" * 10_000_000)
        context.progress(np.int64(2), np.int64(3), "at last")
        return super().fit(train, context)


@dataclass
class _Searches(Model):
    """Looks for the truth before it answers, and tells what it found."""

    def fit(self, train: Dataset, context: Context) -> Any:
        self._items, self._context, self._found, self._told = len(train.items), context, None, []
        self._look()
        return self

    def _look(self) -> None:
        raise NotImplementedError

    def score(self, queries: Queries, candidates: Any) -> Any:
        self._look()
        scores = np.zeros((len(queries), self._items), np.float32)
        if self._found is not None and len(self._found[0]) == len(queries) + 1:
            start, item = self._found
            scores[np.repeat(np.arange(len(start) - 1), np.diff(start)), item] = 1
        return scores if candidates is None else scores[:, candidates]

    def score_pairs(self, queries: Queries, query: Any, item: Any) -> Any:
        return np.zeros(len(query), np.float32)

    def facts(self) -> Any:
        return {"found": sorted(set(self._told))}


@dataclass
class SearchesAboveItsCheckpoint(_Searches):
    """Goes up from its checkpoint and takes the truth where it used to lie, and where it lies."""

    def _look(self) -> None:
        checkpoint = self._context.checkpoint
        assert checkpoint is not None
        for above in checkpoint.parents[:3]:
            for kind in ("fold", "truth"):
                for path in (above / kind).glob("*/*/truth.item.npy"):
                    self._told.append(kind)
                    self._found = np.load(path.with_name("truth.start.npy")), np.load(path)


@dataclass
class SearchesItsProcess(_Searches):
    """Looks at all objects and at the frames of its callers; what the context gives is no find."""

    def _look(self) -> None:
        given = self._context.validation
        known = [] if given is None else [given.truth]
        frame, seen = sys._getframe(), []
        while frame is not None:
            seen += list(frame.f_locals.values())
            frame = frame.f_back  # type: ignore[assignment]
        for thing in [*gc.get_objects(), *seen]:
            if isinstance(thing, GroundTruth) and not any(thing is one for one in known):
                self._told.append("truth")
                self._found = thing.start, thing.item
            if isinstance(thing, Pairs):
                self._told.append("pairs")


@dataclass
class SearchesItsFolder(_Searches):
    """Looks for the questions of the pointwise task before it has answered: half of them are the truth."""

    def _look(self) -> None:
        scratch = self._context.scratch
        assert scratch is not None
        self._told += [path.name for path in Path(scratch).parent.rglob("*") if "pair" in path.name]
        self._told += ["pairs" for path in Path(scratch).parent.glob("*.json") if "pair" in path.read_text()]

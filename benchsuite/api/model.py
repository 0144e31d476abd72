"""The contract of a model: fit on a training part, score candidates for queries. The harness does everything else."""

from __future__ import annotations

import dataclasses
import inspect
from abc import abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from benchsuite.api.context import Context
from benchsuite.api.plugin import Plugin
from benchsuite.data import Bool, Dataset, Entities, Float32, Int32, Queries, Ragged
from benchsuite.errors import BenchsuiteError, NotApplicable


class Requirement(StrEnum):
    """What a model cannot work without. The planner compares it with the data before anything runs."""

    TIMESTAMPS = "timestamps"
    ORDER = "timestamps or rows in the order of time"
    VALUES = "values other than 1"
    ITEM_TEXT = "item text"
    USER_TEXT = "user text"
    ITEM_FEATURES = "item features"
    USER_FEATURES = "user features"
    LINKS = "links between users"
    PARTS = "a published split"
    PREFERENCES = "known true preferences"
    GPU = "a GPU"


class Reproducibility(StrEnum):
    """What equal settings, data and seed give on one kind of processor, with the same libraries, on a CPU."""

    ANY_THREADS = "the same bytes with any number of threads"
    SAME_THREADS = (
        "the same bytes with the same number of threads; another splits sums otherwise, which may move the last digits"
    )
    ONE_THREAD = (
        "the same bytes with one thread; several add up in the order in which they finish, so the last digits differ"
    )
    PROGRAM = "depends on the program or library that it runs"
    NONE = "other digits each time"


@dataclasses.dataclass(frozen=True)
class Program:
    """What a model runs in a process of its own, besides the plugin's code.

    Attributes:
        command: the command that the user named, empty where the plugin brings the program itself. A command that only
            stored results name does not run, as no file of theirs does.
        files: whose contents change the numbers; they are part of the key of every cell.
    """

    command: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


_RENAMED = {
    "ceiling": "is_oracle",
    "partial": "may_abstain",
    "personal": "is_personalized",
    "proposed": "is_candidate",
}
"""Declarations of :class:`Model` by the names that they had in earlier versions."""


@dataclasses.dataclass
class Model(Plugin):
    """Base of all models.

    A model never filters seen items, draws negatives, breaks ties, cuts lists, splits or seeds: the harness owns these.
    Attributes that ``fit`` learns start with an underscore.
    """

    needs: ClassVar[frozenset[Requirement]] = frozenset()
    """What the model cannot work without."""

    uses_language_model: ClassVar[bool] = False
    """True for models that read text with a pretrained language model; see :meth:`reads_with_language_model`."""

    is_candidate: ClassVar[bool] = False
    """True for a model that is put to the test: it is held against the best of all others, the references, and is never
    the reference itself. A model that reads frozen text vectors is no candidate; fine-tuning is what is tested."""

    is_oracle: ClassVar[bool] = False
    """True for an oracle: shown apart, never called best."""

    is_network: ClassVar[bool] = False
    """True for a neural network of several layers: leaderboards show it as ``deep``, apart from classics."""

    predicts_values: ClassVar[bool] = False
    """True for models whose scores are predictions on the scale of the data's values (stars): the harness takes them
    as ratings, cut to the range of the training values. Scores of all other models become ratings by a straight line
    that the harness fits on the validation fold."""

    is_personalized: ClassVar[bool] = True
    """False for models that by design answer everybody alike (popularity) or nobody in particular (random)."""

    may_abstain: ClassVar[bool] = False
    """True for models that by design may abstain (NaN) even on known items for users with a history."""

    reproducibility: ClassVar[Reproducibility] = Reproducibility.SAME_THREADS
    """What a second fit gives. The number of workers and what else runs never counts: a fit has its own process. A fit
    that is done again (``rerun``, ``verify --rerun``) and differs is a fault unless this is ``NONE``, or ``ONE_THREAD``
    and the fit had more."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a declaration under its earlier name, which would have no effect.

        A setting of such a name (an annotated field) is allowed.

        Raises:
            TypeError: naming the new name.
        """
        super().__init_subclass__(**options)
        annotations = inspect.get_annotations(cls)
        for old, new in _RENAMED.items():
            declared = "ClassVar" in str(annotations.get(old, "ClassVar"))
            if declared and isinstance(vars(cls).get(old), bool):
                raise TypeError(f'{cls.__name__} sets "{old}", which is called "{new}" now: rename it')

    def unavailable(self) -> str:
        """Return why the model cannot be used here as it is set up, with the remedy; "" where it can.

        Its cells are not applicable then, with this reason. It is asked before anything runs, so it answers quickly.
        """
        return ""

    def program(self) -> Program | None:
        """Return the program that the model runs in a process of its own; None where it runs none."""
        return None

    @abstractmethod
    def fit(self, train: Dataset, context: Context) -> Self:
        """Learn from the training part and return self.

        Args:
            train: interactions of the training part, and the whole user and item tables (texts and features of cold
                entities included). Read-only.
            context: seed, validation fold, progress and the like.
        """

    @abstractmethod
    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], higher is better; NaN where the model abstains.

        Args:
            queries: who asks. Answer from ``queries.items`` (the visible history) and, for known users, from what was
                learnt; a user may be unknown and a history empty.
            candidates: int32[c] item codes, or None for the whole catalogue in code order. An item may have no
                training row at all: answer from its text or features, or with NaN.
        """

    def facts(self) -> Mapping[str, Any]:
        """Return JSON-like facts about the fitted model for the manifest: parameters, weights used and their sha256."""
        return {}

    def parameter_count(self) -> int | None:
        """Return how many numbers the fitted model learnt from the data, or came with pretrained, and answers with.

        None means "not told". A mean or a popularity counts; zeros of a sparse matrix do not, as they are not stored.
        """
        return None

    def reads_with_language_model(self) -> bool:
        """Return whether the model reads text with a language model under these settings; reports show it.

        Override it where the answer depends on the settings.
        """
        return self.uses_language_model

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p], the scores of single (query, item) pairs on the same scale as :meth:`score`.

        Override when there is a faster way, or when the model has an answer made for the pointwise task.

        Args:
            queries: who asks.
            query: int32[p] query index of each pair, ascending.
            item: int32[p] item code of each pair.
        """
        scores = np.empty(len(query), np.float32)
        step = 512
        for first in range(0, len(queries), step):
            begin, end = np.searchsorted(query, [first, first + step])
            if begin < end:
                items, column = np.unique(item[begin:end], return_inverse=True)
                asked = queries.slice(first, min(first + step, len(queries)))
                block = _table(self.score(asked, items.astype(np.int32)), (len(asked), len(items)))
                scores[begin:end] = block[query[begin:end] - first, column]
        return scores

    def recommend(self, queries: Queries, candidates: Int32 | None, k: int, blocked: Ragged) -> TopK | None:
        """Return each query's best k candidates, or None to let the harness rank :meth:`score` (the default).

        Override only when there is a faster exact way. The answer must equal ranking ``score``: blocked items left
        out, higher scores first, ties to the smaller code, -1 and NaN where no candidate with a score is left.

        Args:
            queries: who asks.
            candidates: as in :meth:`score`.
            k: the length of the lists.
            blocked: items that must not be recommended, one list per query.
        """
        return None

    def save(self, folder: Path) -> None:
        """Write what :meth:`fit` learnt into a folder, without pickle; optional, with :meth:`load`.

        Settings, plugin name, version and the item table are kept by the harness, in ``benchsuite.json``,
        ``items.json`` and ``README.md``; all other names are free. Ids and histories of users have no place there.

        Args:
            folder: exists and is empty.

        Raises:
            NotApplicable: when models of this kind, or this one, cannot be saved.
        """
        raise NotApplicable(f"{type(self).__name__} cannot be saved")

    def load(self, folder: Path, items: Entities) -> Self:
        """Read what :meth:`save` wrote into this model, which has the same settings, and return self.

        Scores must be equal, bit by bit on the same machine, to those of the model that was saved.

        Args:
            folder: as :meth:`save` left it.
            items: ids, texts and columns of the catalogue, in the same order; without features.

        Raises:
            NotApplicable: when models of this kind cannot be saved.
        """
        raise NotApplicable(f"{type(self).__name__} cannot be saved")


@dataclasses.dataclass(frozen=True, eq=False)
class TopK:
    """Ready lists of a model with a faster way than scoring everything.

    Attributes:
        item: int32[q, k] item codes, best first, -1 where there are no more.
        score: float32[q, k] their scores, NaN beside -1.
    """

    item: Int32
    score: Float32

    @property
    def filled(self) -> Bool:
        """bool[q, k]: where there is an item."""
        filled: Bool = self.item >= 0
        return filled


def _table(scores: Any, shape: tuple[int, int]) -> Float32:
    """Return what ``score`` returned, where it is a table of this shape: numbers are picked out of it.

    Raises:
        BenchsuiteError: when it is not.
    """
    found: Any = np.asarray(scores)
    if found.shape != shape:
        what = "nothing" if scores is None else f"a {type(scores).__name__} of shape {found.shape}"
        remedy = "return float32[queries, candidates], one score for each that is asked"
        raise BenchsuiteError(f"score() returned {what} instead of {shape}", remedy=remedy)
    table: Float32 = found
    return table

"""The runner's side of a job: writes the worker's input, asks for pairs, checks and stores the answers.

Only this side has the ground truth and the store. A worker gets what a model may see and writes files
(:mod:`benchsuite.runner.answers`); they are checked before they become a result.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.api import SharedCache
from benchsuite.checks import AllowedItems, check_finite, check_lists, check_scores
from benchsuite.data import Float32, Fold, Int64, Pairs, Rankings
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate import labelled_pairs
from benchsuite.plugin_files import PluginFilesReader
from benchsuite.provenance import provenance
from benchsuite.runner.answers import TOLD, answers_folder, ask_pairs, read_about, read_scores, take_lists
from benchsuite.runner.checkpoints import Checkpoints, user_cache
from benchsuite.runner.jobs import Job, WorkerJob, write_failure
from benchsuite.runner.logs import clip, read_log
from benchsuite.runner.scratch import check_room, unwritable
from benchsuite.store import Store, manifest_fault, misfit
from benchsuite.stored_folds import StoredFolds, view_folder

_KEPT_PAIRS = 8
"""How many folds' labelled pairs stay in memory; jobs of one fold follow one another."""

_LONGEST_REASON = 500


@dataclasses.dataclass(frozen=True, eq=False)
class _Asked:
    """Labelled pairs, and the order in which they are asked, which does not depend on their labels."""

    pairs: Pairs
    order: Int64

    @classmethod
    def of(cls, fold: Fold, seed: int) -> _Asked:
        pairs = labelled_pairs(fold, seed)
        return cls(pairs, np.lexsort((pairs.item, pairs.query)))

    def back(self, scores: Float32) -> Float32:
        """Return scores in the order of the pairs."""
        found = np.empty_like(scores)
        found[self.order] = scores
        return found


class Ingest:
    """Input and answers of the workers of one pool."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folds = StoredFolds(store)
        self._checkpoints = Checkpoints(store.root)
        self._pairs: OrderedDict[tuple[str, str, int], _Asked] = OrderedDict()
        self._lists: dict[str, Rankings | None] = {}
        self._provenance: dict[str, Any] = {}
        self._reader, self._codes = PluginFilesReader(), dict[str, str]()

    def give(self, job: Job, folder: Path) -> Path:
        """Write a worker's job into its folder and return the file.

        Raises:
            StoreError: when the fold is not there.
        """
        cells = []
        for cell in job.cells:
            self._code(cell)  # as it is when the worker imports it
            self._lists.pop(cell["key"], None)  # of a worker that died before; the cell is tried once more
            answers = answers_folder(folder, cell["key"])
            answers.mkdir()
            known = cell["stage"] == "test" or self._folds.fold(job.fold_key).validation is not None
            places = {
                "fold": view_folder(self._store, job.fold_key, cell["stage"]).resolve() if known else "",
                "checkpoint": self._checkpoints.folder(cell["key"]) or "",
                "answers": answers,
            }
            cells.append({**cell, **{name: str(place) for name, place in places.items()}})
            if known:
                self._asked(job, cell)  # drawn now, so that the worker need not wait later
        data = self._store.get("data", self._store.get("fold", job.fold_key).manifest["data"]).folder.resolve()
        path = folder / "job.json"
        root = str(self._store.root.resolve())
        shared = str(SharedCache.inside(user_cache()).folder)
        told = (str(data), tuple(cells), job.threads, job.device, job.timeout, shared, job.trusted, job.memory, root)
        WorkerJob(*told, job.raw_files).save(path)
        return path

    def ranked(self, job: Job, cell: Mapping[str, Any], folder: Path) -> None:
        """Read the lists of a cell, and ask for the scores of its pairs.

        Raises:
            UsageError: when temporary files cannot be written.
        """
        if cell["key"] in self._lists:
            return  # the first lists count: later ones could depend on the pairs
        self._lists[cell["key"]] = None
        with contextlib.suppress(BenchsuiteError):  # reported when the cell ends
            self._lists[cell["key"]] = take_lists(answers_folder(folder, cell["key"]))
        try:
            asked = self._asked(job, cell)
            query, item = asked.pairs.query[asked.order], asked.pairs.item[asked.order]
            ask_pairs(answers_folder(folder, cell["key"]), query, item)
        except (BenchsuiteError, FileNotFoundError):
            return  # there is no validation fold, or the model removed the folder: the worker notices
        except OSError as error:
            raise unwritable(error) from None

    def done(
        self, job: Job, cell: Mapping[str, Any], folder: Path, log: Path, made_with: Mapping[str, Any] | None = None
    ) -> str:
        """Store a cell's answers, or a failure when the answers break a rule; return "" or the reason.

        Args:
            job: of the cell.
            cell: whose worker says that it is done.
            folder: of the job.
            log: of the worker.
            made_with: the provenance of the worker's machine, where that is not this process's.

        Raises:
            StoreError: when it cannot be stored.
        """
        answers = answers_folder(folder, cell["key"])
        lists = self._lists.pop(cell["key"], None)
        try:
            asked = self._asked(job, cell)
            about = read_about(answers)
            manifest = _manifest(cell, about, made_with or self.made_with()) | self._code(cell)
            if lists is None:
                raise BenchsuiteError("the worker left no lists")  # noqa: TRY301 - one way to fail
            check_lists(lists, int(cell["identity"]["k"]), self._allowed(job, cell))
            scores = check_scores(read_scores(answers), (len(asked.pairs),), "score_pairs()")
            check_finite(scores, "score_pairs()")
        except BenchsuiteError as error:
            return self.failed(cell, folder, log, str(error), made_with)
        pairs = asked.pairs
        with self._store.write("cell", cell["key"]) as draft:
            draft.arrays(
                **lists.arrays(),
                pair_query=pairs.query,
                pair_item=pairs.item,
                pair_label=pairs.label,
                pair_value=pairs.value,
                pair_score=asked.back(scores),
            )
            draft.manifest = manifest
            (draft.folder / "log.txt").write_text(read_log(log, _mark(about)), "utf-8")
        self._checkpoints.drop(cell["key"])
        return ""

    def failed(
        self,
        cell: Mapping[str, Any],
        folder: Path,
        log: Path,
        reason: str,
        made_with: Mapping[str, Any] | None = None,
    ) -> str:
        """Store a cell's failure and return its reason; the arguments are those of :meth:`done`.

        Raises:
            StoreError: when it cannot be kept.
            UsageError: when it failed because no temporary file can be written.
        """
        check_room(folder, reason)
        self._lists.pop(cell["key"], None)
        line = clip(reason, _LONGEST_REASON)
        try:
            about = read_about(answers_folder(folder, cell["key"]))
        except BenchsuiteError:
            about = {}  # the model removed it; the reason came by the pipe
        costs = about.get("costs", {})
        if misfit(costs, {str: float}):
            costs = {}
        write_failure(self._store, cell, line, read_log(log, _mark(about)), costs, made_with or self.made_with())
        self._checkpoints.drop(cell["key"])
        return line

    def _asked(self, job: Job, cell: Mapping[str, Any]) -> _Asked:
        seed = int(cell["identity"]["seed"])
        key = job.fold_key, cell["stage"], seed
        if key not in self._pairs:
            self._pairs[key] = _Asked.of(self._folds.part(job.fold_key, cell["stage"]), seed)
        self._pairs.move_to_end(key)
        while len(self._pairs) > _KEPT_PAIRS:
            self._pairs.popitem(last=False)
        return self._pairs[key]

    def _allowed(self, job: Job, cell: Mapping[str, Any]) -> AllowedItems:
        fold = self._folds.part(job.fold_key, cell["stage"])
        return AllowedItems(len(fold.train.items), fold.candidates, fold.blocked)

    def _code(self, cell: Mapping[str, Any]) -> dict[str, str]:
        """Return the sha256 of the code of a cell's model; nothing for a file, whose sha256 is in the key."""
        name = cell["identity"]["model"]["plugin"]
        if name not in self._codes:
            files = self._reader.read("models", name)
            self._codes[name] = "" if files is None else files.digest
        return {"code": self._codes[name]} if self._codes[name] else {}

    def made_with(self) -> Mapping[str, Any]:
        """Return the provenance of this run, which is found out once."""
        if not self._provenance:
            self._provenance = provenance()
        return self._provenance


def _manifest(cell: Mapping[str, Any], about: Mapping[str, Any], provenance_: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a cell that went well.

    Raises:
        BenchsuiteError: when what the worker told is not what a reader would take.
    """
    if missing := [name for name in TOLD if name not in about]:
        raise BenchsuiteError(f"the worker left no {missing[0]}")
    manifest = {
        "identity": dict(cell["identity"]),
        "state": "ok",
        "reason": "",
        **{name: about[name] for name in TOLD},
        "provenance": dict(provenance_),
    }
    if fault := manifest_fault("cell", cell["key"], manifest | {"kind": "cell", "key": cell["key"], "files": {}}):
        raise BenchsuiteError(f"what the worker told of the cell cannot be kept: {fault}")
    return manifest


def _mark(about: Mapping[str, Any]) -> int:
    """Return where the log of a cell begins, in bytes."""
    mark = about.get("log_from")
    return mark if isinstance(mark, int) and mark >= 0 else 0

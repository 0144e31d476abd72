"""What all models that are programs share: the fold is written for them, and scores are read from them."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import StringConstraints
from typing_extensions import TypeAliasType

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite.errors import BenchsuiteError, NotApplicable
from benchsuite_external.fold_folder import read_facts, read_scores, write_block, write_fold
from benchsuite_external.program_process import ProgramProcess

Word = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text without control characters."""

Value = TypeAliasType("Value", "bool | int | float | Word | list[Value] | dict[Word, Value] | None")
"""A setting of a program that is told to it as JSON."""

Options = dict[Word, Value]


@dataclass(frozen=True)
class Start:
    """How a program is started.

    Attributes:
        command: its words.
        keep_open: one process for all orders, or one for each.
        options: what the program is told in ``options.json``.
        own_folder: whether it works in the folder ``model`` of the fold, so that what libraries leave lies there.
        environment: variables besides the present ones; None removes one.
    """

    command: tuple[str, ...]
    keep_open: bool
    options: Mapping[str, Any]
    own_folder: bool = False
    environment: Mapping[str, str | None] | None = None


@dataclass
class ProgramModel(Model):
    """Base of models that are programs; a subclass says how its program is started."""

    @abstractmethod
    def start(self) -> Start:
        """Return how the program is started."""

    def fit(self, train: Dataset, context: Context) -> Self:
        """Write the fold, start the program and let it fit.

        Raises:
            NotApplicable: when the program is not there.
            BenchsuiteError: when it fails, with the last line it said.
        """
        if reason := self.unavailable():
            raise NotApplicable(reason)
        self._home = Path(tempfile.mkdtemp(prefix="program-", dir=context.scratch))
        started = self.start()
        write_fold(self._home, train, context, started.options)
        self._process = ProgramProcess(
            started.command,
            self._home,
            keep_open=started.keep_open,
            home=self._home / "model" if started.own_folder else None,
            environment=started.environment,
        )
        self._items, self._asked = len(train.items), 0
        weakref.finalize(self, _clear, self._process, self._home)
        self._process.order(["fit"], "fitted", context.deadline, context.progress)
        self._facts = read_facts(self._home)
        return self

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c]: what the program answers; NaN where it abstains.

        Raises:
            BenchsuiteError: when it fails, with the last line it said.
        """
        self._asked += 1
        block = f"blocks/{self._asked}"
        folder = self._home / block
        try:
            write_block(folder, queries, candidates)
            self._process.order(["score", block], f"scored {len(queries)} queries", None)
            scores = read_scores(folder, (len(queries), self._items if candidates is None else len(candidates)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return scores.astype(np.float32, copy=False) if scores.dtype.kind == "f" else scores

    def facts(self) -> Mapping[str, Any]:
        """Return what the program told of itself."""
        return self._facts

    def parameter_count(self) -> int | None:
        """Return how many parameters the program says it has; None where it does not say.

        Raises:
            BenchsuiteError: when what it says is no count.
        """
        told = self._facts.get("parameters")
        if told is not None and (not isinstance(told, int) or isinstance(told, bool) or told < 0):
            raise BenchsuiteError('"parameters" in its facts.json is no whole number from 0 on')
        return told


def _clear(process: ProgramProcess, folder: Path) -> None:
    process.close()
    shutil.rmtree(folder, ignore_errors=True)

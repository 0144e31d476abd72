"""A model's program as a process: orders to it, progress from it, and its end as one line."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchsuite.errors import BenchsuiteError
from benchsuite_external.fold_folder import PROTOCOL
from benchsuite_external.running_program import Progress, RunningProgram

LONGEST_ORDER = 2 * 3600.0
"""Seconds that one order may take beyond the deadline of the fit; in a run the harness ends a cell earlier."""


class ProgramProcess:
    """A program that fits one model and answers for it.

    It stays in the group of the process that started it, so that whoever ends that group ends it, too.

    Args:
        command: the words that start it, without the protocol's own.
        folder: of the fold, see :mod:`benchsuite_external.fold_folder`.
        keep_open: one process for all orders, or one for each.
        home: the folder it works in; None for that of this process.
        environment: variables besides the present ones; None removes one.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        keep_open: bool,
        home: Path | None = None,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        self._command = list(command)
        self._folder = folder
        self._keep_open = keep_open
        self._home = home
        # A program in Python finds the file of the protocol beside itself, however benchsuite was started.
        variables: dict[str, str | None] = {**os.environ, "PYTHONSAFEPATH": None, **(environment or {})}
        variables["BENCHSUITE_PROTOCOL"] = str(PROTOCOL)
        self._environment = {name: value for name, value in variables.items() if value is not None}
        self._open: RunningProgram | None = None

    def order(self, words: Sequence[str], doing: str, until: float | None, progress: Progress | None = None) -> None:
        """Give an order and wait until it is carried out.

        Args:
            words: ``["fit"]``, or ``["score", BLOCK]``.
            doing: what the program does meanwhile, for errors.
            until: the value of ``time.monotonic()`` at which the program should have done it, None for now; two hours
                later it is ended.
            progress: called with what the program tells.

        Raises:
            BenchsuiteError: when the program ended without having done it, took too long, or speaks another protocol.
        """
        limit = max(time.monotonic(), until or 0.0) + LONGEST_ORDER
        try:
            if self._keep_open:
                running = self._kept(words[0])
                running.send(" ".join(words))
            else:
                running = self._start([words[0], str(self._folder), *words[1:]])
            running.listen(doing, limit, progress, ends=not self._keep_open)
        except BaseException:
            self.close()
            raise

    def _kept(self, order: str) -> RunningProgram:
        """Return the process that is kept open; a fit starts it."""
        if self._open is None and order == "fit":
            self._open = self._start(["serve", str(self._folder)])
        if self._open is None:
            raise BenchsuiteError("its program has ended, and what it fitted with it")
        return self._open

    def close(self) -> None:
        """End the program and what it started."""
        if self._open is not None:
            self._open.end()
            self._open = None

    def _start(self, words: Sequence[str]) -> RunningProgram:
        try:
            return RunningProgram([*self._command, *words], self._environment, self._home)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            what = f"its program {self._command[0]} cannot be started: {reason}"
            raise BenchsuiteError(what, remedy="check the command") from None

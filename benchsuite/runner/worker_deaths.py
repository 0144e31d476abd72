"""How a worker's death becomes a result: the cell in flight is tried once more, or gets a failure with the reason."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchsuite.runner.jobs import Cause, write_failure
from benchsuite.runner.logs import last_line, read_log
from benchsuite.store import Store

_TRIED_AGAIN: tuple[Cause, ...] = ("signal", "lost")


@dataclass(frozen=True)
class WorkerDeath:
    """Why a worker ended without having done its cells: a word for programs, and one line for people."""

    cause: Cause
    reason: str

    @classmethod
    def of(cls, code: int, log: Path, *, lost: str, stopped_after: float | None) -> Self:
        """Return the death of a worker.

        Args:
            code: it ended with, negative for the signal that killed it.
            log: what it printed.
            lost: why it could not be started or kept; empty where it could.
            stopped_after: seconds after which the harness stopped it; None where it ended by itself.
        """
        if stopped_after is not None:
            return cls("timeout", f"stopped after {stopped_after / 60:g} minutes")
        if lost:
            return cls("lost", lost)
        if not log.is_file():
            return cls("lost", "its folder for temporary files was deleted")
        if code < 0:
            hint = ", probably out of memory" if code == -signal.SIGKILL else ""
            return cls("signal", f"the process was killed by {_signal_name(-code)}{hint}")
        return cls("error", f"the process ended early with code {code}: {last_line(read_log(log))}")


class WorkerDeaths:
    """Stores what comes of the deaths of a run's workers.

    A cell whose process was killed from outside, or was never started, is tried once more: the first time, the model
    need not be the cause.

    Args:
        store: where failures are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tried: set[tuple[str, Cause]] = set()

    def record(self, cell: Mapping[str, Any], death: WorkerDeath, log: Path, made_with: Mapping[str, Any]) -> bool:
        """Store a failure for the cell in flight, or return False: it is to be tried once more.

        Args:
            cell: what was computed, as in the job.
            death: why there is no result.
            log: what the worker printed.
            made_with: the provenance of what the worker did.

        Raises:
            StoreError: when it cannot be written.
        """
        if death.cause in _TRIED_AGAIN and (cell["key"], death.cause) not in self._tried:
            self._tried.add((cell["key"], death.cause))
            return False
        write_failure(self._store, cell, death.reason, read_log(log), {}, made_with, death.cause)
        return True


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"

"""What the harness hands to a model besides the data. Nothing is global."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchsuite.api.shared_cache import SharedCache
from benchsuite.data import Fold


def _silent(done: int, total: int, note: str) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Context:
    """Seed, device, validation fold, deadline, scratch folder, progress.

    Attributes:
        seed: the only source of randomness a model may use.
        device: ``"cpu"`` or ``"cuda"``.
        threads: how many threads the model may use.
        validation: a fold cut from inside the training part, for early stopping and mixing weights; None when the
            model is itself being fitted on that fold's training part, or the split makes none.
        deadline: ``time.monotonic()`` value after which fitting should come to an end, or None.
        scratch: a folder of the model's own, empty at the start and removed afterwards; None in small tests.
        checkpoint: a folder of the model's own that outlives a killed process: the next one that fits the same cell
            gets it as it was left, and it is removed once the cell has a result; None where nothing is kept. Use it to
            go on with a long fit, and only with files whose contents the same data, settings and seed made.
        shared: keeps what all fits need and no training part changes, such as the vectors that a pretrained encoder
            gives the items' texts; it keeps nothing in small tests.
        report: shows progress; call :meth:`progress`.
    """

    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    validation: Fold | None = None
    deadline: float | None = None
    scratch: Path | None = None
    checkpoint: Path | None = None
    shared: SharedCache = field(default_factory=SharedCache)
    report: Callable[[int, int, str], None] = field(default=_silent)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Tell how far a long fit is: ``done`` of ``total`` steps, with a short note such as the loss."""
        self.report(done, total, note)

    def out_of_time(self) -> bool:
        """Return True once the deadline has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline

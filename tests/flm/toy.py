"""An FLM that is killed, used through ``./toy.py:Mortal`` by the real runner."""

from __future__ import annotations

import dataclasses
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchsuite.api import Context
from benchsuite.data import Dataset
from benchsuite_flm import saving
from benchsuite_flm.models import FLM

saving.SHARE = float("inf")  # a checkpoint after every epoch


@dataclass
class Mortal(FLM):
    """Is killed once.

    Attributes:
        moment: after which training and epoch: "1 3" is epoch 3 of the search, "0 0" is never.
    """

    moment: str = "0 0"

    def fit(self, train: Dataset, context: Context) -> Self:
        mark = Path(os.environ["TOY_MARKS"]) / self.moment
        phase, epoch = map(int, self.moment.split())
        told = []

        def report(done: int, total: int, note: str) -> None:
            told.append(done)
            if (told.count(1), done) == (phase, epoch) and not mark.exists():
                mark.write_text("killed")
                os.kill(os.getpid(), signal.SIGKILL)
            context.progress(done, total, note)

        return super().fit(train, dataclasses.replace(context, report=report))

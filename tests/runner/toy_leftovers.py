"""Models that leave something behind, or hold on to everything, used through ``./toy_leftovers.py:Name``."""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchsuite.api import Context
from benchsuite.data import Dataset
from benchsuite_classic.popular import Popular


def _late() -> None:
    time.sleep(3)
    Path(os.environ["TOY_LATE"]).touch()


@dataclass
class LeavesAThread(Popular):
    """Starts a thread that the interpreter waits for at its end."""

    def fit(self, train: Dataset, context: Context) -> Popular:
        threading.Thread(target=_late).start()
        return super().fit(train, context)


@dataclass
class LeavesAHook(Popular):
    """Leaves work for the end of the interpreter."""

    def fit(self, train: Dataset, context: Context) -> Popular:
        atexit.register(_late)
        return super().fit(train, context)


@dataclass
class LeavesAProcess(Popular):
    """Starts a process and forgets it."""

    def fit(self, train: Dataset, context: Context) -> Popular:
        code = "import time; time.sleep(600)"
        subprocess.Popen([sys.executable, "-c", code, os.environ["TOY_LATE"]])
        return super().fit(train, context)


@dataclass
class Spins(Popular):
    """Never returns from a call in C that keeps the interpreter's lock, so that no thread of Python runs."""

    def fit(self, train: Dataset, context: Context) -> Popular:
        Path(os.environ["TOY_LATE"]).write_text(str(os.getpid()))
        return re.match("(a+)+$", "a" * 60 + "b")

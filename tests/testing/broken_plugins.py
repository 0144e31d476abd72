"""Models that each break one rule, used through ``./broken_plugins.py:Name``; the tables say what is to catch each."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchsuite.api import Model


@dataclass
class Fine(Model):
    """Scores an item by how often it is taken together with those of the history."""

    def fit(self, train, context):
        self._do(train, context)
        taken = train.matrix()
        self._together = np.asarray((taken.T @ taken).todense(), np.float32)
        np.fill_diagonal(self._together, 0)
        return self

    def _do(self, train, context):
        """Do nothing wrong."""

    def score(self, queries, candidates):
        scores = (queries.matrix(len(self._together)) @ self._together).astype(np.float32)
        return scores if candidates is None else scores[:, candidates]


@dataclass
class SeedsGlobally(Fine):
    """Seeds the global generators."""

    def _do(self, train, context):
        random.seed(context.seed)
        np.random.seed(context.seed)  # noqa: NPY002 - this is the mistake


@dataclass
class ChangesFolder(Fine):
    """Changes the working folder."""

    def _do(self, train, context):
        os.chdir("/")


@dataclass
class ChangesEnvironment(Fine):
    """Changes the environment."""

    def _do(self, train, context):
        os.environ["OMP_NUM_THREADS"] = "64"


@dataclass
class HandlesSignals(Fine):
    """Takes Ctrl-C for itself."""

    def _do(self, train, context):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass
class LeavesAThread(Fine):
    """Leaves a thread running."""

    def _do(self, train, context):
        threading.Thread(target=time.sleep, args=(600,)).start()


@dataclass
class PrintsMuch(Fine):
    """Prints 100 MB."""

    def _do(self, train, context):
        for _ in range(100):
            print("x" * 10**6)


@dataclass
class LeavesAChild(Fine):
    """Leaves a process in its own session, twice removed."""

    def _do(self, train, context):
        code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {_SLEEP!r}, sys.argv[1]])"
        mark = os.environ.get("BROKEN_MARK", "nobody")
        subprocess.run([sys.executable, "-c", code, mark], start_new_session=True, check=True)


_SLEEP = "import os, time; os.setsid(); time.sleep(600)"


@dataclass
class ForksAndGoesOn(Fine):
    """Goes on in two processes."""

    def _do(self, train, context):
        os.fork()


@dataclass
class EatsMemory(Fine):
    """Allocates without bound."""

    def _do(self, train, context):
        self._eaten = []
        while True:
            self._eaten.append(np.empty(2**24))


@dataclass
class LoopsForEver(Fine):
    """Loops for ever."""

    def _do(self, train, context):
        while True:
            time.sleep(1)


@dataclass
class ExitsWithZero(Fine):
    """Leaves the interpreter as if all were well."""

    def _do(self, train, context):
        os._exit(0)


@dataclass
class Crashes(Fine):
    """Reads where nothing is."""

    def _do(self, train, context):
        import ctypes

        ctypes.string_at(0)


@dataclass
class RaisesSystemExit(Fine):
    """Calls exit."""

    def _do(self, train, context):
        raise SystemExit(0)


@dataclass
class RaisesKeyboardInterrupt(Fine):
    """Raises what Ctrl-C raises."""

    def _do(self, train, context):
        raise KeyboardInterrupt


@dataclass
class FleesItsGroup(Fine):
    """Leaves its process group, so that a signal to the group misses it, and stays."""

    def _do(self, train, context):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setpgid(0, os.getpgid(os.getppid()))
        time.sleep(600)


@dataclass
class ReadsTheFuture(Fine):
    """Looks in the objects of its callers for what is held out, and answers it."""

    def fit(self, train, context):
        super().fit(train, context)
        given = None if context.validation is None else context.validation.truth
        frame: Any = sys._getframe()
        while frame is not None:
            for one in [value for local in list(frame.f_locals.values()) for value in (local, *_fields(local))]:
                if type(one).__name__ == "GroundTruth" and one is not given and not _within(one, context.validation):
                    self._together[:, one.item] += 100
                if type(one).__name__ == "Dataset" and len(one.interactions) > len(train.interactions):
                    self._together[:, one.interactions.item] += 100
            frame = frame.f_back
        return self


def _fields(value: Any) -> list[Any]:
    return list(getattr(value, "__dict__", {}).values())


def _within(truth: Any, fold: Any) -> bool:
    return fold is not None and truth is fold.truth


@dataclass
class ReadsTheStore(Fine):
    """Reads from the disk what it is judged by, and takes no for an answer."""

    def _do(self, train, context):
        for path in Path(os.environ["BROKEN_STORE"]).glob("truth/*/*/truth.item.npy"):
            try:
                np.load(path)
            except OSError:
                continue


@dataclass
class ReversesCandidates(Fine):
    """Takes candidates to be in the order of their codes."""

    def score(self, queries, candidates):
        scores = super().score(queries, None)
        return scores if candidates is None else scores[:, np.sort(candidates)]


@dataclass
class WrongShape(Fine):
    """Answers one item too few."""

    def score(self, queries, candidates):
        return super().score(queries, candidates)[:, 1:]


@dataclass
class WrongType(Fine):
    """Answers with texts."""

    def score(self, queries, candidates):
        return super().score(queries, candidates).astype(str)


@dataclass
class WritesIntoItsInput(Fine):
    """Writes into the rows that it is given."""

    def _do(self, train, context):
        train.interactions.item[:] = 0


@dataclass
class NoVersion(Fine):
    """Has a number where its version should be a text."""

    version: ClassVar[Any] = 3


@dataclass
class EmptyVersion(Fine):
    """Has no version."""

    version: ClassVar[str] = ""


IN_THE_KIT = {
    SeedsGlobally: ("leaves_the_process_alone", "Python's global random state, NumPy's global random state"),
    ChangesFolder: ("leaves_the_process_alone", "it changed the working folder"),
    ChangesEnvironment: ("leaves_the_process_alone", "it changed the environment"),
    HandlesSignals: ("leaves_the_process_alone", "it changed signal handlers"),
    LeavesAThread: ("leaves_the_process_alone", "the threads: one still runs"),
    PrintsMuch: ("prints_little", "it printed 100 MB; a log keeps 1 MB"),
    LeavesAChild: ("leaves_no_process", "it left 1 process running: "),
    ForksAndGoesOn: ("leaves_no_process", "it left 1 process running: "),
    EatsMemory: ("fit_returns_self", "Unable to allocate"),
    LoopsForEver: ("fit_returns_self", "stopped after 5 seconds"),
    ExitsWithZero: ("fit_returns_self", "it ended the process with code 0"),
    Crashes: ("fit_returns_self", "it was killed by SIGSEGV"),
    RaisesSystemExit: ("fit_returns_self", "SystemExit: 0 ("),
    RaisesKeyboardInterrupt: ("fit_returns_self", "KeyboardInterrupt: ("),
    ReadsTheFuture: ("reads_nothing_held_out", "it reads what it is not given"),
    ReversesCandidates: ("candidates_do_not_matter", "all items backwards as candidates"),
    WritesIntoItsInput: ("fit_returns_self", "read-only"),
    NoVersion: ("describes_itself", "version is no text such as '1'"),
    EmptyVersion: ("describes_itself", "version is no text such as '1'"),
}
"""By model: the check of the kit that catches it, and what it says. More are in ``test_models`` and its neighbours."""

IN_A_RUN = {
    "PrintsMuch": "",
    "LeavesAChild": "",
    "ChangesFolder": "",
    "ChangesEnvironment": "",
    "HandlesSignals": "",
    "LeavesAThread": "",
    "SeedsGlobally": "",
    "ReadsTheFuture": "",
    "EatsMemory": "Unable to allocate",
    "LoopsForEver": "stopped after 0.3 minutes",
    "FleesItsGroup": "stopped after 0.3 minutes",
    "ExitsWithZero": "the process ended early with code 0",
    "Crashes": "the process was killed by SIGSEGV",
    "RaisesSystemExit": "SystemExit: 0 (broken_plugins.py, line ",
    "RaisesKeyboardInterrupt": "KeyboardInterrupt: (broken_plugins.py, line ",
    "ReadsTheStore": "the model opened what it is judged by",
    "WrongShape": "score() returned shape",
    "WrongType": "score() returned <U",
    "WritesIntoItsInput": "read-only (broken_plugins.py, line ",
}
"""By model: how the reason of its cell begins or what it holds; "" where its own answer is right all the same."""

HERE = Path(__file__)

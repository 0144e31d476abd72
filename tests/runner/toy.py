"""A toy data set and models that misbehave in every way, used through ``./toy.py:Name``."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from benchsuite.api import Context, DataLocations, Model, Range, Reproducibility, Requirement, Source
from benchsuite.data import Dataset, Entities, Interactions
from benchsuite.errors import ConfigError


@dataclass
class Toy(Source):
    """Two tastes, forty users, thirty items, made on the spot."""

    users: int = 40
    licence = "public domain"

    def load(self, place: DataLocations) -> Dataset:
        rng = np.random.default_rng(0)
        taste = np.arange(self.users) % 2
        pairs = [
            (u, i) for u in range(self.users) for i in range(30) if rng.random() < (0.5 if i % 2 == taste[u] else 0.1)
        ]
        user, item = (np.array(column) for column in zip(*pairs, strict=True))
        rows = Interactions(user, item, np.ones(len(user)), None, np.arange(len(user)), np.zeros(len(user)), ("take",))
        place.say("toy data made")
        return Dataset(
            "toy",
            rows,
            Entities(tuple(f"u{j}" for j in range(self.users))),
            Entities(tuple(f"i{j}" for j in range(30))),
        )


@dataclass
class Counts(Model):
    """Popularity with a power; writes a mark each time it is fitted, so that a test can count."""

    power: Annotated[float, Range(0.1, 2.0)] = 1.0

    def fit(self, train: Dataset, context: Context) -> Counts:
        marks = os.environ.get("TOY_MARKS")
        if marks:
            with Path(marks).open("a") as file:
                file.write(f"{self.power}\n")
        self._score = np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.float32) ** self.power
        context.progress(1, 1, "done")
        return self

    def score(self, queries: Any, candidates: Any) -> Any:
        row = self._score if candidates is None else self._score[candidates]
        return np.tile(row, (len(queries), 1))

    def facts(self) -> dict[str, Any]:
        return {"parameters": len(self._score)}


@dataclass
class Raises(Counts):
    """Raises while it is fitted."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        print("so far so good")
        raise ValueError("two\nlines")


@dataclass
class Dies(Counts):
    """Is killed while it is fitted."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        os.kill(os.getpid(), signal.SIGKILL)
        return self


@dataclass
class Exits(Counts):
    """Leaves the interpreter."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        print("the last words", flush=True)
        os._exit(7)


@dataclass
class Sleeps(Counts):
    """Never comes back."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        time.sleep(600)
        return self


@dataclass
class Writes(Counts):
    """Writes into its input."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        train.interactions.item[0] = 0
        return self


def _flee() -> None:
    """Start a process in a session of its own whose parent ends at once."""
    code = "import os, subprocess, sys, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", code, os.environ["TOY_LATE"]]).wait()


@dataclass
class LeavesASession(Counts):
    """Leaves a process that has fled from parent, group and session."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        _flee()
        return super().fit(train, context)


@dataclass
class OrphanWithASession(Counts):
    """Leaves a process that has fled, then kills the process that forked it, as often as TOY_DEATHS says."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        if _deaths_left():
            _flee()
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        return super().fit(train, context)


@dataclass
class Unsteady(Counts):
    """Gives other digits each time, and says so."""

    reproducibility = Reproducibility.NONE

    def fit(self, train: Dataset, context: Context) -> Counts:
        super().fit(train, context)
        self._score = self._score + np.random.default_rng().random(len(self._score), np.float32) / 100
        return self


@dataclass
class UnsteadyUnsaid(Unsteady):
    """Gives other digits each time, and promises the same."""

    reproducibility = Reproducibility.SAME_THREADS


@dataclass
class Wants(Counts):
    """Wants what the data does not have."""

    needs = frozenset({Requirement.ITEM_TEXT, Requirement.LINKS})


@dataclass
class Told(Counts):
    """Tells how many numbers it learnt."""

    def parameter_count(self) -> int:
        return len(self._score)


@dataclass
class Shares(Counts):
    """Needs what takes a moment to make and is the same for all fits."""

    def fit(self, train: Dataset, context: Context) -> Shares:
        super().fit(train, context)

        def make() -> bytes:
            time.sleep(0.3)
            with Path(os.environ["TOY_MARKS"]).open("a") as file:
                file.write("made\n")
            return b"12"

        got = context.shared.get(
            "toy",
            {},
            make,
            write=lambda folder, value: (folder / "value").write_bytes(value) and None,
            read=lambda folder: (folder / "value").read_bytes(),
        )
        self._score *= float(got)
        return self


@dataclass
class Babbles(Counts):
    """Tells what is no number."""

    def parameter_count(self) -> Any:
        return "many"


def _deaths_left() -> int:
    """Return how many more fits shall die, as the file named by TOY_DEATHS says, and take one off."""
    file = Path(os.environ["TOY_DEATHS"])
    left = int(file.read_text())
    file.write_text(str(max(0, left - 1)))
    return left


@dataclass
class Mortal(Counts):
    """Is killed in its first fits, as often as TOY_DEATHS says."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        if _deaths_left():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(train, context)


@dataclass
class Orphan(Counts):
    """Kills the process that forked it in its first fits, as often as TOY_DEATHS says."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        if _deaths_left():
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        return super().fit(train, context)


@dataclass
class Tidies(Counts):
    """Deletes the folder for temporary files of the whole run."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        shutil.rmtree(Path(os.environ["TMPDIR"]).parent)
        return super().fit(train, context)


@dataclass
class Junk(Counts):
    """Writes what is no message into every pipe that it finds."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        for open_file in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(open_file.readlink()).startswith("pipe:"):
                    for line in JUNK:
                        os.write(int(open_file.name), line)
        return super().fit(train, context)


JUNK = (
    b"\n\xff\xfe not JSON\n",
    b"[]\n5\nnull\n{}\n" + b"[" * 5000 + b"\n",
    b'{"start": "no such cell"}\n{"start": 5}\n{"done": null}\n{"failed": []}\n{"fatal": 1}\n',
    b'{"phase": "fit"}\n{"phase": 7, "done": 1}\n{"phase": "fit", "done": NaN, "total": "many", "note": {}}\n',
    b'{"phase": "[/x]\\ud800", "done": -5, "total": 1e999, "note": "[bold]"}\n',
    b"x" * 60_000 + b"\n",
)


@dataclass
class Prints(Counts):
    """Prints three megabytes."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        print("the first words")
        for _ in range(30):
            print("x" * 100_000)
        print("the last words", flush=True)
        raise ValueError("a lone \ud800 and\tmuch more: " + "y" * 10_000)


@dataclass
class Threads(Counts):
    """Tells how many threads its libraries use."""

    def facts(self) -> dict[str, Any]:
        import threadpoolctl

        pools = {pool["internal_api"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
        told = {name: value for name, value in os.environ.items() if name.endswith(("_NUM_THREADS", "_DYNAMIC"))}
        return {"pools": pools, "told": told}


@dataclass
class Hoards(Counts):
    """Allocates two GiB."""

    def fit(self, train: Dataset, context: Context) -> Hoards:
        print("hoarding", flush=True)
        self._hoard = np.ones(2**28)
        return self


@dataclass
class OpensTheTruth(Counts):
    """Reads from the store what it is judged by, and takes no for an answer."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        for path in (Path(os.environ["TOY_STORE"]) / "truth").rglob("*.npy"):
            with contextlib.suppress(OSError):
                np.load(path)
        return super().fit(train, context)


@dataclass
class Interrupted(Counts):
    """Is stopped by the user while it is fitted."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        raise KeyboardInterrupt


@dataclass
class Waits(Counts):
    """Leaves a mark and waits until a test opens the gate."""

    def fit(self, train: Dataset, context: Context) -> Counts:
        gate = Path(os.environ["TOY_GATE"])
        (gate / f"begun-{os.getpid()}").touch()
        for _ in range(2400):
            if (gate / "open").exists():
                break
            time.sleep(0.05)
        return super().fit(train, context)


@dataclass
class Lacks(Counts):
    """Needs a package that is there once a file of its name lies beside the store."""

    def fit(self, train: Dataset, context: Context) -> Lacks:
        if not Path(os.environ["TOY_PACKAGES"], "six_legs").exists():
            raise ConfigError("Lacks needs the package six-legs, which is not installed", remedy="pip install six-legs")
        super().fit(train, context)
        return self

"""The other side of benchsuite's protocol for a model in another process. Copy this file beside your program.

It needs NumPy and nothing of benchsuite's. A whole program::

    from benchsuite_program import serve
    import numpy as np

    class Popular:
        def fit(self, fold):
            self.count = np.bincount(fold.train["item"], minlength=fold.items.size).astype(np.float32)

        def score(self, queries, candidates):
            return np.tile(self.count[candidates], (queries.size, 1))

    serve(Popular())

What is printed goes to the log. Whatever is raised ends the program, and its last line is the reason in the results.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

PROTOCOL = 1
_ORDER_WORDS = 2
"""The last words of the command line: what to do, and the folder; those before are the program's own."""


class ModelProgram(Protocol):
    """What a program brings."""

    def fit(self, fold: Fold) -> None:
        """Learn from the fold."""

    def score(self, queries: Queries, candidates: np.ndarray) -> np.ndarray:
        """Return float32[q, c], higher is better, NaN where the model abstains, for int32[c] item codes."""


class Table:
    """The users or the items: code j is row j of ``ids``, ``text``, ``columns`` and ``features``."""

    def __init__(self, folder: Path, name: str) -> None:
        told = json.loads((folder / f"{name}.json").read_text("utf-8"))
        self.ids: list[str] = told["ids"]
        self.text: list[str] | None = told["text"]
        self.columns: dict[str, list[str]] = told["columns"]
        self.feature_names: list[str] = told["feature_names"]
        path = folder / f"{name}_features.npy"
        self.features: np.ndarray | None = np.load(path) if path.exists() else None
        self.size = len(self.ids)


class Queries:
    """Who asks (``user``: int32[q] codes), when, and with which visible history, oldest event first."""

    def __init__(self, folder: Path) -> None:
        self.columns = arrays(folder)
        self.user = self.columns["user"]
        self.start = self.columns["start"]
        self.size = len(self.user)

    def __iter__(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield of each query the user's code and the item codes of its history."""
        for row in range(self.size):
            yield int(self.user[row]), self.history(row)

    def history(self, row: int, column: str = "item") -> np.ndarray:
        """Return a column (item, value, timestamp ...) of the history of one query."""
        part: np.ndarray = self.columns[column][self.start[row] : self.start[row + 1]]
        return part


class Fold:
    """What a model may see.

    Attributes:
        about: sizes, seed, threads, device and the like.
        options: the settings of this program.
        users: the table of users.
        items: the table of items.
        train: the columns of the training part by name: user, item, value, label, timestamp, behaviour.
        validation: the folder of the validation fold, or None.
    """

    def __init__(self, folder: Path, tell: TextIO) -> None:
        self.folder = folder
        self.about: dict[str, Any] = json.loads((folder / "about.json").read_text("utf-8"))
        self.options: dict[str, Any] = json.loads((folder / "options.json").read_text("utf-8"))
        self.users, self.items = Table(folder, "users"), Table(folder, "items")
        self.train = arrays(folder / "train")
        self.validation = folder / "validation" if (folder / "validation").is_dir() else None
        self._tell = tell

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Tell how far a long fit is."""
        print(f"@progress {done} {total} {' '.join(note.split())}", file=self._tell, flush=True)

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Tell versions and the like for the manifest; ``parameters`` is how many numbers were learnt."""
        (self.folder / "facts.json").write_text(json.dumps(dict(facts)), "utf-8")


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """Return the .npy files of a folder by name."""
    return {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}


def serve(model: ModelProgram) -> None:
    """Carry out orders until there are no more."""
    if len(sys.argv) <= _ORDER_WORDS or sys.argv[-_ORDER_WORDS] != "serve":
        sys.exit("this program is kept open: leave keep_open = true")
    folder = Path(sys.argv[-1]).absolute()
    orders = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what libraries print must not look like an answer
    print(f"@protocol {PROTOCOL}", file=answers, flush=True)
    fold: Fold | None = None
    for line in orders:
        word, _, block = line.strip().partition(" ")
        if word == "fit":
            fold = Fold(folder, answers)
            if fold.about["protocol"] != PROTOCOL:
                sys.exit(f"this program speaks protocol {PROTOCOL}, the folder is written in {fold.about['protocol']}")
            model.fit(fold)
        elif word == "score" and fold is not None:
            _answer(model, fold, folder / block)
        else:
            sys.exit(f"unknown order {line.strip()!r}")
        print("@done", file=answers, flush=True)


def _answer(model: ModelProgram, fold: Fold, block: Path) -> None:
    asked = block / "candidates.npy"
    candidates = np.load(asked) if asked.exists() else np.arange(fold.items.size, dtype=np.int32)
    np.save(block / "scores.npy", np.asarray(model.score(Queries(block), candidates), np.float32))

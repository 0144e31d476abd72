"""RecTools' models by the protocol for models in another process; runs in RecTools' environment."""

from __future__ import annotations

import os
import sys
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import rectools.models
from benchsuite_program import Fold, Queries, serve
from rectools.dataset import Dataset, IdMap, Interactions

READ_HISTORY = ("EASEModel", "ImplicitItemKNNWrapperModel", "SASRecModel", "BERT4RecModel", "HSTUModel")
"""Models that answer from the rows they are asked with; all others answer by what they learnt of a known user."""

MATRIX = READ_HISTORY[:2]
"""Those of them that multiply the matrix of the asking users with weights of all items."""

ROWS = 2**22
"""About how many rows of answers are held at a time."""


class RecTools:
    """A model, asked for a list of all candidates; it abstains where RecTools lists none."""

    def fit(self, fold: Fold) -> None:
        """Fit on the last row of each pair, with weight 1, as all implicit models here have it."""
        rows = fold.train
        when = rows.get("timestamp")
        order = np.arange(len(rows["item"])) if when is None else np.argsort(when, kind="stable")
        stamp = None if when is None else when[order]
        table = frame(rows["user"][order], rows["item"][order], stamp)
        items = np.unique(rows["item"])  # the model knows no others, and abstains there
        self.items = IdMap(items)
        self.size = fold.items.size
        seed = int(fold.about["seed"])
        self.model = model_of(fold.options, seed)
        self.data = self.dataset(table)
        self.model.fit(self.data)
        fold.write_facts({"rectools": version("RecTools"), "model": type(self.model).__name__})

    def dataset(self, table: pd.DataFrame) -> Any:
        """Return rows as RecTools wants them; items that the model does not know are left out."""
        known = table[table["item_id"].isin(self.items.external_ids)]
        users = IdMap(np.unique(known["user_id"]))
        return Dataset(users, self.items, Interactions.from_raw(known, users, self.items))

    def score(self, queries: Queries, candidates: np.ndarray) -> np.ndarray:
        """Ask for some queries at a time."""
        scores = np.full((queries.size, len(candidates)), np.nan, np.float32)
        allowed = candidates[np.isin(candidates, self.items.external_ids)]
        if not len(allowed):
            return scores
        column = np.full(self.size, -1)
        column[candidates] = np.arange(len(candidates))
        step = max(1, ROWS // len(allowed))
        for first in range(0, queries.size, step):
            rows = np.arange(first, min(first + step, queries.size))
            data, names = self._asked(queries, rows)
            there = rows[np.isin(names, data.user_id_map.external_ids)]
            if not len(there):
                continue
            asked = names[there - first]
            found = self.model.recommend(
                np.unique(asked),
                data,
                len(allowed),
                False,
                allowed,
                on_unsupported_targets="ignore",
            )
            block = np.full((int(names.max()) + 1, len(candidates)), np.nan, np.float32)
            block[found["user_id"].to_numpy(), column[found["item_id"].to_numpy()]] = found["score"].to_numpy()
            scores[there] = block[asked]
        return scores

    def _asked(self, queries: Queries, rows: np.ndarray) -> tuple[Any, np.ndarray]:
        """Return the data to ask with, and the name in it of each query: its own history, or the known user."""
        if type(self.model).__name__ not in READ_HISTORY:
            return self.data, queries.user[rows].astype(np.int64)
        start, end = queries.start[rows[0]], queries.start[rows[-1] + 1]
        owner = np.repeat(rows - rows[0], np.diff(queries.start[rows[0] : rows[-1] + 2]))
        item, stamp = queries.columns["item"][start:end], None
        if "timestamp" in queries.columns:
            stamp = queries.columns["timestamp"][start:end]
        if type(self.model).__name__ in MATRIX:
            # The matrix of the asking users has as many columns as their items need: one more user has the last item.
            owner, item = np.append(owner, len(rows)), np.append(item, self.items.external_ids[-1])
            stamp = None if stamp is None else np.append(stamp, 0)
        return self.dataset(frame(owner, item, stamp)), rows - rows[0]


def frame(user: np.ndarray, item: np.ndarray, stamp: np.ndarray | None) -> pd.DataFrame:
    """Return rows with weight 1, of each pair the last; their order is kept among equal times, by nanoseconds."""
    seconds = np.zeros(len(item), np.int64) if stamp is None else stamp.astype(np.int64)
    moment = pd.to_datetime(seconds * 10**9 + np.arange(len(item)))
    table = pd.DataFrame({"user_id": user, "item_id": item, "weight": 1.0, "datetime": moment})
    return table.drop_duplicates(["user_id", "item_id"], keep="last")


def model_of(options: dict[str, Any], seed: int) -> Any:
    """Return the model with a name, set up; the program ends with a line where there is none."""
    name = options["model"]
    found = getattr(rectools.models, name, None)
    if not isinstance(found, type) or not hasattr(found, "from_config"):
        sys.exit(f'RecTools has no model "{name}"')
    if name in READ_HISTORY[2:]:
        from pytorch_lightning import seed_everything

        seed_everything(seed, workers=True, verbose=False)
    try:
        return found.from_config(options["options"])
    except (TypeError, ValueError, NotImplementedError) as error:
        return sys.exit(f"{name}: {'; '.join(str(error).splitlines()[:3])}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    serve(RecTools())

"""An example of a model in another process: how often items were taken together with those of the history."""

from __future__ import annotations

import numpy as np
from benchsuite_program import Fold, Queries, serve


class Together:
    """Scores an item by how many users took it together with each item of the history; new items get NaN."""

    def fit(self, fold: Fold) -> None:
        """Count."""
        taken = np.zeros((fold.users.size, fold.items.size), np.float32)
        taken[fold.train["user"], fold.train["item"]] = 1
        damping = float(fold.options.get("damping", 0.0))
        count = taken.sum(axis=0)
        self.weight = taken.T @ taken / (np.sqrt(np.outer(count, count)) + damping + 1e-9)
        np.fill_diagonal(self.weight, 0)
        self.weight[:, count == 0] = np.nan
        fold.progress(1, 1, f"{fold.items.size} items")
        fold.write_facts({"parameters": int(np.count_nonzero(np.nan_to_num(self.weight))), "numpy": np.__version__})

    def score(self, queries: Queries, candidates: np.ndarray) -> np.ndarray:
        """Add up; a query without a history has nothing to go by."""
        scores = np.full((queries.size, len(candidates)), np.nan, np.float32)
        for row, (_, history) in enumerate(queries):
            if len(history):
                scores[row] = self.weight[np.unique(history)].sum(axis=0)[candidates]
        return scores


if __name__ == "__main__":
    serve(Together())

"""LensKit's scorers by the protocol for models in another process; runs in LensKit's environment."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

threads = os.environ.get("OMP_NUM_THREADS", "1")
for variable in ("LK_NUM_THREADS", "LK_NUM_BACKEND_THREADS", "RAYON_NUM_THREADS"):  # read when it is imported
    os.environ.setdefault(variable, threads)

import contextlib  # noqa: E402 - the variables come first
import dataclasses  # noqa: E402
import importlib  # noqa: E402
import inspect  # noqa: E402
from importlib.metadata import version  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from benchsuite_program import Fold, Queries, serve  # noqa: E402
from lenskit.data import ItemList, RecQuery, from_interactions_df  # noqa: E402
from lenskit.training import TrainingOptions  # noqa: E402

HOMES = (
    "knn",
    "knn.ease",
    "knn.slim",
    "als",
    "basic",
    "basic.popularity",
    "flexmf",
    "funksvd",
    "sklearn.svd",
    "sklearn.nmf",
)


class LensKit:
    """A scorer, asked for every candidate; it abstains where LensKit gives no score."""

    def fit(self, fold: Fold) -> None:
        """Train the scorer on the last row of each pair; values are ratings unless all are 1."""
        rows = fold.train
        self.rated = bool((rows["value"] != 1).any())
        columns = {"user_id": rows["user"], "item_id": rows["item"]}
        columns |= {"rating": rows["value"]} if self.rated else {}
        columns |= {"timestamp": rows["timestamp"]} if "timestamp" in rows else {}
        table = pd.DataFrame(columns)
        if "timestamp" in table:
            table = table.sort_values("timestamp", kind="stable")
        table = table.drop_duplicates(["user_id", "item_id"], keep="last")
        self.known = set(table["user_id"].tolist())
        self.scorer = scorer_of(fold.options)
        self.reads = "query" in inspect.signature(self.scorer.__call__).parameters  # popularity does not
        self.scorer.train(from_interactions_df(table), TrainingOptions(rng=fold.about["seed"]))
        fold.write_facts({"lenskit": version("lenskit"), "scorer": type(self.scorer).__name__})

    def score(self, queries: Queries, candidates: np.ndarray) -> np.ndarray:
        """Ask for one query at a time, as LensKit does."""
        scores = np.full((queries.size, len(candidates)), np.nan, np.float32)
        items = ItemList(item_ids=candidates)
        for row, (user, history) in enumerate(queries):
            last = len(history) - 1 - np.unique(history[::-1], return_index=True)[1]  # of each item its last event
            told: dict[str, Any] = {"rating": queries.history(row, "value")[last]} if self.rated else {}
            asked = RecQuery(
                user_id=user if user in self.known else None, history_items=ItemList(item_ids=history[last], **told)
            )
            found = self.scorer(items=items, **({"query": asked} if self.reads else {})).scores("numpy")
            scores[row] = np.nan if found is None else found
        return scores


def scorer_of(options: dict[str, Any]) -> Any:
    """Return the scorer with a name, set up; the program ends with a line where there is none."""
    name = options["model"]
    for home in HOMES:
        found = None
        with contextlib.suppress(ModuleNotFoundError):  # a part that needs a library besides
            found = getattr(importlib.import_module(f"lenskit.{home}"), name, None)
        if isinstance(found, type):
            try:
                scorer = found(**options["options"])
            except (TypeError, ValueError) as error:
                sys.exit(f"{name}: {'; '.join(str(error).splitlines()[:3])}")
            if unknown := set(options["options"]) - names_of(scorer.config):  # LensKit says nothing of these
                sys.exit(f'{name} has no setting "{min(unknown)}"; it has {", ".join(sorted(names_of(scorer.config)))}')
            return scorer
    return sys.exit(f'LensKit has no scorer "{name}"')


def names_of(config: Any) -> set[str]:
    """Return the names of a scorer's settings, the other spellings that LensKit takes included."""
    if config is None:
        return set()
    if dataclasses.is_dataclass(config):
        return {field.name for field in dataclasses.fields(config)}
    names = set(type(config).model_fields)
    for field in type(config).model_fields.values():
        other = field.validation_alias or field.alias
        names |= {str(one) for one in getattr(other, "choices", [other] if other else [])}
    return names


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(LensKit())

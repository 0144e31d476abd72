"""RecTools: its wrappers of implicit, its data set, its metrics.

With ``--fold-in`` its ALS solves each asking user anew, which it has no option for: the kept factors are replaced.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from common import LONGER, Clock, K, arguments, finish, longer_wanted, matrix
from learner import make_learner
from rectools.dataset import Dataset, IdMap, Interactions
from rectools.metrics import NDCG, Recall, calc_metrics
from rectools.models import ImplicitALSWrapperModel, ImplicitItemKNNWrapperModel
from threadpoolctl import threadpool_limits

arrays, name, out, threads = arguments()
moment = pd.Timestamp("2020-01-01")


def frame(part: str) -> pd.DataFrame:
    """Return the rows of a part as RecTools wants them."""
    columns = {"user_id": arrays[f"{part}_user"], "item_id": arrays[f"{part}_item"]}
    return pd.DataFrame(columns | {"weight": 1.0, "datetime": moment})


train, test = frame("train"), frame("test")
# Its own numbering is that of first appearance; with ours, ties and random starting points are those of everybody.
names = {"user": IdMap(np.arange(int(arrays["users"]))), "item": IdMap(np.arange(int(arrays["items"])))}
dataset = Dataset(names["user"], names["item"], Interactions.from_raw(train, names["user"], names["item"]))
users = np.unique(arrays["test_user"])
clock = Clock()
with threadpool_limits(1, "blas"):
    learner = make_learner(name, threads)
    model = (
        ImplicitItemKNNWrapperModel(learner)
        if name == "item-knn"
        else ImplicitALSWrapperModel(learner, recommend_n_threads=threads)
    )
    model.fit(dataset)
    clock.stage("fit")
    if "--fold-in" in sys.argv:
        everybody = np.arange(int(arrays["users"]))
        model.model.user_factors = model.model.recalculate_user(everybody, matrix(arrays, "train"))
    lists = model.recommend(users, dataset=dataset, k=K, filter_viewed=True)
    clock.stage("rank")
own = calc_metrics({"recall": Recall(k=K), "ndcg": NDCG(k=K, divide_by_achievable=True)}, lists, test)
clock.stage("metrics")


def dense(found: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return int[n, k] items (-1 where there are no more) and their scores."""
    item = np.full((len(users), k), -1)
    score = np.full((len(users), k), np.nan)
    place = np.searchsorted(users, found["user_id"]), found["rank"] - 1
    item[place], score[place] = found["item_id"], found["score"]
    return item, score


longer = None
if longer_wanted():
    with threadpool_limits(1, "blas"):
        longer = dense(model.recommend(users, dataset=dataset, k=LONGER, filter_viewed=True), LONGER)
finish("rectools", clock, (users, *dense(lists, K)), out, own, longer)

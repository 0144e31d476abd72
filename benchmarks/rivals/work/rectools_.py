"""RecTools: its wrappers of implicit, its data set, its metrics."""

from __future__ import annotations

import numpy as np
import pandas as pd
from common import ALPHA, FACTORS, ITERATIONS, NEIGHBOURS, REGULARIZATION, SEED, Clock, K, arguments, finish
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
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
    if name == "item-knn":
        model = ImplicitItemKNNWrapperModel(CosineRecommender(K=NEIGHBOURS, num_threads=threads))
    else:
        learner = AlternatingLeastSquares(
            factors=FACTORS,
            regularization=REGULARIZATION,
            alpha=ALPHA,
            iterations=ITERATIONS,
            num_threads=threads,
            random_state=SEED,
        )
        model = ImplicitALSWrapperModel(learner, recommend_n_threads=threads)
    model.fit(dataset)
    clock.stage("fit")
    lists = model.recommend(users, dataset=dataset, k=K, filter_viewed=True)
    clock.stage("rank")
own = calc_metrics({"recall": Recall(k=K), "ndcg": NDCG(k=K, divide_by_achievable=True)}, lists, test)
clock.stage("metrics")
item = np.full((len(users), K), -1)
score = np.full((len(users), K), np.nan)
place = np.searchsorted(users, lists["user_id"]), lists["rank"] - 1
item[place], score[place] = lists["item_id"], lists["score"]
finish("rectools", clock, (users, item, score), out, own)

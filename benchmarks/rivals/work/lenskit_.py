"""LensKit: its pipeline, its batch runner, its metrics."""

from __future__ import annotations

import numpy as np
import pandas as pd
from common import ALPHA, FACTORS, ITERATIONS, NEIGHBOURS, REGULARIZATION, Clock, K, arguments, finish
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import ItemListCollection, from_interactions_df
from lenskit.knn import ItemKNNScorer
from lenskit.metrics import NDCG, Recall, RunAnalysis
from lenskit.pipeline import topn_pipeline


def main() -> None:
    """Measure; LensKit starts processes that import this file again."""
    arrays, name, out, threads = arguments()
    train, test = (
        pd.DataFrame({"user_id": arrays[f"{part}_user"], "item_id": arrays[f"{part}_item"]})
        for part in ("train", "test")
    )
    dataset = from_interactions_df(train)
    users = np.unique(arrays["test_user"])
    clock = Clock()
    scorer = (
        ItemKNNScorer(max_nbrs=NEIGHBOURS, save_nbrs=NEIGHBOURS, feedback="implicit")
        if name == "item-knn"
        else ImplicitMFScorer(
            embedding_size=FACTORS, epochs=ITERATIONS, regularization=REGULARIZATION, weight=ALPHA, user_embeddings=True
        )
    )
    pipeline = topn_pipeline(scorer, n=K)
    pipeline.train(dataset)
    clock.stage("fit")
    lists = recommend(pipeline, users.tolist(), n=K, n_jobs=threads)
    clock.stage("rank")
    truth = ItemListCollection.from_df(test, ["user_id"])
    analysis = RunAnalysis()
    analysis.add_metric(NDCG(K))
    analysis.add_metric(Recall(K))
    summary = analysis.measure(lists, truth).list_summary()["mean"]
    clock.stage("metrics")
    own = {"ndcg": float(summary[f"NDCG@{K}"]), "recall": float(summary[f"Recall@{K}"])}
    item, score = np.full((len(users), K), -1), np.full((len(users), K), np.nan)
    for place, user in enumerate(users.tolist()):
        found = lists.lookup(user_id=user)
        if found is not None and len(found):
            item[place, : len(found)], score[place, : len(found)] = found.ids(), found.scores()
    finish("lenskit", clock, (users, item, score), out, own)


if __name__ == "__main__":
    main()

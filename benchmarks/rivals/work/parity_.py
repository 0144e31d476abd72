"""The best ten of LensKit or RecTools through the library's own functions, as its users call them.

Called with the folder of the arrays, the library, the model, its settings as JSON, the file for the lists, and ``own``
or ``codes``: whether RecTools numbers users and items in the order of appearance, as it does by itself, or by their
codes. Where more items are equally near than are kept as neighbours, the numbers decide which are.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

K = 10


def lenskit(user: np.ndarray, item: np.ndarray, model: str, settings: dict[str, Any]) -> pd.DataFrame:
    """Return user_id, item_id, score in the order of the lists."""
    import lenskit.knn
    from lenskit.batch import recommend
    from lenskit.data import from_interactions_df
    from lenskit.knn.ease import EASEScorer
    from lenskit.pipeline import topn_pipeline

    scorer = EASEScorer if model == "EASEScorer" else getattr(lenskit.knn, model)
    pipeline = topn_pipeline(scorer(**settings), n=K)
    pipeline.train(from_interactions_df(pd.DataFrame({"user_id": user, "item_id": item})))
    users = np.unique(user).tolist()
    lists = recommend(pipeline, users, n=K, n_jobs=1)
    found = []
    for one in users:
        part = lists.lookup(user_id=one)
        found.append(pd.DataFrame({"user_id": one, "item_id": part.ids(), "score": part.scores()}))
    return pd.concat(found)


def rectools(user: np.ndarray, item: np.ndarray, model: str, settings: dict[str, Any]) -> Any:
    """Return user_id, item_id, score in the order of the lists."""
    import rectools.models
    from rectools.dataset import Dataset, IdMap, Interactions

    moment = pd.Timestamp("2020-01-01")
    rows = pd.DataFrame({"user_id": user, "item_id": item, "weight": 1.0, "datetime": moment})
    if sys.argv[6] == "own":
        data = Dataset.construct(rows)
    else:
        names = IdMap(np.unique(user)), IdMap(np.unique(item))
        data = Dataset(*names, Interactions.from_raw(rows, *names))
    made = getattr(rectools.models, model).from_config(settings)
    made.fit(data)
    return made.recommend(np.unique(user), data, k=K, filter_viewed=True)


if __name__ == "__main__":
    folder, library, model, settings, out = sys.argv[1:6]
    user, item = (np.load(Path(folder) / f"{name}.npy") for name in ("user", "item"))
    lists = globals()[library](user, item, model, json.loads(settings))
    np.savez(out, **{name: lists[name].to_numpy() for name in ("user_id", "item_id", "score")})

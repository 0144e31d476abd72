"""Cornac: its data set and models, asked user by user, which is how its own evaluation asks.

It ranks ``--users`` people only (all by default): a whole catalogue takes it long.
"""

from __future__ import annotations

import sys

import numpy as np
from common import NEIGHBOURS, SEED, Clock, K, arguments, finish, matrix, plain_metrics
from cornac.data import Dataset
from cornac.models import ItemKNN

arrays, name, out, threads = arguments()
asked = int(sys.argv[sys.argv.index("--users") + 1]) if "--users" in sys.argv else 10**9
rows = zip(
    arrays["train_user"].tolist(), arrays["train_item"].tolist(), np.ones(len(arrays["train_user"])), strict=True
)
dataset = Dataset.build(rows, seed=SEED)
train, test = matrix(arrays, "train"), matrix(arrays, "test")
users = np.unique(arrays["test_user"])[:asked]
if name != "item-knn":
    raise SystemExit("Cornac has no ALS: its WMF learns by gradient steps and needs PyTorch or TensorFlow")
clock = Clock()
model = ItemKNN(k=NEIGHBOURS, similarity="cosine", num_threads=threads, verbose=False, seed=SEED)
model.fit(dataset)
clock.stage("fit")
item, score = np.full((len(users), K), -1), np.full((len(users), K), np.nan)
names = np.array(list(dataset.item_ids))
for place, user in enumerate(users.tolist()):
    ranked, scores = model.rank(dataset.uid_map[user])
    codes = names[ranked]
    seen = train.indices[train.indptr[user] : train.indptr[user + 1]]
    open_ = ~np.isin(codes, seen)
    item[place], score[place] = codes[open_][:K], scores[ranked][open_][:K]
clock.stage("rank")
own = plain_metrics(item, users, test)
clock.stage("metrics")
finish("cornac", clock, (users, item, score), out, own)

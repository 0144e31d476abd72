"""Calls implicit directly, with vectorised metrics: the least that anybody who uses it must spend."""

from __future__ import annotations

import sys

import numpy as np
from common import LONGER, Clock, K, arguments, finish, longer_wanted, matrix, plain_metrics
from learner import make_learner
from threadpoolctl import threadpool_limits

arrays, name, out, threads = arguments()
train, test = matrix(arrays, "train"), matrix(arrays, "test")
users = np.unique(arrays["test_user"])
history = train[users]
clock = Clock()
with threadpool_limits(1, "blas"):
    model = make_learner(name, threads)
    model.fit(train, show_progress=False)
    clock.stage("fit")
    # Only als can solve anew for each asking user; that is what our harness asks of every model.
    more = {"recalculate_user": True} if "--fold-in" in sys.argv else {}
    item, score = model.recommend(users, history, N=K, filter_already_liked_items=True, **more)
    clock.stage("rank")
found = plain_metrics(item, users, test)
clock.stage("metrics")
longer = None
if longer_wanted():
    with threadpool_limits(1, "blas"):
        longer = model.recommend(users, history, N=LONGER, filter_already_liked_items=True, **more)
finish("implicit", clock, (users, item, score), out, found, longer)

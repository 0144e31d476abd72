from __future__ import annotations

import numpy as np
import pytest

from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate.topk_prefilter import finalists, use_prefilter

ROWS, WIDTH = 60, 700


def plain(scores, blocked, k):
    """Return the k best open columns of one row that has a score for them, ties to the smaller column."""
    open_columns = [c for c in range(len(scores)) if c not in blocked and not np.isnan(scores[c])]
    return sorted(open_columns, key=lambda c: (-scores[c], c))[:k]


def made(kind, seed):
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(ROWS, WIDTH)).astype(np.float32)
    if kind == "ties":
        scores = np.round(scores * 20) / 20
    if kind == "gaps":
        scores[generator.random(scores.shape) < 0.9] = np.nan
        scores[3] = np.nan
    if kind == "constant":
        scores[:] = 1
    blocked = [
        set(generator.choice(WIDTH, generator.integers(0, WIDTH if row % 7 == 0 else 40), replace=False).tolist())
        for row in range(ROWS)
    ]
    return scores.astype(np.float32), blocked


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("k", [1, 7, 40])
@pytest.mark.parametrize("kind", ["smooth", "ties", "gaps", "constant"])
def test_settled_rows_are_exact(kind, k, threads, monkeypatch):
    monkeypatch.setattr("benchsuite.evaluate.topk_prefilter._CHUNK_BYTES", 4 * WIDTH * 9)
    scores, blocked = made(kind, k)
    assert use_prefilter(WIDTH, k)
    row = np.array([r for r in range(ROWS) for _ in blocked[r]])
    column = np.array([c for r in range(ROWS) for c in blocked[r]])
    before = scores.copy()

    found = finalists(scores, k, row, column, threads)

    np.testing.assert_array_equal(scores, before)
    for r in np.flatnonzero(found.settled):
        assert found.column[r].tolist() == plain(scores[r], blocked[r], k)
        assert found.score[r].tolist() == scores[r, found.column[r]].tolist()
        longer = scores[r, plain(scores[r], blocked[r], k + 1)]
        assert found.tie_left_out[r] == (len(longer) > k and longer[k] == longer[k - 1])
    if kind == "smooth":
        assert found.settled.mean() > 0.8
    if kind == "constant":
        assert not found.settled.any()


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("closed", [False, True])
def test_infinite_scores_are_refused_wherever_they_are(value, closed):
    scores = np.random.default_rng(0).normal(size=(5, WIDTH)).astype(np.float32)
    scores[4, 699] = value
    cells = np.array([4] if closed else [], np.int64)
    with pytest.raises(BenchsuiteError, match="infinite"):
        finalists(scores, 5, cells, np.full(len(cells), 699))


def test_lists_that_are_long_beside_the_catalogue_are_not_worth_it():
    assert not use_prefilter(100, 50)
    assert not use_prefilter(100, 0)
    assert use_prefilter(40_000, 100)

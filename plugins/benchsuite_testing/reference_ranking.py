"""A second, plain implementation of the ranking, which a model's own ``recommend`` is compared with."""

from __future__ import annotations

import numpy as np

from benchsuite.api import TopK
from benchsuite.checks import AllowedItems, check_top
from benchsuite.data import Float32, Int32, Ragged
from benchsuite_testing.outcome import contract, require


def best(scores: Float32, blocked: Int32, candidates: Int32 | None, k: int) -> list[int]:
    """Return the best k codes of one query, given float32[items] scores of the whole catalogue."""
    allowed = range(len(scores)) if candidates is None else candidates.tolist()
    taken = set(blocked.tolist())
    open_ = [code for code in allowed if code not in taken and not np.isnan(scores[code])]
    return sorted(open_, key=lambda code: (-float(scores[code]), code))[:k]


def compare_lists(top: TopK, scores: Float32, blocked: Ragged, candidates: Int32 | None, k: int) -> None:
    """Require that lists equal a ranking of the scores.

    Two items may be swapped only when their scores differ by no more than rounding. Of equal scores, the smaller code
    comes first.
    """
    rows = len(scores)
    with contract():
        check_top(top, k, AllowedItems(scores.shape[1], candidates, blocked))
    require(top.item.dtype == np.int32 and top.score.dtype == np.float32, "recommend: int32 items and float32 scores")
    rounding = 1e-4 * float(np.nanmax(np.abs(scores), initial=0.0, where=~np.isnan(scores)))
    for row in range(rows):
        wanted = best(scores[row], blocked[row], candidates, k)
        given = [int(code) for code in top.item[row] if code >= 0]
        where = f"recommend({k=}), query {row}"
        require(len(given) == len(wanted), f"{where}: {len(given)} items instead of {len(wanted)}")
        for place, (got, right) in enumerate(zip(given, wanted, strict=True)):
            gap = abs(float(scores[row, got]) - float(scores[row, right]))
            require(got == right or 0 < gap <= rounding, f"{where}: place {place + 1} holds {got} instead of {right}")
            told = abs(float(top.score[row, place]) - float(scores[row, got]))
            require(told <= rounding, f"{where}: the score beside item {got} is not what score() says")

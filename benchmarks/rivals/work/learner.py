"""implicit's models with the settings that all contenders share; for environments that have implicit."""

from __future__ import annotations

from typing import Any

from common import ALPHA, FACTORS, ITERATIONS, NEIGHBOURS, REGULARIZATION, SEED
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender


def make_learner(name: str, threads: int) -> Any:
    """Return the unfitted ``item-knn`` or ``als``."""
    if name == "item-knn":
        return CosineRecommender(K=NEIGHBOURS, num_threads=threads)
    return AlternatingLeastSquares(
        factors=FACTORS,
        regularization=REGULARIZATION,
        alpha=ALPHA,
        iterations=ITERATIONS,
        num_threads=threads,
        random_state=SEED,
    )

"""Fitted models as folders: written whole or not at all, opened again, and asked for recommendations."""

from benchsuite.saved.folder import (
    Origin,
    Saved,
    check_savable,
    check_target,
    open_folder,
    with_unknown_user,
    write_folder,
)
from benchsuite.saved.model_card import Benchmark
from benchsuite.saved.recommending import Reason, RecommendedItem, find_id, find_title, recommend

__all__ = [
    "Benchmark",
    "Origin",
    "Reason",
    "RecommendedItem",
    "Saved",
    "check_savable",
    "check_target",
    "find_id",
    "find_title",
    "open_folder",
    "recommend",
    "with_unknown_user",
    "write_folder",
]

"""Fitted models as folders: written whole or not at all, opened again, and asked."""

from benchsuite.saved.folder import Origin, Saved, check_target, open_folder, ready, savable, write_folder
from benchsuite.saved.model_card import Benchmark
from benchsuite.saved.recommending import Reason, RecommendedItem, find_id, find_title, recommend

__all__ = [
    "Benchmark",
    "Origin",
    "Reason",
    "RecommendedItem",
    "Saved",
    "check_target",
    "find_id",
    "find_title",
    "open_folder",
    "ready",
    "recommend",
    "savable",
    "write_folder",
]

"""Fitted models as folders: written whole or not at all, opened again, and asked."""

from benchsuite.saved.answer import Answer, Reason, find_id, find_title, recommend
from benchsuite.saved.card import Benchmark
from benchsuite.saved.folder import Origin, Saved, check_target, open_folder, ready, savable, write_folder

__all__ = [
    "Answer",
    "Benchmark",
    "Origin",
    "Reason",
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

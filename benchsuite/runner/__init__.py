"""Does the work of an experiment: data and folds once, then each job in a process of its own."""

from benchsuite.runner.folds import prepare
from benchsuite.runner.pool import Options, Outcome
from benchsuite.runner.work import run

__all__ = ["Options", "Outcome", "prepare", "run"]

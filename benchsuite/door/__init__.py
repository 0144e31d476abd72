"""The door for Python: what ``import benchsuite`` offers to notebooks and scripts."""

from benchsuite.door.experiment import Experiment
from benchsuite.door.results import Results
from benchsuite.door.work import load, run

__all__ = ["Experiment", "Results", "load", "run"]

"""What to do: an experiment as its author wrote it, and the plan of every cell it means."""

from benchsuite.plan.cells import Cell, Plan, make_plan, retarget
from benchsuite.plan.experiment import Choice, Experiment, bundled, read_experiment

__all__ = ["Cell", "Choice", "Experiment", "Plan", "bundled", "make_plan", "read_experiment", "retarget"]

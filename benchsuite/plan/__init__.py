"""What to do: an experiment as its author wrote it, and the plan of every cell it means."""

from benchsuite.plan.cells import Cell, Plan, PlanRow, make_plan, retarget
from benchsuite.plan.experiment import Choice, Experiment, bundled, read_experiment
from benchsuite.plan.picks import pick_all

__all__ = [
    "Cell",
    "Choice",
    "Experiment",
    "Plan",
    "PlanRow",
    "bundled",
    "make_plan",
    "pick_all",
    "read_experiment",
    "retarget",
]

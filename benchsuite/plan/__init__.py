"""Experiments as their authors wrote them, and plans: every cell that an experiment means."""

from benchsuite.plan.cells import Cell, Plan, PlanRow, make_plan, with_settings, without_folder
from benchsuite.plan.experiment_file import Experiment, PluginSpec, bundled, read_experiment
from benchsuite.plan.resolve import resolve_all

__all__ = [
    "Cell",
    "Experiment",
    "Plan",
    "PlanRow",
    "PluginSpec",
    "bundled",
    "make_plan",
    "read_experiment",
    "resolve_all",
    "with_settings",
    "without_folder",
]

"""Analyses stored results: measures cells, averages folds and seeds, tests differences, and returns a comparison."""

from benchsuite.analysis.comparison_builder import build
from benchsuite.analysis.kept_plans import kept_plan, latest_plan, plan_key, remember_plan

__all__ = ["build", "kept_plan", "latest_plan", "plan_key", "remember_plan"]

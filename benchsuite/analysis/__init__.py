"""Analyses stored results: measures cells, averages folds and seeds, tests differences, and returns a comparison."""

from benchsuite.analysis.comparison_builder import build
from benchsuite.analysis.kept_plans import kept_plan, latest_plan, plan_key, remember_plan
from benchsuite.analysis.readiness import get_ready

__all__ = ["build", "get_ready", "kept_plan", "latest_plan", "plan_key", "remember_plan"]
